//! What a log asks of the file system when it writes: one small seam, so that tests can make a disk fail.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::{fmt, io};

/// The writing half of a file system. Reading goes past it: a failing read needs no seam to be tested.
pub(crate) trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Creates (or empties) a file and reserves `reserve` bytes for it without changing its length.
    fn create(&self, path: &Path, reserve: u64) -> io::Result<File>;
    /// Writes all of `bytes` at `offset`.
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts `file` off at `length`, and gives back what is reserved behind it.
    fn cut(&self, file: &File, length: u64) -> io::Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when what was written to `file` is on the device (`fdatasync`).
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Returns when the names in `directory` are on the device (`fsync`).
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
    /// How much room the file system of `directory` has.
    fn space(&self, directory: &Path) -> io::Result<Space>;
}

/// The room of a file system, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space {
    pub(crate) free: u64,
    pub(crate) total: u64,
}

impl Space {
    /// What a log leaves free for everybody else: 5 %, but no more than 1 GiB.
    pub(crate) fn reserve(self) -> u64 {
        (self.total / 20).min(1 << 30)
    }
}

/// The operating system's own file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, path: &Path, reserve: u64) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        reserve_blocks(&file, reserve)?;
        Ok(file)
    }

    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        let stat = rustix::fs::statvfs(directory)?;
        Ok(Space { free: stat.f_bavail * stat.f_frsize, total: stat.f_blocks * stat.f_frsize })
    }
}

/// Reserves blocks behind the end of a file: appends then change less metadata (1.2 to 1.5 times as fast), and a full
/// disk shows when a segment is created, not in the middle of a commit. A file system that cannot is no reason to stop.
#[cfg(target_os = "linux")]
pub(crate) fn reserve_blocks(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes.max(1)) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn reserve_blocks(_file: &File, _bytes: u64) -> io::Result<()> {
    Ok(())
}

/// A disk that fails when a test says so.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod failing {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What a [`FailingDisk`] does next.
    #[derive(Debug, Clone, Copy, Default)]
    pub(crate) struct Faults {
        /// `create` fails with ENOSPC.
        pub(crate) no_space_to_create: bool,
        /// `write` stores only this many bytes, then fails with ENOSPC.
        pub(crate) short_write: Option<usize>,
        /// `sync` fails with EIO.
        pub(crate) sync_fails: bool,
        /// `cut` fails with EIO.
        pub(crate) cut_fails: bool,
        /// What `space` answers instead of the truth.
        pub(crate) space: Option<Space>,
    }

    /// The local disk with faults that can be switched while a log is using it.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct FailingDisk(Arc<Mutex<Faults>>);

    impl FailingDisk {
        pub(crate) fn set(&self, faults: Faults) {
            *self.0.lock().unwrap() = faults;
        }

        fn faults(&self) -> Faults {
            *self.0.lock().unwrap()
        }
    }

    impl Disk for FailingDisk {
        fn create(&self, path: &Path, reserve: u64) -> io::Result<File> {
            if self.faults().no_space_to_create {
                return Err(rustix::io::Errno::NOSPC.into());
            }
            LocalDisk.create(path, reserve)
        }

        fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
            let Some(stored) = self.faults().short_write else {
                return LocalDisk.write(file, bytes, offset);
            };
            LocalDisk.write(file, &bytes[..stored.min(bytes.len())], offset)?;
            Err(rustix::io::Errno::NOSPC.into())
        }

        fn cut(&self, file: &File, length: u64) -> io::Result<()> {
            if self.faults().cut_fails {
                return Err(rustix::io::Errno::IO.into());
            }
            LocalDisk.cut(file, length)
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            LocalDisk.rename(from, to)
        }

        fn remove(&self, path: &Path) -> io::Result<()> {
            LocalDisk.remove(path)
        }

        fn sync(&self, file: &File) -> io::Result<()> {
            if self.faults().sync_fails {
                return Err(rustix::io::Errno::IO.into());
            }
            LocalDisk.sync(file)
        }

        fn sync_directory(&self, directory: &Path) -> io::Result<()> {
            LocalDisk.sync_directory(directory)
        }

        fn space(&self, directory: &Path) -> io::Result<Space> {
            self.faults().space.map_or_else(|| LocalDisk.space(directory), Ok)
        }
    }
}
