//! A directory that is written beside another and then takes its place in one step of the file system: whenever that is
//! interrupted, one of both is whole and in place.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};

/// The directory beside another.
pub(super) struct Beside {
    place: PathBuf,
    path: PathBuf,
}

impl Beside {
    /// An empty one.
    pub(super) fn make(place: &Path) -> anyhow::Result<Self> {
        remove_leftover(place).context("cannot remove what was left behind")?;
        let path = path(place);
        DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { place: place.to_owned(), path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the other's place and removes that. Everything in it must be on disk.
    pub(super) fn take_place(self) -> anyhow::Result<()> {
        renameat_with(CWD, &self.path, CWD, &self.place, RenameFlags::EXCHANGE)
            .with_context(|| format!("cannot put {} in the place of {}", self.path.display(), self.place.display()))?;
        sync_parent(&self.place)?;
        remove_leftover(&self.place).context("cannot remove what was there before")
    }
}

/// Removes what was left behind: what was being written when that was interrupted, or what had been replaced.
pub(super) fn remove_leftover(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path(place)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_parent(place),
    }
}

fn path(place: &Path) -> PathBuf {
    place.with_extension("new")
}

fn sync_parent(place: &Path) -> io::Result<()> {
    place.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
