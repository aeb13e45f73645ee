//! Writing everything anew under another key, so that nothing under the one before, or under none, is left on the disk.
//!
//! It is written into a directory beside, which then takes the other's place in one step of the file system: whenever that is
//! interrupted, one of both is whole and in place.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::definition::Definition;
use super::open::{self, Opened};
use super::record::put;
use super::store::Store as _;
use super::writer::catching;
use crate::data_directory::DataDirectory;
use crate::key_file::Key;

/// Definitions that are written at once.
const BATCH: usize = 1000;

/// Encrypts all connections and hooks of a data directory with `new`; gives how many there are. `old` is the key that they are
/// encrypted with now, if they are.
pub fn rotate(directory: &DataDirectory, old: Option<&Key>, new: &Key) -> anyhow::Result<usize> {
    let place = directory.connections();
    let definitions = read(&place, old)?;
    remove_leftover(&place).context("cannot remove what a rotation has left behind")?;
    let beside = beside(&place);
    DirBuilder::new().mode(0o700).create(&beside).with_context(|| format!("cannot make {}", beside.display()))?;
    write(&beside, new, &definitions).context("cannot write the connections under the new key")?;
    renameat_with(CWD, &beside, CWD, &place, RenameFlags::EXCHANGE)
        .with_context(|| format!("cannot put {} in the place of {}", beside.display(), place.display()))?;
    sync_parent(&place)?;
    remove_leftover(&place).context("cannot remove what was there before")?;
    Ok(definitions.len())
}

/// Removes what a rotation has left behind: what it was writing when it was interrupted, or what it had replaced.
pub(super) fn remove_leftover(place: &Path) -> io::Result<()> {
    match fs::remove_dir_all(beside(place)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_parent(place),
    }
}

fn read(place: &Path, key: Option<&Key>) -> anyhow::Result<Vec<Definition>> {
    let Opened { index, .. } = open::open(place, key)?;
    let connections = index.connections().into_iter().map(Definition::Connection);
    Ok(connections.chain(index.hooks().into_iter().map(Definition::Hook)).collect())
}

/// Connections come before the hooks on them.
fn write(directory: &Path, key: &Key, definitions: &[Definition]) -> anyhow::Result<()> {
    let Opened { mut log, mut store, vault, .. } = open::open(directory, Some(key))?;
    for batch in definitions.chunks(BATCH) {
        let writes: Vec<_> = batch.iter().map(|definition| vault.seal(put(definition))).collect();
        let first = log.append(&writes)?;
        catching(|| store.apply(first, &writes)).map_err(anyhow::Error::msg)?;
    }
    Ok(File::open(directory)?.sync_all()?)
}

fn beside(place: &Path) -> PathBuf {
    place.with_extension("new")
}

fn sync_parent(place: &Path) -> io::Result<()> {
    place.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
