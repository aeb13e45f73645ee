//! Whether anything in a service directory has changed since it was last read.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How deep a service directory is looked into; Make's layouts need four levels.
const DEPTH: usize = 5;

/// Directories in which nothing that is served stands.
const PASSED_OVER: [&str; 4] = ["samples", "target", "node_modules", ".git"];

/// What tells one state of a directory from another without reading it: each file's length, time and identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    own: Vec<State>,
    /// Files that count although they stand elsewhere.
    others: Vec<State>,
}

type State = (PathBuf, u64, i64, i64, u64);

impl Fingerprint {
    /// The state of a directory now. What cannot be read is left out: reading it says why.
    pub(super) fn of(directory: &Path) -> Self {
        let mut fingerprint = Self::default();
        fingerprint.walk(directory, DEPTH);
        fingerprint.own.sort_unstable();
        fingerprint
    }

    /// Adds one more file that counts, wherever it stands.
    pub(super) fn with_file(mut self, path: Option<&Path>) -> Self {
        if let Some((path, metadata)) = path.and_then(|path| Some((path, fs::metadata(path).ok()?))) {
            self.others.push(state(path.to_owned(), &metadata));
        }
        self
    }

    /// Whether there is no file at all in the directory.
    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    fn walk(&mut self, directory: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            // Not the entry's own metadata: a link counts as what it leads to.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_file() {
                self.own.push(state(path, &metadata));
            } else if metadata.is_dir() && depth > 0 && !is_passed_over(&path) {
                self.walk(&path, depth - 1);
            }
        }
    }
}

fn state(path: PathBuf, metadata: &Metadata) -> State {
    (path, metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino())
}

fn is_passed_over(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| PASSED_OVER.contains(&name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_put_in_the_place_of_another_shows_even_at_the_same_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("webhook.json");
        fs::write(&path, "{}").unwrap();
        let before = Fingerprint::of(directory.path());
        assert_eq!(before, Fingerprint::of(directory.path()));
        fs::write(directory.path().join("new"), "[]").unwrap();
        fs::rename(directory.path().join("new"), &path).unwrap();
        assert_ne!(before, Fingerprint::of(directory.path()));
    }

    #[test]
    fn a_file_beside_the_directory_counts_and_does_not_fill_it() {
        let directory = tempfile::tempdir().unwrap();
        let beside = tempfile::NamedTempFile::new().unwrap();
        let of = || Fingerprint::of(directory.path()).with_file(Some(beside.path()));
        let before = of();
        assert!(before.is_empty());
        fs::write(beside.path(), "changed").unwrap();
        assert_ne!(before, of());
    }

    #[test]
    fn samples_do_not_count() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("samples/one")).unwrap();
        fs::write(directory.path().join("samples/one/request.http"), "").unwrap();
        assert!(Fingerprint::of(directory.path()).is_empty());
    }
}
