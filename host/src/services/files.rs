//! The files of a service directory: opened once, regular files only, none outside the directory, none larger than its limit.
//!
//! Whoever writes a service directory chooses what its names lead to: a named pipe, `/dev/zero`, the secrets of another
//! service. So every file of a service directory is read through [`ServiceFiles`]. Links that end inside the directory are
//! followed, absolute ones too (`ln -s "$PWD/v2.json" webhook.json`), which `openat2(RESOLVE_BENEATH)` would refuse; it is
//! also missing on other systems and in many containers.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

/// Bytes of a spec.
pub(crate) const SPEC_BYTES: u64 = 1 << 20;
/// Bytes of a `common.json`.
pub(crate) const COMMON_BYTES: u64 = 1 << 20;
/// Bytes of each file of a sample.
pub(crate) const SAMPLE_BYTES: u64 = 64 << 20;
/// Bytes of the operator's file with the secrets of all services.
pub(crate) const SECRETS_BYTES: u64 = 16 << 20;

/// A service directory, opened.
pub(crate) struct ServiceFiles {
    /// The directory as it was named: diagnostics show this.
    path: PathBuf,
    /// Where it stands, without links. The directory itself may be a link.
    real: PathBuf,
    handle: OwnedFd,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileState {
    /// Which file it is.
    pub(crate) id: FileId,
    /// Its type and permission bits.
    pub(crate) mode: u32,
    length: i64,
    modified: (i64, u64),
    /// Also moves when the permissions change.
    changed: (i64, u64),
}

/// The identity of a file, whatever names lead to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

/// A file that was read.
pub(crate) struct Read {
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
    /// The file when it was opened.
    pub(crate) state: FileState,
}

/// Why a file was not read. Displays as the end of a sentence that begins with the file's name.
#[derive(Debug)]
pub(crate) enum FileError {
    /// There is nothing of this name.
    Missing,
    /// It is a link, and nothing is where it leads.
    Dangling,
    /// It leads out of the service's directory.
    Outside,
    /// It is something else than what was asked for: what it is, and what was asked for.
    Other(&'static str, &'static str),
    /// It is larger than its limit, both in bytes.
    TooLarge {
        /// How large it is, at least.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A directory has more entries than its limit.
    TooMany(usize),
    /// The system says no.
    Io(io::Error),
}

impl ServiceFiles {
    /// Opens a directory, through links if need be.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let real = fs::canonicalize(path)?;
        let handle = rustix::fs::open(&real, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
        Ok(Self { path: path.to_owned(), real, handle })
    }

    /// The directory as it was named.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which directory it is.
    pub(crate) fn id(&self) -> io::Result<FileId> {
        Ok(FileState::of(&fstat(&self.handle)?).id)
    }

    /// Reads a whole file of at most `limit` bytes.
    pub(crate) fn read(&self, name: impl AsRef<Path>, limit: u64) -> Result<Read, FileError> {
        read(self.open_as(name.as_ref(), FileType::RegularFile)?, limit)
    }

    /// The names in a directory below this one, in order, of which there may be `most`; `""` is the directory itself.
    pub(crate) fn names(&self, directory: &str, most: usize) -> Result<Vec<PathBuf>, FileError> {
        let directory = match directory {
            "" => openat(&self.handle, ".", OPEN | OFlags::DIRECTORY, Mode::empty())?,
            _ => self.open_as(Path::new(directory), FileType::Directory)?,
        };
        let entries = Dir::new(directory)?.map(|entry| entry.map(|entry| PathBuf::from(OsStr::from_bytes(entry.file_name().to_bytes()))));
        let entries = entries.filter(|entry| !entry.as_ref().is_ok_and(|name| name.as_os_str() == "." || name.as_os_str() == ".."));
        let mut names = entries.take(most + 1).collect::<Result<Vec<_>, _>>()?;
        if names.len() > most {
            return Err(FileError::TooMany(most));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The state of what a name leads to; of a link that leads out of the directory, or nowhere, the link's own.
    pub(crate) fn state(&self, name: impl AsRef<Path>) -> Result<FileState, FileError> {
        let name = name.as_ref();
        let own = statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(own.st_mode) != FileType::Symlink {
            return Ok(FileState::of(&own));
        }
        let target = self.resolve(name).and_then(|target| Ok(statat(&self.handle, target, AtFlags::SYMLINK_NOFOLLOW)?));
        Ok(FileState::of(&target.unwrap_or(own)))
    }

    /// Whether a name is there, whatever it leads to.
    pub(crate) fn has(&self, name: &str) -> bool {
        statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Whether a name leads to a directory inside this one.
    pub(crate) fn has_directory(&self, name: impl AsRef<Path>) -> bool {
        self.state(name).is_ok_and(|state| state.is_directory())
    }

    /// Opens what a name leads to, if it is inside the directory and of this type.
    fn open_as(&self, name: &Path, wanted: FileType) -> Result<OwnedFd, FileError> {
        let inside = self.resolve(name)?;
        if inside.as_os_str().is_empty() {
            return Err(FileError::Other(ITSELF, called(wanted)));
        }
        // Before it is opened: opening a pipe or a device is noticed at its other end.
        expect(FileType::from_raw_mode(statat(&self.handle, &inside, AtFlags::SYMLINK_NOFOLLOW)?.st_mode), wanted)?;
        let opened = descend(&self.handle, &inside)?;
        expect(FileType::from_raw_mode(fstat(&opened)?.st_mode), wanted)?;
        Ok(opened)
    }

    /// Where a name leads, as a path below the directory without any link in it.
    fn resolve(&self, name: &Path) -> Result<PathBuf, FileError> {
        let target = fs::canonicalize(self.real.join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if self.real.join(name).is_symlink() => FileError::Dangling,
            _ => FileError::from(error),
        })?;
        target.strip_prefix(&self.real).map(Path::to_owned).map_err(|_| FileError::Outside)
    }
}

/// What a link to `.` leads to.
const ITSELF: &str = "the service's directory itself";

/// How everything is opened: without waiting for a writer, and never through a link.
const OPEN: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// Opens a path without links one name after the other, so that a link put there meanwhile is refused and not followed.
fn descend(directory: &OwnedFd, path: &Path) -> Result<OwnedFd, FileError> {
    let mut opened: Option<OwnedFd> = None;
    for name in path.components() {
        let Component::Normal(name) = name else { return Err(FileError::Outside) };
        let parent = opened.as_ref().map_or(directory.as_fd(), AsFd::as_fd);
        opened = Some(openat(parent, name, OPEN, Mode::empty())?);
    }
    opened.ok_or(FileError::Other(ITSELF, "in it"))
}

/// Reads a regular file that stands outside of service directories, the operator's own. Links to it are followed.
pub(crate) fn read_operators(path: &Path, limit: u64) -> Result<Read, FileError> {
    expect(FileType::from_raw_mode(rustix::fs::stat(path)?.st_mode), FileType::RegularFile)?;
    let opened = rustix::fs::open(path, OPEN.difference(OFlags::NOFOLLOW), Mode::empty())?;
    expect(FileType::from_raw_mode(fstat(&opened)?.st_mode), FileType::RegularFile)?;
    read(opened, limit)
}

/// The state of a file that stands outside of service directories; `None` where there is none.
pub(crate) fn operators_state(path: &Path) -> Option<FileState> {
    rustix::fs::stat(path).ok().map(|stat| FileState::of(&stat))
}

fn read(file: OwnedFd, limit: u64) -> Result<Read, FileError> {
    let state = FileState::of(&fstat(&file)?);
    let fits = |size: u64| if size > limit { Err(FileError::TooLarge { size, limit }) } else { Ok(()) };
    fits(u64::try_from(state.length).unwrap_or_default())?;
    let mut bytes = Vec::new();
    File::from(file).take(limit + 1).read_to_end(&mut bytes)?;
    // It may have grown meanwhile.
    fits(bytes.len() as u64)?;
    Ok(Read { bytes, state })
}

fn expect(found: FileType, wanted: FileType) -> Result<(), FileError> {
    if found == wanted { Ok(()) } else { Err(FileError::Other(called(found), called(wanted))) }
}

fn called(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "of an unknown type",
    }
}

impl FileState {
    // The fields have other types on other systems.
    #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::useless_conversion, clippy::unnecessary_cast)]
    fn of(stat: &Stat) -> Self {
        Self {
            id: FileId { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
            mode: stat.st_mode as u32,
            length: stat.st_size as i64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }

    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::Directory
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::Io(error) }
    }
}

impl From<Errno> for FileError {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not there"),
            Self::Dangling => f.write_str("is a link to something that is not there"),
            Self::Outside => f.write_str("is a link that leads out of the service's directory"),
            Self::Other(found, wanted) => write!(f, "is {found}, not {wanted}"),
            Self::TooLarge { size, limit } => write!(f, "has {size} bytes, and at most {limit} are read"),
            Self::TooMany(limit) => write!(f, "has more than {limit} entries"),
            Self::Io(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    /// A service directory beside a file that is none of its business.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir_all(root.path().join("service/inner")).unwrap();
            fs::write(root.path().join("service/own"), "own").unwrap();
            fs::write(root.path().join("service/inner/deep"), "deep").unwrap();
            fs::write(root.path().join("secret"), "secret").unwrap();
            Self(root)
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join("service").join(path)
        }

        fn read(&self, name: &str) -> Result<String, String> {
            let read = ServiceFiles::open(&self.at("")).unwrap().read(name, 6);
            read.map(|read| String::from_utf8(read.bytes).unwrap()).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn links_that_end_inside_the_directory_are_followed_and_all_others_refused() {
        let place = Place::new();
        let absolute = place.at("own");
        let table = [
            ("own", "inside"),
            ("inner/deep", "inside"),
            ("./inner/../own", "inside"),
            (absolute.to_str().unwrap(), "inside"),
            ("../secret", "is a link that leads out of the service's directory"),
            ("inner/../../secret", "is a link that leads out of the service's directory"),
            ("/dev/zero", "is a link that leads out of the service's directory"),
            ("..", "is a link that leads out of the service's directory"),
            (".", "is the service's directory itself, not a regular file"),
            ("nothing", "is a link to something that is not there"),
            ("link", "cannot be read: Too many levels of symbolic links"),
        ];
        for (target, expected) in table {
            let _ = fs::remove_file(place.at("link"));
            symlink(target, place.at("link")).unwrap();
            let read = place.read("link").map_or_else(|error| error, |_| "inside".to_owned());
            assert!(read.starts_with(expected), "{target}: {read}");
        }
    }

    #[test]
    fn a_linked_directory_on_the_way_is_followed_inside_and_refused_outside() {
        let place = Place::new();
        symlink("inner", place.at("data")).unwrap();
        symlink("..", place.at("up")).unwrap();
        assert_eq!(place.read("data/deep").unwrap(), "deep");
        assert!(place.read("up/secret").unwrap_err().contains("leads out"));
        assert!(place.read("up/service/own").is_ok(), "it comes back");
        let files = ServiceFiles::open(&place.at("")).unwrap();
        assert!(matches!(files.names("up", 9), Err(FileError::Outside)));
        assert!(!files.has_directory("up"));
    }

    #[test]
    fn the_directory_itself_may_be_a_link() {
        let place = Place::new();
        let link = place.0.path().join("link");
        symlink("service", &link).unwrap();
        let files = ServiceFiles::open(&link).unwrap();
        assert_eq!(files.read("own", 6).unwrap().bytes, b"own");
        assert_eq!(files.path(), link);
    }

    #[test]
    fn what_is_no_regular_file_is_named_and_never_opened() {
        let place = Place::new();
        mkfifoat(CWD, place.at("pipe"), Mode::RWXU).unwrap();
        let _socket = UnixListener::bind(place.at("socket")).unwrap();
        assert_eq!(place.read("pipe").unwrap_err(), "is a named pipe, not a regular file");
        assert_eq!(place.read("socket").unwrap_err(), "is a socket, not a regular file");
        assert_eq!(place.read("inner").unwrap_err(), "is a directory, not a regular file");
        assert_eq!(place.read("nothing").unwrap_err(), "is not there");
        assert_eq!(read_operators(&place.at("pipe"), 6).map(|_| ()).unwrap_err().to_string(), "is a named pipe, not a regular file");
    }

    #[test]
    fn a_file_is_refused_for_its_size_before_it_is_read() {
        let place = Place::new();
        fs::write(place.at("fits"), "123456").unwrap();
        File::create(place.at("sparse")).unwrap().set_len(20 << 30).unwrap();
        assert_eq!(place.read("fits").unwrap(), "123456");
        assert_eq!(place.read("sparse").unwrap_err(), "has 21474836480 bytes, and at most 6 are read");
        assert!(matches!(read_operators(&place.at("sparse"), 6), Err(FileError::TooLarge { limit: 6, .. })));
    }

    #[test]
    fn a_link_put_in_the_place_of_a_directory_that_was_judged_is_not_followed() {
        let place = Place::new();
        let files = ServiceFiles::open(&place.at("")).unwrap();
        let judged = files.resolve(Path::new("inner/deep")).unwrap();
        fs::rename(place.at("inner"), place.at("moved")).unwrap();
        fs::write(place.0.path().join("deep"), "secret").unwrap();
        symlink("..", place.at("inner")).unwrap();
        assert!(descend(&files.handle, &judged).is_err());
    }

    #[test]
    fn a_directory_is_listed_up_to_its_limit() {
        let place = Place::new();
        let files = ServiceFiles::open(&place.at("")).unwrap();
        assert_eq!(files.names("", 2).unwrap(), [Path::new("inner"), Path::new("own")]);
        assert!(matches!(files.names("", 1), Err(FileError::TooMany(1))));
    }
}
