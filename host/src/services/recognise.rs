//! Whether a directory that somebody names is a service, or a root with services in it.

use std::path::Path;

use super::files::ServiceFiles;
use super::{common, load, makecomapp, specs, zip_export};

/// The files that only a service directory has.
const MARKS: [&str; 6] = [specs::ONLY, load::PLUGIN, common::FILE, makecomapp::MARKER, zip_export::MARKER, zip_export::BASE];

/// How many names are looked at before a directory is taken for a root.
const NAMES: usize = 1_000;

/// Whether a directory is meant as a service, even a broken one: it has a file that only services have, or files and no
/// directory that could be a service. Whoever serves is told which directories are roots; whoever checks is not.
pub(crate) fn is_service(directory: &Path) -> bool {
    let Ok(files) = ServiceFiles::open(directory) else { return true };
    let marked = MARKS.iter().any(|mark| files.has(mark));
    marked || has_specs(&files) || has_files_only(&files)
}

/// A `webhooks` directory is one of specs, unless it is itself a service of that name.
fn has_specs(files: &ServiceFiles) -> bool {
    files.has_directory(specs::SEVERAL) && !MARKS.iter().any(|mark| files.has(&format!("{}/{mark}", specs::SEVERAL)))
}

fn has_files_only(files: &ServiceFiles) -> bool {
    let Ok(names) = files.names("", NAMES) else { return false };
    let samples = Path::new("samples");
    names.iter().any(|name| name != samples) && !names.iter().any(|name| name != samples && files.has_directory(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_root_is_told_from_a_service_even_if_it_is_broken() {
        let table: [(&[&str], bool); 11] = [
            (&["webhook.json"], true),
            (&["webhooks/a.json"], true),
            (&["webhok.json"], true),
            (&["webhok.json", "samples/one/request.http"], true),
            (&["base.imljson", "webhooks/shop/api.imljson"], true),
            (&["common.json", "src/lib.rs"], true),
            (&["samples/one/request.http"], false),
            (&["slack/webhook.json", "README.md"], false),
            (&["slack/webhok.json"], false),
            (&["webhooks/webhook.json"], false),
            (&[], false),
        ];
        for (paths, expected) in table {
            let root = tempfile::tempdir().unwrap();
            for path in paths {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            assert_eq!(is_service(root.path()), expected, "{paths:?}");
        }
    }
}
