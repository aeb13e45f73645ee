//! The key that connections and hooks are encrypted with, in a file of its owner's alone.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// More than any file with a key has.
const FILE_BYTES: u64 = 1024;

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; KEY_BYTES]);

/// Why there is no key.
#[derive(Debug)]
pub struct KeyError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    /// Its permission bits.
    OthersCanRead(u32),
    NotAKey,
}

impl Key {
    /// Reads a key from a file that nobody but its owner can read: 32 bytes in base64 or in hexadecimal.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let error = |cause| KeyError { path: path.to_owned(), cause };
        let file = File::open(path).map_err(|e| error(Cause::Io(e)))?;
        let mode = file.metadata().map_err(|e| error(Cause::Io(e)))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(error(Cause::OthersCanRead(mode)));
        }
        let mut text = String::new();
        file.take(FILE_BYTES).read_to_string(&mut text).map_err(|e| error(Cause::Io(e)))?;
        Self::parse(text.trim()).ok_or_else(|| error(Cause::NotAKey))
    }

    /// Makes a new key in a new file.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let key = Self::random();
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            writeln!(file, "{}", STANDARD.encode(key.0))?;
            file.sync_all()
        };
        write().map_err(|e| KeyError { path: path.to_owned(), cause: Cause::Io(e) })?;
        Ok(key)
    }

    /// A new key, from the operating system's random source.
    pub(crate) fn random() -> Self {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).expect("the operating system has a random source");
        Self(key)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = if text.len() == 2 * KEY_BYTES { hex::decode(text).ok() } else { STANDARD.decode(text).ok() };
        Some(Self(bytes?.try_into().ok()?))
    }
}

/// Without the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "there is no key file {path}; `hookwright keys new {path}` makes one")
            }
            Cause::Io(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                write!(f, "{path} is there already, and is left as it is: what is encrypted with its key cannot be read without it")
            }
            Cause::Io(error) => write!(f, "the key file {path}: {error}"),
            Cause::OthersCanRead(mode) => {
                write!(f, "the key file {path} can be used by others than its owner (mode {mode:o}); `chmod 600 {path}` ends that")
            }
            Cause::NotAKey => write!(f, "there is no key in {path}: it has to be {KEY_BYTES} bytes in base64 or in hexadecimal"),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(content: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (root, path)
    }

    #[test]
    fn a_new_key_is_its_owners_alone_and_reads_back() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key");
        let key = Key::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Key::read(&path).unwrap(), key);
        assert!(Key::create(&path).unwrap_err().to_string().contains("is left as it is"));
        assert_eq!(Key::read(&path).unwrap(), key);
    }

    #[test]
    fn a_key_is_read_in_base64_and_in_hexadecimal() {
        let (_root, hexadecimal) = file(&"0a".repeat(32), 0o600);
        let (_other, base64) = file(&format!(" {}\n", STANDARD.encode([10; 32])), 0o400);
        assert_eq!(Key::read(&hexadecimal).unwrap(), Key::read(&base64).unwrap());
    }

    #[test]
    fn what_is_no_key_or_is_not_kept_as_one_is_refused_with_the_way_out() {
        let message = |content: &str, mode| {
            let (_root, path) = file(content, mode);
            Key::read(&path).unwrap_err().to_string()
        };
        let (_root, readable) = file(&"0a".repeat(32), 0o640);
        let others = Key::read(&readable).unwrap_err().to_string();
        assert!(others.contains("(mode 640); `chmod 600 "), "{others}");
        for (content, mode) in [("", 0o600), ("secret", 0o600), (&*"0a".repeat(31), 0o600), (&*"zz".repeat(32), 0o600)] {
            assert!(message(content, mode).contains("there is no key in"), "{content}");
        }
        assert!(Key::read(Path::new("/nowhere/key")).unwrap_err().to_string().contains("`hookwright keys new /nowhere/key`"));
    }
}
