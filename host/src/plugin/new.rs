//! A plugin to begin with: what `hookwright plugin new` writes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The files, by their path in the crate; `NAME` and `SDK` stand for what they say.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", "/target\n*.wasm\n"),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("services/NAME/webhook.json", include_str!("template/webhook.json.txt")),
    ("services/NAME/samples/accepted/request.http", include_str!("template/request.http.txt")),
    ("services/NAME/samples/accepted/reply.http", include_str!("template/reply.http.txt")),
    ("services/NAME/samples/accepted/bundles.json", include_str!("template/bundles.json.txt")),
];

/// Writes a crate and its service directory into `directory`, whose last part is the name of both.
/// They build, pass their tests and run as they are. `sdk` is the directory of `hookwright-sdk`;
/// where it is not given it is looked for here and above.
pub fn create(directory: &Path, sdk: Option<&Path>) -> Result<()> {
    let name = directory.file_name().and_then(|name| name.to_str()).context("the path ends in no name")?;
    ensure!(is_name(name), "`{name}` is no name for a service: it begins with a letter and has [a-z0-9-] only");
    ensure!(!directory.exists(), "{} is there already", directory.display());
    let sdk = sdk.map_or_else(find_sdk, |sdk| Ok(sdk.to_owned()))?;
    ensure!(sdk.join("Cargo.toml").is_file(), "{} is not hookwright-sdk", sdk.display());
    let sdk = sdk.canonicalize()?;
    let filled = |text: &str| text.replace("NAME", name).replace("SDK", &sdk.display().to_string());
    for (path, content) in FILES {
        let path = directory.join(filled(path));
        fs::create_dir_all(path.parent().expect("every file is in the crate"))?;
        fs::write(&path, filled(content)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// A service's name that is a crate's name too.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-')
}

/// The sdk of the checkout that the current directory is in.
fn find_sdk() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let is_sdk =
        |sdk: &PathBuf| fs::read_to_string(sdk.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("name = \"hookwright-sdk\""));
    let found = here.ancestors().map(|directory| directory.join("sdk")).find(is_sdk);
    found.context("hookwright-sdk is not here; say where it is with --sdk")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sdk() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk")
    }

    #[test]
    fn only_a_new_directory_with_a_name_for_a_service_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |name: &str| create(&directory.path().join(name), Some(&sdk())).unwrap_err().to_string();
        assert!(refused("Cards").contains("no name for a service"));
        assert!(refused("9cards").contains("no name for a service"));
        create(&directory.path().join("cards"), Some(&sdk())).unwrap();
        assert!(refused("cards").contains("is there already"));
    }

    #[test]
    fn an_sdk_that_is_none_is_noticed_before_anything_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let cards = directory.path().join("cards");
        assert!(create(&cards, Some(directory.path())).is_err());
        assert!(!cards.exists());
    }
}
