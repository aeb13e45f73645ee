//! Writing journal and store anew while the host works, so that the disk holds what there is and nothing of what there was:
//! the journal keeps every change ever made, and sled gives no space back.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::backup;
use super::beside::Beside;
use super::open::{self, Parts};
use super::vault::Vault;
use super::writer::Snapshot;

/// What a block of a file counts for, whatever the file system's own blocks are.
const BLOCK: u64 = 512;

/// What writing everything anew gave back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes on the disk before.
    pub before: u64,
    /// Bytes on the disk now.
    pub after: u64,
}

/// Where connections lie, and what encrypts them there.
pub(super) struct Home {
    place: PathBuf,
    vault: Arc<Vault>,
}

impl Home {
    pub(super) fn new(place: PathBuf, vault: Arc<Vault>) -> Self {
        Self { place, vault }
    }

    pub(super) fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault)
    }

    /// Writes everything beside what is there, and opens it to see that it is whole.
    pub(super) fn prepare(&self, snapshot: &Snapshot) -> anyhow::Result<Beside> {
        let beside = Beside::make(&self.place)?;
        backup::write(beside.path(), &self.vault, snapshot)?;
        let Parts { truth, .. } = open::open_parts(beside.path())?;
        match (truth.rows().count(), snapshot.connections.len() + snapshot.hooks.len()) {
            (written, expected) if written != expected => bail!("{written} of {expected} definitions were written"),
            _ => Ok(beside),
        }
    }

    /// Opens what is in place.
    pub(super) fn reopen(&self) -> anyhow::Result<Parts> {
        open::open_parts(&self.place)
    }

    /// The bytes that it has on the disk.
    pub(super) fn size(&self) -> anyhow::Result<u64> {
        size(&self.place).with_context(|| format!("cannot look into {}", self.place.display()))
    }
}

fn size(directory: &Path) -> io::Result<u64> {
    fs::read_dir(directory)?
        .map(|entry| {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() { size(&entry.path()) } else { Ok(metadata.blocks() * BLOCK) }
        })
        .sum()
}
