//! A data directory from a backup.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::sums::Sums;
use super::{check_empty, make, sync_all};
use crate::connections::{self, Connections};
use crate::data_directory::{DataDirectory, unfinished};
use crate::journal::{self, Journal};
use crate::key_file::Key;

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// Files, all of them as they were written.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Connections.
    pub connections: usize,
    /// Hooks, whatever their state.
    pub hooks: usize,
    /// Events.
    pub events: u64,
    /// Bundles that are still to be delivered.
    pub pending: u64,
    /// Dead letters.
    pub dead_letters: usize,
    /// Places that the host could not read any more when it was backed up.
    pub damaged: usize,
    /// Whether the connections are encrypted. Without their key they were counted, not read.
    pub encrypted: bool,
}

/// Restores the backup in `from` as the data directory `to`, which is made, or is there and empty. Nothing is written unless
/// every file is as it was when the backup was made.
pub fn restore(from: &Path, to: &Path, key: Option<&Key>) -> anyhow::Result<Restored> {
    check_empty(to)?;
    let sums = Sums::read(from)?;
    let (wrong, bytes) = sums.check(from);
    if !wrong.is_empty() {
        bail!("{} is damaged, and nothing was restored:\n  {}", from.display(), wrong.join("\n  "));
    }
    make(to).and_then(|()| unfinished::mark(to)).with_context(|| format!("cannot write to {}", to.display()))?;
    for path in sums.paths() {
        let target = to.join(path);
        target.parent().map_or(Ok(()), make).with_context(|| format!("cannot make the directory of {}", target.display()))?;
        fs::copy(from.join(path), &target).with_context(|| format!("cannot write {}", target.display()))?;
    }
    let (wrong, _) = sums.check(to);
    if !wrong.is_empty() {
        bail!("{} does not keep what is written to it:\n  {}", to.display(), wrong.join("\n  "));
    }
    sync_all(to).and_then(|()| unfinished::unmark(to)).context("cannot sync what was restored")?;
    open(to, key).map(|opened| Restored { files: sums.files(), bytes, ..opened })
}

/// Opens what was restored, as a server would, and says what is there.
fn open(to: &Path, key: Option<&Key>) -> anyhow::Result<Restored> {
    let directory = DataDirectory::open_existing(to)?;
    let encrypted = connections::are_encrypted(&directory);
    let (connections, hooks) = match (encrypted, key) {
        (true, None) => connections::count(&directory)?,
        _ => Connections::open_with(&directory, key).context("cannot open the connections")?.counts(),
    };
    let journal = Journal::open(&directory, journal::Settings::default()).context("cannot open the event journal")?;
    let (levels, events) = (journal.levels(|_| false), journal.recovery().records);
    let (pending, dead_letters, damaged) = (levels.pending.count, levels.dead_letters, levels.damaged);
    Ok(Restored { files: 0, bytes: 0, connections, hooks, events, pending, dead_letters, damaged, encrypted })
}
