//! The data directory: one process at a time, and what stands in it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A data directory that this process holds; dropping it lets the next one in.
///
/// The operating system gives the lock back when a process dies however it dies, so there is never a stale one.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug)]
pub enum OpenError {
    /// There is no such directory, and it was not to be made.
    Missing(PathBuf),
    /// Another process holds it.
    InUse(PathBuf),
    /// It is not a directory, or not ours to write in.
    Unusable(PathBuf, io::Error),
}

impl DataDirectory {
    /// Takes an existing directory.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(OpenError::Missing(path.to_owned()))
            }
            Err(error) => Err(OpenError::Unusable(path.to_owned(), error)),
            Ok(_) => Self::lock(path),
        }
    }

    /// Takes a directory, making it (readable by its owner only) where it is missing.
    pub fn create(path: &Path) -> Result<Self, OpenError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| OpenError::Unusable(path.to_owned(), error))?;
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, OpenError> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("LOCK"))
            .map_err(|error| OpenError::Unusable(path.to_owned(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: file,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Unusable(path.to_owned(), error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The unix socket of the server that holds the directory at `path`.
    pub fn control_socket(path: &Path) -> PathBuf {
        path.join("control.sock")
    }
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "there is no data directory at {}", path.display()),
            Self::InUse(path) => write!(
                f,
                "the data directory {} is in use by another process",
                path.display()
            ),
            Self::Unusable(path, error) => write!(
                f,
                "cannot use the data directory {}: {error}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_told_that_the_directory_is_in_use() {
        let directory = tempfile::tempdir().unwrap();
        let held = DataDirectory::open(directory.path()).unwrap();
        assert!(matches!(
            DataDirectory::open(directory.path()),
            Err(OpenError::InUse(_))
        ));
        drop(held);
        DataDirectory::open(directory.path()).unwrap();
    }

    #[test]
    fn a_missing_directory_is_made_only_when_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/data");
        assert!(matches!(
            DataDirectory::open(&path),
            Err(OpenError::Missing(_))
        ));
        assert_eq!(DataDirectory::create(&path).unwrap().path(), path);
    }

    #[test]
    fn a_file_in_its_place_is_unusable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            DataDirectory::open(file.path()),
            Err(OpenError::Unusable(..))
        ));
        assert!(matches!(
            DataDirectory::create(file.path()),
            Err(OpenError::Unusable(..))
        ));
    }
}
