//! Opening connections: the journal is read, the store is compared with it, and rebuilt if it does not agree.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use super::change::Step;
use super::index::Index;
use super::log::{Log, Truth};
use super::record::{self, Write};
use super::sled::{self, SledStore};
use super::store::{Contents, Digest, Fault, Row, Store};
use super::vault::Vault;
use super::writer::catching;
use crate::data_directory::write_durably;
use crate::key_file::Key;

/// How long the store may take to open: a million connections take under three seconds; a damaged one may take for ever.
const DEADLINE: Duration = Duration::from_secs(60);
/// A journal up to so many bytes is never long: reading it takes no time that anybody would notice.
const LONG: u64 = 16 << 20;
/// How many times as long as what it says a journal may be.
const WORTH: u64 = 4;
/// The name of the connection journal's directory.
pub(super) const JOURNAL: &str = "journal";
/// Writes that a rebuild hands to the store at once.
const REBUILD_BATCH: usize = 1000;

/// Opened connections.
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) store: SledStore,
    pub(super) index: Arc<Index>,
    pub(super) vault: Vault,
    /// The store was not usable, and was rebuilt.
    pub(super) rebuilt: bool,
    /// Most of the journal is history, and a lot: it is worth being written anew.
    pub(super) is_long: bool,
}

/// What lies on the disk, opened.
pub(super) struct Parts {
    pub(super) log: Log,
    pub(super) truth: Truth,
    pub(super) store: SledStore,
    /// The store was not usable, and was rebuilt.
    pub(super) rebuilt: bool,
}

/// Opens journal and store in `directory`, which must exist, and fills the index. With a key what is written is encrypted.
pub(super) fn open(directory: &Path, key: Option<&Key>) -> anyhow::Result<Opened> {
    let is_new = !directory.join(JOURNAL).exists() && !directory.join(sled::NAME).exists();
    let vault = Vault::open(directory, key, is_new)?;
    let Parts { log, truth, store, rebuilt } = open_parts(directory)?;
    let is_long = is_long(&directory.join(JOURNAL), &truth).context("cannot look into the connection journal")?;
    let index = Arc::new(index(truth, &vault)?);
    Ok(Opened { log, store, index, vault, rebuilt, is_long })
}

fn is_long(journal: &Path, truth: &Truth) -> io::Result<bool> {
    let length: u64 = fs::read_dir(journal)?.map(|entry| Ok(entry?.metadata()?.len())).sum::<io::Result<_>>()?;
    let needed: u64 = truth.rows().map(|(key, _, json)| (key.len() + json.len()) as u64).sum();
    Ok(length > LONG.max(needed * WORTH))
}

/// Opens journal and store, which agree then. No key is needed for that.
pub(super) fn open_parts(directory: &Path) -> anyhow::Result<Parts> {
    let journal = directory.join(JOURNAL);
    DirBuilder::new().recursive(true).mode(0o700).create(&journal).with_context(|| format!("cannot make {}", journal.display()))?;
    let (mut log, mut truth) = Log::open(&journal).context("cannot read the connection journal")?;
    let place = Place { store: directory.join(sled::NAME), format: directory.join("FORMAT") };
    // What was written anew, or is a backup, has no store, and says so by having no FORMAT of one.
    let store_is_due = place.is_untouched() && truth.revision > 0;
    let found = place.open(truth.digest());
    if let Ok((_, Some(contents))) = &found {
        salvage(&mut log, &mut truth, contents).context("cannot write the connection journal")?;
    }
    let agreed = found.and_then(|(mut store, differing)| match differing {
        None => Ok(store),
        Some(_) if store_is_due => catching(|| fill(&mut store, &truth.contents())).map(|()| store),
        Some(contents) => agree(store, contents, &truth),
    });
    let (store, rebuilt) = match agreed {
        Ok(store) => (store, false),
        Err(refused @ Fault::Refused { .. }) => {
            if store_is_due {
                place.clear();
            }
            bail!("the store of connections in {} is not at fault, but cannot be used: {refused}, and start again", directory.display());
        }
        Err(fault) => (place.rebuild(&fault, &truth.contents())?, true),
    };
    Ok(Parts { log, truth, store, rebuilt })
}

/// Brings a store that is only behind up to date. Any other difference is a fault.
fn agree(mut store: SledStore, mut contents: Contents, truth: &Truth) -> Result<SledStore, Fault> {
    if truth.is_in(&contents) {
        return Ok(store);
    }
    if contents.revision == 0 {
        return Err(Fault::Broken("it is empty and its journal is not".into()));
    }
    // The last change may have reached the journal and not the store: that is what the journal is for.
    let behind = truth.last.iter().filter(|(_, (revision, _))| *revision > contents.revision);
    let mut behind: Vec<_> = behind.map(|(key, (revision, json))| (*revision, Write { key: key.clone(), json: json.clone() })).collect();
    behind.sort_by_key(|(revision, _)| *revision);
    behind.iter().for_each(|(revision, write)| contents.write(*revision, write));
    if !truth.is_in(&contents) {
        return Err(Fault::Broken("it does not hold what its journal says".into()));
    }
    tracing::info!(changes = behind.len(), "the store of connections was behind its journal and has caught up");
    catching(|| apply_runs(&mut store, &behind, |(revision, _)| *revision, |(_, write)| write.clone()))?;
    Ok(store)
}

/// Takes from the store what the journal has lost: all of it if the journal is gone, the damaged part otherwise.
fn salvage(log: &mut Log, truth: &mut Truth, contents: &Contents) -> anyhow::Result<()> {
    let gone = truth.last.is_empty();
    let lost = |revision: u64| gone || truth.damage.iter().any(|damage| damage.lost.contains(&revision));
    let newer = |key: &String, revision: u64| truth.last.get(key).is_some_and(|(last, _)| *last > revision);
    let found = contents.rows.iter().filter(|(key, row)| lost(row.revision) && !newer(key, row.revision));
    let found: Vec<_> = found.map(|(key, row)| Write { key: key.clone(), json: Some(row.json.clone()) }).collect();
    if found.is_empty() {
        return Ok(());
    }
    tracing::error!(definitions = found.len(), "THE CONNECTION JOURNAL HAD LOST RECORDS: they were taken from the store");
    for batch in found.chunks(REBUILD_BATCH) {
        let first = log.append(batch)?;
        (first..).zip(batch).for_each(|(revision, write)| truth.write(revision, write.clone()));
    }
    Ok(())
}

/// What the journal says goes as it is taken in: a million definitions need not be in memory twice.
fn index(truth: Truth, vault: &Vault) -> anyhow::Result<Index> {
    let index = Index::default();
    for (key, (_, json)) in truth.last {
        let Some(json) = json else { continue };
        let json = vault.unseal(&key, &json)?;
        let definition = record::read(&key, &json).with_context(|| format!("{key} in the connection journal cannot be read"))?;
        index.apply(Step::Put(definition.with_context(|| format!("{key} was written by another version of hookwright"))?));
    }
    Ok(index)
}

/// Where the store lies.
struct Place {
    store: PathBuf,
    format: PathBuf,
}

impl Place {
    /// Whether there has never been a store.
    fn is_untouched(&self) -> bool {
        !self.store.exists() && !self.format.exists()
    }

    /// Opens the store and reads all of it, within the deadline. What it holds is given if it is not what was expected.
    fn open(&self, expected: Digest) -> Result<(SledStore, Option<Contents>), Fault> {
        self.check_format()?;
        let (sender, receiver) = sync_channel(1);
        let directory = self.store.clone();
        thread::Builder::new().name("open sled".into()).spawn(move || {
            let opened = catching(|| {
                let store = SledStore::open(&directory)?;
                let differs = store.digest()? != expected;
                let contents = differs.then(|| store.load()).transpose()?;
                Ok((store, contents))
            });
            // Nobody listens after the deadline.
            let _ = sender.send(opened);
        })?;
        receiver.recv_timeout(DEADLINE).unwrap_or_else(|error| {
            Err(Fault::Broken(match error {
                RecvTimeoutError::Timeout => format!("it did not open within {} s", DEADLINE.as_secs()),
                RecvTimeoutError::Disconnected => "it ended while it was opened".into(),
            }))
        })
    }

    /// sled opens what another version has made as an empty database, so the version is written beside it.
    fn check_format(&self) -> Result<(), Fault> {
        match fs::read_to_string(&self.format) {
            Ok(found) if found == sled::FORMAT => Ok(()),
            Ok(found) => Err(Fault::Broken(format!("its FORMAT is \"{}\"", found.trim()))),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound && !self.store.exists() => {
                Ok(write_durably(&self.format, sled::FORMAT)?)
            }
            Err(error) => Err(match Fault::from(error) {
                Fault::Broken(why) => Fault::Broken(format!("its FORMAT cannot be read: {why}")),
                refused => refused,
            }),
        }
    }

    /// Moves a store that cannot be used aside and makes a new one from the journal.
    fn rebuild(&self, fault: &Fault, contents: &Contents) -> anyhow::Result<SledStore> {
        let aside = self.set_aside().context("cannot move the broken store of connections aside")?;
        tracing::error!(%fault, aside = ?aside, definitions = contents.rows.len(), "THE STORE OF CONNECTIONS WAS NOT USABLE: it is rebuilt from its journal");
        self.make(contents).inspect_err(|_| self.clear())
    }

    fn make(&self, contents: &Contents) -> anyhow::Result<SledStore> {
        write_durably(&self.format, sled::FORMAT)?;
        let (mut store, _) =
            self.open(Truth::default().digest()).map_err(anyhow::Error::msg).context("cannot make a new store of connections")?;
        catching(|| fill(&mut store, contents)).map_err(anyhow::Error::msg).context("cannot rebuild the store of connections")?;
        Ok(store)
    }

    /// Takes away a store that could not be made to its end, so that the next start begins it anew and sets nothing aside.
    fn clear(&self) {
        for cleared in [fs::remove_dir_all(&self.store), fs::remove_file(&self.format)] {
            if let Err(error) = cleared
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "what was made of a new store of connections could not be taken away");
            }
        }
    }

    fn set_aside(&self) -> io::Result<Option<PathBuf>> {
        if !self.store.exists() {
            return Ok(None);
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let aside = self.store.with_file_name(format!("{}.broken-{}", sled::NAME, now.as_millis()));
        fs::rename(&self.store, &aside)?;
        self.store.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
        Ok(Some(aside))
    }
}

/// Writes everything, in the order of revisions, every row under its own.
fn fill(store: &mut SledStore, contents: &Contents) -> Result<(), Fault> {
    let mut rows: Vec<_> = contents.rows.iter().collect();
    rows.sort_by_key(|(_, row)| row.revision);
    let write = |(key, row): &(&String, &Row)| Write { key: (*key).clone(), json: Some(row.json.clone()) };
    apply_runs(store, &rows, |(_, row)| row.revision, write)?;
    // Removals count too: the newest revision may have left no row.
    store.apply(contents.revision, &[])
}

/// Writes rows in the order of their revisions, with one sync for those between which no revision is missing.
fn apply_runs<R>(store: &mut SledStore, rows: &[R], revision: impl Fn(&R) -> u64, write: impl Fn(&R) -> Write) -> Result<(), Fault> {
    for run in rows.chunk_by(|one, next| revision(one) + 1 == revision(next)) {
        for part in run.chunks(REBUILD_BATCH) {
            store.apply(revision(&part[0]), &part.iter().map(&write).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}
