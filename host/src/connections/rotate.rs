//! Writing everything anew under another key, so that nothing under the one before, or under none, is left on the disk.

use std::path::Path;

use anyhow::Context as _;

use super::Snapshot;
use super::backup;
use super::beside::Beside;
use super::open::{self, Opened};
use super::vault::{self, Vault};
use crate::data_directory::DataDirectory;
use crate::key_file::Key;

/// Encrypts all connections and hooks of a data directory with `new`; gives how many there are. `old` is the key that they are
/// encrypted with now, if they are. What was interrupted is finished by doing it again, however far it had come.
pub fn rotate(directory: &DataDirectory, old: Option<&Key>, new: &Key) -> anyhow::Result<usize> {
    let place = directory.connections();
    // It may have come so far that what was there before is all that is still to be removed.
    let now = if vault::is_sealed_with(&place, new)? { Some(new) } else { old };
    let snapshot = read(&place, now)?;
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
