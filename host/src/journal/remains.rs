//! What segments of events leave behind that make room before their delivery ids are forgotten: these ids, so that a repeat is told
//! from a new event after a restart, too.
//!
//! Each of these segments leaves a file, which is durable before the segment goes and is removed once none of its ids counts any
//! more. `magic 8 | digest | crc32c u32`: the digest is that of a side file, with nothing but the ids in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Sequence;
use super::dedupe;
use super::digest::EventDigest;
use super::segment::{Digest as _, Disk};

const MAGIC: &[u8; 8] = b"hwids\0\0\x01";
const EXTENSION: &str = "ids";

/// What has been left behind in a directory of events.
#[derive(Debug)]
pub(super) struct Remains {
    directory: PathBuf,
    /// By the segment's first event: when the newest of the events came, in milliseconds since 1970.
    newest: BTreeMap<Sequence, u64>,
}

impl Remains {
    /// Reads what was left behind, and shows it.
    pub(super) fn open(directory: &Path, mut show: impl FnMut(&EventDigest)) -> io::Result<Self> {
        let mut remains = Self { directory: directory.to_owned(), newest: BTreeMap::new() };
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let Some(first) = first_of(&path) else { continue };
            let ids = read(&path);
            if ids.is_none() {
                tracing::warn!(path = %path.display(), "what a removed part of the journal has left behind is damaged: repeats of its events are new ones");
            }
            let newest = ids.as_ref().and_then(EventDigest::newest).unwrap_or_default();
            remains.newest.insert(first, newest);
            ids.iter().for_each(&mut show);
        }
        Ok(remains)
    }

    /// Keeps the ids of the segment that begins with this event. They are on disk when this returns.
    pub(super) fn leave(&mut self, disk: &dyn Disk, first: Sequence, ids: &EventDigest) -> io::Result<()> {
        let bytes = encode(ids);
        let unfinished = self.directory.join("ids.new");
        let file = disk.create(&unfinished, bytes.len() as u64)?;
        disk.write(&file, &bytes, 0)?;
        disk.sync(&file)?;
        disk.rename(&unfinished, &self.path(first))?;
        disk.sync_directory(&self.directory)?;
        self.newest.insert(first, ids.newest().unwrap_or_default());
        Ok(())
    }

    /// Removes what does not count any more at a time in milliseconds since 1970.
    pub(super) fn forget(&mut self, disk: &dyn Disk, now: u64) -> io::Result<()> {
        let oldest = dedupe::oldest_that_counts(now);
        let over: Vec<_> = self.newest.iter().filter(|(_, newest)| **newest < oldest).map(|(first, _)| *first).collect();
        for first in over {
            disk.remove(&self.path(first))?;
            self.newest.remove(&first);
        }
        Ok(())
    }

    /// Copies all of it into another directory.
    pub(super) fn copy_to(&self, directory: &Path) -> io::Result<()> {
        let mut paths = self.newest.keys().map(|first| self.path(*first));
        paths.try_for_each(|path| fs::copy(&path, directory.join(path.file_name().unwrap_or_default())).map(drop))
    }

    fn path(&self, first: Sequence) -> PathBuf {
        self.directory.join(format!("{first:020}.{EXTENSION}"))
    }
}

fn first_of(path: &Path) -> Option<Sequence> {
    if path.extension()? != EXTENSION {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

fn encode(ids: &EventDigest) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &ids.encode()].concat();
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// `None`: it cannot be read, is damaged, or of another version.
fn read(path: &Path) -> Option<EventDigest> {
    let bytes = fs::read(path).ok()?;
    let (content, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*checksum) {
        return None;
    }
    EventDigest::decode(content.strip_prefix(MAGIC)?)
}
