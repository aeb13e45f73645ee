//! The ledger on disk: which bundles were open and which dead when the delivery log had come so far, so that opening the
//! journal neither reads what was delivered long ago nor keeps the log of it.
//!
//! Two of them are kept, the newest and the one before, and every delivery state that the older one does not cover; a
//! damaged one costs nothing. `magic 8 | covers | hooks | open | dead | failures | crc32c u32`, numbers as in `varint`; one from
//! before failures were written down ends before them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

use super::Sequence;
use super::delivery::{BundleKey, Failure};
use super::ledger::{Dead, Open, Reason};
use super::segment::Disk;
use super::varint::{put, put_bytes, put_from, take, take_bytes, take_from};

const MAGIC: &[u8; 8] = b"hwledg\0\x01";

/// How far a checkpoint goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Covers {
    /// Of the events up to this one it says what is open; all others are delivered or dead.
    pub(super) events: Sequence,
    /// Every delivery state up to this record of the delivery log is in it.
    pub(super) states: u64,
}

/// What a checkpoint says.
#[derive(Debug, Default)]
pub(super) struct Checkpoint {
    pub(super) covers: Covers,
    pub(super) open: Vec<(BundleKey, Open)>,
    pub(super) dead: Vec<(BundleKey, Dead)>,
    /// How the last attempts for the hooks of open bundles failed.
    pub(super) failures: Vec<(Arc<str>, Failure)>,
    /// Bytes of its file.
    pub(super) size: u64,
}

/// The two checkpoints of a delivery log's directory.
#[derive(Debug)]
pub(super) struct Checkpoints {
    directory: PathBuf,
    /// What the newest one covers, and its bytes.
    pub(super) newest: (Covers, u64),
    /// What the one before covers; what it does not cover is still needed.
    pub(super) before: Covers,
}

impl Checkpoints {
    /// Reads the newest checkpoint in `directory` that holds. None: everything is to be read.
    pub(super) fn open(directory: &Path) -> (Self, Checkpoint) {
        let (newest, before) = (read(&newest(directory)), read(&before(directory)));
        let covers = |read: &Result<Checkpoint, Unusable>| read.as_ref().map_or_else(|_| Covers::default(), |read| read.covers);
        let known = Self {
            directory: directory.to_owned(),
            newest: (covers(&newest), newest.as_ref().map_or(0, |newest| newest.size)),
            before: covers(&before),
        };
        for (name, unusable) in [("newest", newest.as_ref().err()), ("older", before.as_ref().err())] {
            if let Some(Unusable::Damaged(why)) = unusable {
                tracing::warn!(directory = %directory.display(), %why, "the {name} checkpoint of deliveries is damaged: it is made anew");
            }
        }
        (known, newest.or(before).unwrap_or_default())
    }

    /// Where they lie, as far as they are there.
    pub(super) fn paths(&self) -> [PathBuf; 2] {
        [newest(&self.directory), before(&self.directory)]
    }

    /// Puts a checkpoint in place of the newest, which becomes the one before.
    pub(super) fn write(&mut self, disk: &dyn Disk, encoded: &Encoded) -> io::Result<()> {
        let bytes = encoded.bytes();
        let (unfinished, newest, before) = (self.directory.join("checkpoint.new"), newest(&self.directory), before(&self.directory));
        let file = disk.create(&unfinished, bytes.len() as u64)?;
        disk.write(&file, &bytes, 0)?;
        disk.sync(&file)?;
        // A newest one that could not be read is no worthy one before.
        if self.newest.1 > 0 {
            disk.rename(&newest, &before)?;
            disk.sync_directory(&self.directory)?;
            (self.before, self.newest) = (self.newest.0, Default::default());
        }
        disk.rename(&unfinished, &newest)?;
        disk.sync_directory(&self.directory)?;
        self.newest = (encoded.covers, bytes.len() as u64);
        Ok(())
    }
}

fn newest(directory: &Path) -> PathBuf {
    directory.join("checkpoint")
}

fn before(directory: &Path) -> PathBuf {
    directory.join("checkpoint.before")
}

/// A checkpoint that is being made, a part of the ledger at a time.
#[derive(Debug)]
pub(super) struct Encoded {
    covers: Covers,
    hooks: Vec<Arc<str>>,
    places: std::collections::HashMap<Arc<str>, u64>,
    open: Bundles,
    dead: Bundles,
    /// By their hooks' places.
    failures: BTreeMap<u64, Failure>,
}

#[derive(Debug, Default)]
struct Bundles {
    count: u64,
    last: Sequence,
    bytes: Vec<u8>,
}

impl Bundles {
    /// Begins the next one; its hook and what else there is to say follow.
    fn begin(&mut self, (seq, bundle): BundleKey, hook: u64) -> &mut Vec<u8> {
        put_from(&mut self.bytes, self.last, seq);
        put(&mut self.bytes, u64::from(bundle));
        put(&mut self.bytes, hook);
        (self.last, self.count) = (seq, self.count + 1);
        &mut self.bytes
    }
}

impl Encoded {
    pub(super) fn new(covers: Covers) -> Self {
        let (open, dead) = (Bundles::default(), Bundles::default());
        Self { covers, hooks: Vec::new(), places: Default::default(), open, dead, failures: BTreeMap::new() }
    }

    /// An open bundle. Those of events that are not covered are left to the events.
    pub(super) fn open(&mut self, key: BundleKey, open: &Open) {
        if key.0 > self.covers.events {
            return;
        }
        let hook = self.place(&open.hook);
        let bytes = self.open.begin(key, hook);
        put(bytes, u64::from(open.attempt));
        put(bytes, open.due_ms);
    }

    /// A dead letter. One whose reason is not on disk yet counts as open: if the record of it gets there, it is read.
    pub(super) fn dead(&mut self, key: BundleKey, dead: &Dead) {
        let Reason::Written(record) = dead.reason else {
            return self.open(key, &Open { hook: Arc::clone(&dead.hook), attempt: dead.attempts, due_ms: 0 });
        };
        if key.0 > self.covers.events {
            return;
        }
        let hook = self.place(&dead.hook);
        let bytes = self.dead.begin(key, hook);
        [dead.at_ms, u64::from(dead.attempts), record].into_iter().for_each(|number| put(bytes, number));
    }

    /// How the last attempt for a hook failed; the first that is said of it counts.
    pub(super) fn failure(&mut self, hook: &Arc<str>, failure: &Failure) {
        let place = self.place(hook);
        self.failures.entry(place).or_insert_with(|| failure.clone());
    }

    fn place(&mut self, hook: &Arc<str>) -> u64 {
        let next = self.hooks.len() as u64;
        let place = *self.places.entry(Arc::clone(hook)).or_insert(next);
        if place == next {
            self.hooks.push(Arc::clone(hook));
        }
        place
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        put(&mut bytes, self.covers.events);
        put(&mut bytes, self.covers.states);
        put(&mut bytes, self.hooks.len() as u64);
        self.hooks.iter().for_each(|hook| put_bytes(&mut bytes, hook.as_bytes()));
        for bundles in [&self.open, &self.dead] {
            put(&mut bytes, bundles.count);
            bytes.extend_from_slice(&bundles.bytes);
        }
        put(&mut bytes, self.failures.len() as u64);
        for (hook, Failure { reason, at_ms }) in &self.failures {
            put(&mut bytes, *hook);
            put(&mut bytes, *at_ms);
            put_bytes(&mut bytes, reason.as_bytes());
        }
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }
}

enum Unusable {
    Missing,
    Damaged(String),
}

fn read(path: &Path) -> Result<Checkpoint, Unusable> {
    let damaged = |why: &dyn fmt::Display| Unusable::Damaged(format!("{}: {why}", path.display()));
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
        Err(error) => return Err(damaged(&error)),
    };
    decode(&bytes).ok_or_else(|| damaged(&"it is not whole, or of another version"))
}

fn decode(bytes: &[u8]) -> Option<Checkpoint> {
    let (content, checksum) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let rest = &mut content.strip_prefix(MAGIC)?;
    let covers = Covers { events: take(rest)?, states: take(rest)? };
    let mut hooks = Vec::<Arc<str>>::new();
    for _ in 0..take(rest)? {
        hooks.push(std::str::from_utf8(take_bytes(rest)?).ok()?.into());
    }
    let open = bundles(rest, &hooks, |rest, hook| Some(Open { hook, attempt: small(take(rest)?)?, due_ms: take(rest)? }))?;
    let dead = bundles(rest, &hooks, |rest, hook| {
        let (at_ms, attempts, record) = (take(rest)?, small(take(rest)?)?, take(rest)?);
        Some(Dead { hook, at_ms, attempts, reason: Reason::Written(record) })
    })?;
    let failures = if rest.is_empty() { Vec::new() } else { failures(rest, &hooks)? };
    rest.is_empty().then_some(Checkpoint { covers, open, dead, failures, size: bytes.len() as u64 })
}

fn failures(rest: &mut &[u8], hooks: &[Arc<str>]) -> Option<Vec<(Arc<str>, Failure)>> {
    let mut read = Vec::new();
    for _ in 0..take(rest)? {
        let hook = hooks.get(usize::try_from(take(rest)?).ok()?)?;
        let at_ms = take(rest)?;
        let reason = std::str::from_utf8(take_bytes(rest)?).ok()?.to_owned();
        read.push((Arc::clone(hook), Failure { reason, at_ms }));
    }
    Some(read)
}

fn bundles<T>(
    rest: &mut &[u8],
    hooks: &[Arc<str>],
    mut each: impl FnMut(&mut &[u8], Arc<str>) -> Option<T>,
) -> Option<Vec<(BundleKey, T)>> {
    let mut last = 0;
    let mut read = Vec::new();
    for _ in 0..take(rest)? {
        last = take_from(rest, last)?;
        let (bundle, hook) = (small(take(rest)?)?, usize::try_from(take(rest)?).ok()?);
        read.push(((last, bundle), each(rest, Arc::clone(hooks.get(hook)?))?));
    }
    Some(read)
}

fn small(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::segment::LocalDisk;
    use super::*;

    fn encoded(states: u64) -> Encoded {
        let mut encoded = Encoded::new(Covers { events: 400, states });
        let dead = |reason| Dead { hook: "h2".into(), at_ms: 7, attempts: 3, reason };
        encoded.open((1, 0), &Open { hook: "h1".into(), attempt: 2, due_ms: 1_790_000_000_000 });
        encoded.dead((1, 1), &dead(Reason::Written(5)));
        encoded.open((300, 2), &Open { hook: "h2".into(), attempt: 0, due_ms: 0 });
        encoded.dead((301, 0), &dead(Reason::Here("not written yet".into())));
        encoded.failure(&"h2".into(), &refused());
        encoded
    }

    fn refused() -> Failure {
        Failure { reason: "refused".into(), at_ms: 1_790_000_000_000 }
    }

    #[test]
    fn a_checkpoint_reads_back_and_what_is_not_written_yet_counts_as_open() {
        let read = decode(&encoded(4).bytes()).unwrap();
        assert_eq!(read.covers, Covers { events: 400, states: 4 });
        let open: Vec<_> = read.open.iter().map(|(key, open)| (*key, &*open.hook, open.attempt, open.due_ms)).collect();
        assert_eq!(open, [((1, 0), "h1", 2, 1_790_000_000_000), ((300, 2), "h2", 0, 0), ((301, 0), "h2", 3, 0)]);
        assert_eq!((read.dead.len(), read.failures), (1, vec![("h2".into(), refused())]));
        assert!(matches!(read.dead[0], ((1, 1), Dead { at_ms: 7, attempts: 3, reason: Reason::Written(5), .. })));
    }

    #[test]
    fn a_checkpoint_from_before_failures_were_written_down_is_read() {
        let mut encoded = encoded(4);
        encoded.failures.clear();
        let mut bytes = encoded.bytes();
        bytes.truncate(bytes.len() - 5);
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        let read = decode(&bytes).unwrap();
        assert_eq!((read.open.len(), read.dead.len(), read.failures), (3, 1, vec![]));
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let (mut checkpoints, none) = Checkpoints::open(directory.path());
        assert_eq!((none.covers, checkpoints.before), (Covers::default(), Covers::default()));
        for states in [4, 8] {
            checkpoints.write(&LocalDisk, &encoded(states)).unwrap();
        }
        let (known, read) = Checkpoints::open(directory.path());
        assert_eq!((read.covers.states, known.before.states), (8, 4));
        let whole = fs::read(newest(directory.path())).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(newest(directory.path()), changed).unwrap();
            assert_eq!(Checkpoints::open(directory.path()).1.covers.states, 4, "byte {at}");
        }
    }
}
