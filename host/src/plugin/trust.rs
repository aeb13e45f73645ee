//! The operator's list of the plugins that may be loaded, by the SHA-256 digests of their files.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::contract::LoadError;

/// The SHA-256 of a plugin's file in hexadecimal, as `sha256sum` prints it.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether the list in `file` has this digest. It is read each time, so that a plugin may be trusted while the host runs;
/// a list that cannot be read or understood trusts nobody.
///
/// A line is a digest; what follows it after a space (a file's name, as `sha256sum` writes it) is for people, and so is
/// what follows a `#`.
pub(super) fn check(file: &Path, digest: &str) -> Result<(), LoadError> {
    let unusable = |reason: String| LoadError::Trust(format!("{}: {reason}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let mut trusted = false;
    for (index, line) in text.lines().enumerate() {
        let Some(listed) = listed(line) else { continue };
        if !is_digest(listed) {
            return Err(unusable(format!("line {} is not a SHA-256 digest", index + 1)));
        }
        trusted |= listed.eq_ignore_ascii_case(digest);
    }
    if trusted { Ok(()) } else { Err(LoadError::NotTrusted { digest: digest.to_owned(), list: file.to_owned() }) }
}

/// The first word of a line, without what is for people.
fn listed(line: &str) -> Option<&str> {
    line.split('#').next().and_then(|line| line.split_whitespace().next())
}

fn is_digest(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn checked(list: &str) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), list).unwrap();
        check(file.path(), &digest(b"")).map_err(|error| error.to_string().replace(&file.path().display().to_string(), "LIST"))
    }

    #[test]
    fn a_listed_digest_is_trusted_however_it_is_written_down() {
        assert_eq!(digest(b""), EMPTY);
        for list in [EMPTY.to_owned(), format!("# ours\n\n{}  slack/plugin.wasm # reviewed\n", EMPTY.to_uppercase())] {
            assert_eq!(checked(&list), Ok(()), "{list}");
        }
    }

    #[test]
    fn another_is_refused_by_its_digest() {
        let refused = format!("the plugin is not trusted: its SHA-256 digest {EMPTY} is not in LIST");
        assert_eq!(checked(""), Err(refused.clone()));
        assert_eq!(checked(&format!("# {EMPTY}")), Err(refused));
    }

    #[test]
    fn a_list_that_is_not_understood_or_not_there_trusts_nobody() {
        let broken = checked(&format!("{EMPTY}\ne3b0\n")).unwrap_err();
        assert_eq!(broken, "the list of trusted plugins cannot be used: LIST: line 2 is not a SHA-256 digest");
        assert!(check(Path::new("does/not/exist"), EMPTY).is_err());
    }
}
