//! The directory that holds all of a host's data: its layout, its format, and the lock that makes it ours alone.

pub(crate) mod unfinished;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, process};

/// What `FORMAT` says. Another text means another version of hookwright, whose files we must not touch.
const FORMAT: &str = "hookwright-data 1\n";

/// The name of the file that says it.
pub(crate) const FORMAT_FILE: &str = "FORMAT";
/// The name of the file with what is kept of tokens.
pub(crate) const TOKENS_FILE: &str = "tokens.json";

/// An opened data directory. Clones share the lock; it is given back when the last one is dropped.
#[derive(Debug, Clone)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: Arc<File>,
}

impl DataDirectory {
    /// Opens the directory, or makes it, and takes its lock.
    ///
    /// Local disks only: on network file systems neither the lock nor `fsync` promise what the journal needs.
    pub fn open(path: &Path) -> Result<Self, DataDirectoryError> {
        let error = |cause| DataDirectoryError::new(path, cause);
        make(path).map_err(|e| error(Cause::from(e)))?;
        if unfinished::is_marked(path) {
            return Err(error(Cause::Unfinished));
        }
        let lock = lock(&path.join("LOCK")).map_err(error)?;
        check_format(&path.join(FORMAT_FILE)).map_err(error)?;
        let directory = Self { path: path.to_owned(), _lock: Arc::new(lock) };
        for part in [directory.events(), directory.deliveries(), directory.connections()] {
            make(&part).map_err(|e| error(Cause::from(e)))?;
        }
        File::open(path).and_then(|opened| opened.sync_all()).map_err(|e| error(Cause::Io(e)))?;
        Ok(directory)
    }

    /// Opens a directory that is there already and takes its lock.
    pub fn open_existing(path: &Path) -> Result<Self, DataDirectoryError> {
        if path.is_dir() {
            return Self::open(path);
        }
        Err(DataDirectoryError::new(path, Cause::Missing))
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the event journal lies.
    pub(crate) fn events(&self) -> PathBuf {
        self.path.join("journal/events")
    }

    /// Where the delivery log lies.
    pub(crate) fn deliveries(&self) -> PathBuf {
        self.path.join("journal/deliveries")
    }

    /// Where connections and hooks lie.
    pub(crate) fn connections(&self) -> PathBuf {
        self.path.join("connections")
    }
}

/// Makes a directory that only its owner can look into: what senders sent lies there, and secrets.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn lock(path: &Path) -> Result<File, Cause> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Cause::InUse(owner(&mut file))),
        Err(TryLockError::Error(error)) => return Err(Cause::Io(error)),
    }
    file.set_len(0)?;
    writeln!(file, "{}", process::id())?;
    Ok(file)
}

/// The process that holds the lock, as it wrote itself down.
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn check_format(path: &Path) -> Result<(), Cause> {
    match fs::read_to_string(path) {
        Ok(found) if found == FORMAT => Ok(()),
        Ok(found) => Err(Cause::Format(found.trim().chars().take(80).collect())),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(write_durably(path, FORMAT)?),
        Err(error) => Err(error.into()),
    }
}

/// Writes a small file so that it is there whole or not at all.
pub(crate) fn write_durably(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = File::create(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Why a data directory cannot be used.
#[derive(Debug)]
pub struct DataDirectoryError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Missing,
    InUse(Option<u32>),
    NotWritable(io::Error),
    Format(String),
    Unfinished,
    Io(io::Error),
}

impl DataDirectoryError {
    fn new(path: &Path, cause: Cause) -> Self {
        Self { path: path.to_owned(), cause }
    }

    /// Whether there is no such directory.
    pub fn is_missing(&self) -> bool {
        matches!(self.cause, Cause::Missing)
    }

    /// Whether another process has the directory: a running server, which can be asked instead.
    pub fn is_in_use(&self) -> bool {
        matches!(self.cause, Cause::InUse(_))
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NotWritable(error),
            _ => Self::Io(error),
        }
    }
}

impl fmt::Display for DataDirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data directory {}: ", self.path.display())?;
        match &self.cause {
            Cause::Missing => f.write_str("there is no such directory"),
            Cause::InUse(Some(pid)) => write!(f, "in use by another process (pid {pid})"),
            Cause::InUse(None) => f.write_str("in use by another process"),
            Cause::NotWritable(error) => write!(f, "not writable: {error}"),
            Cause::Format(found) => write!(f, "its FORMAT is \"{found}\", this hookwright reads \"{}\"", FORMAT.trim()),
            Cause::Unfinished => f.write_str(unfinished::ADVICE),
            Cause::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DataDirectoryError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_second_open_is_refused_with_the_owners_pid() {
        let root = tempfile::tempdir().unwrap();
        let first = DataDirectory::open(root.path()).unwrap();
        let error = DataDirectory::open(root.path()).unwrap_err();
        assert!(error.is_in_use());
        let expected = format!("data directory {}: in use by another process (pid {})", root.path().display(), process::id());
        assert_eq!(error.to_string(), expected);
        drop(first);
        DataDirectory::open(root.path()).unwrap();
    }

    #[test]
    fn a_clone_keeps_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let clone = DataDirectory::open(root.path()).unwrap().clone();
        assert!(DataDirectory::open(root.path()).is_err());
        drop(clone);
    }

    #[test]
    fn another_format_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        drop(DataDirectory::open(root.path()).unwrap());
        fs::write(root.path().join("FORMAT"), "hookwright-data 9\n").unwrap();
        let error = DataDirectory::open(root.path()).unwrap_err().to_string();
        assert!(error.ends_with("its FORMAT is \"hookwright-data 9\", this hookwright reads \"hookwright-data 1\""), "{error}");
    }

    #[test]
    fn what_a_command_has_not_finished_is_refused_and_left_alone_until_it_is() {
        let root = tempfile::tempdir().unwrap();
        unfinished::mark(root.path()).unwrap();
        let error = DataDirectory::open(root.path()).unwrap_err().to_string();
        assert!(error.ends_with("if that was interrupted, remove the directory and run it again"), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        unfinished::unmark(root.path()).unwrap();
        DataDirectory::open(root.path()).unwrap();
    }

    #[test]
    fn a_path_that_is_a_file_is_a_clear_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataDirectory::open(file.path()).unwrap_err();
        assert!(!error.is_in_use());
        assert!(error.to_string().starts_with(&format!("data directory {}: ", file.path().display())));
    }

    #[test]
    fn a_directory_that_may_not_be_written_says_so() {
        let denied = Cause::from(io::Error::from(io::ErrorKind::PermissionDenied));
        let error = DataDirectoryError::new(Path::new("/data"), denied).to_string();
        assert_eq!(error, "data directory /data: not writable: permission denied");
    }
}
