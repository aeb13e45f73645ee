//! All definitions in a directory of their own: a journal that says what there is, and nothing of what there was.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::spawn_blocking;

use super::definition::Definition;
use super::log::Log;
use super::open::JOURNAL;
use super::record::{CONNECTION, put};
use super::vault::Vault;
use super::{Connections, Snapshot};
use crate::data_directory::DataDirectory;

/// Definitions that are written at once.
const BATCH: usize = 1000;

impl Connections {
    /// Writes all definitions as they are now into an empty directory, which then opens as connections do; a store is made
    /// when that happens. What is encrypted here is there, with the same key.
    pub(crate) async fn back_up(&self, to: &Path) -> anyhow::Result<Snapshot> {
        let snapshot = self.snapshot().await?;
        let (vault, to) = (Arc::clone(&self.vault), to.to_owned());
        spawn_blocking(move || write(&to, &vault, &snapshot).map(|()| snapshot)).await.context("writing the connections broke off")?
    }

    /// Whether they are encrypted on the disk.
    pub(crate) fn are_encrypted(&self) -> bool {
        self.vault.encrypts()
    }
}

/// Writes a journal of these definitions, connections before the hooks on them, into a directory that has none.
pub(super) fn write(directory: &Path, vault: &Vault, snapshot: &Snapshot) -> anyhow::Result<()> {
    vault.begin(directory)?;
    let journal = directory.join(JOURNAL);
    DirBuilder::new().mode(0o700).create(&journal).with_context(|| format!("cannot make {}", journal.display()))?;
    let (mut log, _) = Log::open(&journal)?;
    let connections = snapshot.connections.iter().cloned().map(Definition::Connection);
    let definitions: Vec<_> = connections.chain(snapshot.hooks.iter().cloned().map(Definition::Hook)).collect();
    for batch in definitions.chunks(BATCH) {
        log.append(&batch.iter().map(|definition| vault.seal(put(definition))).collect::<Vec<_>>())?;
    }
    Ok(File::open(directory)?.sync_all()?)
}

/// Whether the connections of a data directory are encrypted.
pub fn are_encrypted(directory: &DataDirectory) -> bool {
    super::vault::is_there(&directory.connections())
}

/// How many connections and hooks the connection journal has, for which no key is needed.
pub fn count(directory: &DataDirectory) -> anyhow::Result<(usize, usize)> {
    let (_, truth) = Log::open(&directory.connections().join(JOURNAL)).context("cannot read the connection journal")?;
    let connections = truth.rows().filter(|(key, ..)| key.starts_with(CONNECTION)).count();
    Ok((connections, truth.rows().count() - connections))
}
