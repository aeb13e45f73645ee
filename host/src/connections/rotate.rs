//! Writing everything anew under another key, so that nothing under the one before, or under none, is left on the disk.

use std::path::Path;

use anyhow::Context as _;

use super::Snapshot;
use super::backup;
use super::beside::Beside;
use super::open::{self, Opened};
use super::vault::Vault;
use crate::data_directory::DataDirectory;
use crate::key_file::Key;

/// Encrypts all connections and hooks of a data directory with `new`; gives how many there are. `old` is the key that they are
/// encrypted with now, if they are.
pub fn rotate(directory: &DataDirectory, old: Option<&Key>, new: &Key) -> anyhow::Result<usize> {
    let place = directory.connections();
    let snapshot = read(&place, old)?;
    let beside = Beside::make(&place)?;
    let vault = Vault::open(beside.path(), Some(new), true)?;
    backup::write(beside.path(), &vault, &snapshot).context("cannot write the connections under the new key")?;
    beside.take_place()?;
    Ok(snapshot.connections.len() + snapshot.hooks.len())
}

fn read(place: &Path, key: Option<&Key>) -> anyhow::Result<Snapshot> {
    let Opened { index, .. } = open::open(place, key)?;
    Ok(Snapshot::of(&index))
}
