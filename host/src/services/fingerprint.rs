//! Whether anything that is read of a service directory has changed since it was last read.

use std::path::{Path, PathBuf};

use super::files::{FileId, FileState, ServiceFiles, operators_state};
use super::{common, load, makecomapp, specs, zip_export};

/// The files that are read of a service directory, besides those in [`specs::SEVERAL`]. What else stands in it is not
/// even listed, however much it is.
const FILES: [&str; 7] =
    [specs::ONLY, specs::SEVERAL, common::FILE, load::PLUGIN, makecomapp::MARKER, zip_export::MARKER, zip_export::BASE];

/// What may stand in a directory that is no service yet; `webhooks` while it is empty.
const NOT_YET: [&str; 5] = ["samples", "target", "node_modules", ".git", specs::SEVERAL];

/// What tells one state of a service from another without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    directory: Option<FileId>,
    own: Vec<(PathBuf, FileState)>,
    is_empty: bool,
    /// Files that count although they stand elsewhere.
    others: Vec<(PathBuf, FileState)>,
}

impl Fingerprint {
    /// The state of a directory now. What cannot be read is left out: reading it says why.
    pub(super) fn of(files: &ServiceFiles) -> Self {
        let state = |name: PathBuf| files.state(&name).ok().map(|state| (name, state));
        let mut own: Vec<_> = FILES.into_iter().filter_map(|name| state(name.into())).collect();
        let several = own.iter().any(|(name, state)| name == Path::new(specs::SEVERAL) && state.is_directory());
        if several {
            let names = files.names(specs::SEVERAL, specs::ENTRIES).unwrap_or_default();
            own.extend(names.into_iter().filter_map(|name| state(Path::new(specs::SEVERAL).join(name))));
        }
        let is_empty = own.iter().all(|(name, _)| name == Path::new(specs::SEVERAL)) && is_empty(files);
        Self { directory: files.id().ok(), own, is_empty, others: Vec::new() }
    }

    /// Adds one more file that counts, wherever it stands.
    pub(super) fn with_file(mut self, path: Option<&Path>) -> Self {
        self.others.extend(path.and_then(|path| Some((path.to_owned(), operators_state(path)?))));
        self
    }

    /// Whether there is nothing in the directory that a service could be made of.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Whether a name of a file that is read is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.own.iter().any(|(own, _)| own == Path::new(name))
    }
}

/// Whether nothing stands in a directory but what is passed over.
fn is_empty(files: &ServiceFiles) -> bool {
    let passed_over = |name: &PathBuf| NOT_YET.iter().any(|known| name == Path::new(known)) && files.has_directory(name);
    let nothing = |directory: &str| files.names(directory, 0).is_ok();
    files.names("", NOT_YET.len()).is_ok_and(|names| names.iter().all(passed_over))
        && (!files.has(specs::SEVERAL) || nothing(specs::SEVERAL))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn of(directory: &Path) -> Fingerprint {
        Fingerprint::of(&ServiceFiles::open(directory).unwrap())
    }

    #[test]
    fn a_file_put_in_the_place_of_another_shows_even_at_the_same_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("webhook.json");
        fs::write(&path, "{}").unwrap();
        let before = of(directory.path());
        assert_eq!(before, of(directory.path()));
        fs::write(directory.path().join("new"), "[]").unwrap();
        fs::rename(directory.path().join("new"), &path).unwrap();
        assert_ne!(before, of(directory.path()));
    }

    #[test]
    fn a_file_beside_the_directory_counts_and_does_not_fill_it() {
        let directory = tempfile::tempdir().unwrap();
        let beside = tempfile::NamedTempFile::new().unwrap();
        let of = || of(directory.path()).with_file(Some(beside.path()));
        let before = of();
        assert!(before.is_empty());
        fs::write(beside.path(), "changed").unwrap();
        assert_ne!(before, of());
    }

    #[test]
    fn samples_and_an_empty_directory_for_specs_do_not_make_a_service() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("samples/one")).unwrap();
        fs::write(directory.path().join("samples/one/request.http"), "").unwrap();
        fs::create_dir(directory.path().join("webhooks")).unwrap();
        assert!(of(directory.path()).is_empty());
        fs::write(directory.path().join("webhooks/a.json"), "").unwrap();
        assert!(!of(directory.path()).is_empty());
    }

    #[test]
    fn a_misspelt_name_and_what_is_no_regular_file_fill_a_directory() {
        for name in ["webhok.json", "README"] {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join(name), "").unwrap();
            assert!(!of(directory.path()).is_empty(), "{name}");
        }
        let directory = tempfile::tempdir().unwrap();
        symlink("nowhere", directory.path().join("webhook.json")).unwrap();
        assert!(!of(directory.path()).is_empty());
    }

    #[test]
    fn links_out_of_the_directory_and_into_loops_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        symlink("/", directory.path().join("webhooks")).unwrap();
        for loops in 0..20 {
            symlink(".", directory.path().join(format!("loop{loops}"))).unwrap();
        }
        let fingerprint = of(directory.path());
        assert_eq!(fingerprint.own.len(), 1);
        assert!(!fingerprint.is_empty());
    }

    #[test]
    fn a_link_inside_counts_as_what_it_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        for version in ["one", "two"] {
            fs::create_dir(directory.path().join(version)).unwrap();
            fs::write(directory.path().join(version).join("webhook.json"), "{}").unwrap();
        }
        symlink("..data/webhook.json", directory.path().join("webhook.json")).unwrap();
        symlink("one", directory.path().join("..data")).unwrap();
        let before = of(directory.path());
        symlink("two", directory.path().join("..new")).unwrap();
        fs::rename(directory.path().join("..new"), directory.path().join("..data")).unwrap();
        assert_ne!(before, of(directory.path()));
    }
}
