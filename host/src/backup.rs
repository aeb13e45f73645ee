//! Backups: all of a host's data in a directory of its own, made while the host works, checked before it is used.
//!
//! A backup is laid out as a data directory and opens as one. Its journals are copies of what is durable at the moment; its
//! connections are a journal of their own that says what there is, without a store, which opening makes from it. It holds
//! the delivery states first, then the events, then the connections, each later than the one before: so every state has its
//! event and every event its hooks. A state that is missing costs a second delivery, never an event.
//!
//! `SHA256SUMS`, as `sha256sum -c` takes it, is written last: a backup without it is none. Until then the directory is marked as
//! unfinished, and so is one that a backup is being restored to: neither passes as a data directory.

mod restore;
mod sums;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::task::spawn_blocking;

pub use restore::{Restored, restore};

use crate::connections::Connections;
use crate::data_directory::{self, DataDirectory, unfinished};
use crate::journal::Journal;
use sums::Sums;

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Connections in it.
    pub connections: usize,
    /// Hooks in it, whatever their state.
    pub hooks: usize,
    /// Its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Whether its connections are encrypted, as the host's are.
    pub encrypted: bool,
}

/// Backs up a host's data into `to`, which is made, or is there and empty. Everything that was acknowledged before this call
/// is in the backup.
pub async fn back_up(directory: &DataDirectory, journal: &Arc<Journal>, connections: &Connections, to: &Path) -> anyhow::Result<BackedUp> {
    let target = Target::make(directory, to)?;
    let (journal, files) = (Arc::clone(journal), target.clone());
    blocking(move || journal.back_up(&files.events(), &files.deliveries()).context("cannot copy the journals")).await?;
    let snapshot = connections.back_up(&target.connections()).await.context("cannot write the connections")?;
    let (from, files) = (directory.path().to_owned(), target.clone());
    let sums = blocking(move || finish(&from, &files)).await?;
    let (connections, hooks, encrypted) = (snapshot.connections.len(), snapshot.hooks.len(), connections.are_encrypted());
    Ok(BackedUp { connections, hooks, files: sums.files(), bytes: sums.bytes(), encrypted })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    spawn_blocking(work).await.context("writing the backup broke off")?
}

/// What else there is, and the sums of all.
fn finish(from: &Path, target: &Target) -> anyhow::Result<Sums> {
    for name in [data_directory::FORMAT_FILE, data_directory::TOKENS_FILE] {
        match fs::copy(from.join(name), target.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => drop(copied.with_context(|| format!("cannot copy {name}"))?),
        }
    }
    let sums = Sums::of(&target.0).context("cannot read the backup")?;
    sync_all(&target.0).context("cannot sync the backup")?;
    sums.write(&target.0).context("cannot write the sums of the backup")?;
    unfinished::unmark(&target.0).context("cannot finish the backup")?;
    Ok(sums)
}

/// The directory that becomes a backup.
#[derive(Clone)]
struct Target(PathBuf);

impl Target {
    fn make(directory: &DataDirectory, to: &Path) -> anyhow::Result<Self> {
        check_empty(to)?;
        make(to).with_context(|| format!("cannot make {}", to.display()))?;
        let (inside, outside) = (to.canonicalize()?, directory.path().canonicalize()?);
        if inside.starts_with(&outside) {
            fs::remove_dir(to)?;
            bail!("{} is in the data directory itself; name one outside of it, best on another disk", to.display());
        }
        unfinished::mark(to).with_context(|| format!("cannot write to {}", to.display()))?;
        let target = Self(to.to_owned());
        for part in [target.events(), target.deliveries(), target.connections()] {
            make(&part).with_context(|| format!("cannot make {}", part.display()))?;
        }
        Ok(target)
    }

    fn events(&self) -> PathBuf {
        self.0.join("journal/events")
    }

    fn deliveries(&self) -> PathBuf {
        self.0.join("journal/deliveries")
    }

    fn connections(&self) -> PathBuf {
        self.0.join("connections")
    }
}

/// Fails for a directory that has something in it.
fn check_empty(directory: &Path) -> anyhow::Result<()> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot use {}", directory.display())),
        Ok(entries) => match entries.count() {
            0 => Ok(()),
            _ if unfinished::is_marked(directory) => bail!("{}: {}", directory.display(), unfinished::ADVICE),
            _ => bail!("{} is not empty; name a directory that is not there yet", directory.display()),
        },
    }
}

/// Makes a directory for its owner alone.
fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Syncs everything below a directory, and its own name.
fn sync_all(directory: &Path) -> io::Result<()> {
    sync_below(directory)?;
    directory.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn sync_below(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_below(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    File::open(directory)?.sync_all()
}
