//! The store in sled 0.34.7, with the guards that its weaknesses need.
//!
//! Its `flush` does not reach the device on Linux, so every batch ends with our own `fsync` of its file `db`. It reports
//! corruption by panicking, so whoever opens or calls it catches that. It opens the directory of another version as an
//! empty database, so [`FORMAT`] is compared before. `flush_async` and `watch_prefix` can block for ever: never used.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::record::Write;
use super::store::{Fault, Store, VALUE_HEADER};

/// The directory's name.
pub(super) const NAME: &str = "connections.sled";
/// What made the directory; anything else must not be opened by this code.
pub(super) const FORMAT: &str = "engine=sled-0.34.7 segment=4194304 schema=1\n";

/// Fixed for ever in one database; large enough that no value becomes a file of its own, which sled never syncs.
const SEGMENT: usize = 4 << 20;
/// sled takes a multiple of it. Reads come from the index, so little is needed.
const CACHE: u64 = 64 << 20;
/// The key under which the newest revision lies. No definition's key begins like this.
const REVISION: &str = "revision";
const VERSION: u8 = 1;
/// How long sled's lock may still be held by what is on its way out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Definitions in a sled database.
#[derive(Debug)]
pub(super) struct SledStore {
    database: sled::Db,
    /// sled's data file, for the `fsync` that sled leaves out.
    barrier: File,
}

impl SledStore {
    /// Opens or makes the database. May panic, and may never return, if the files are damaged.
    pub(super) fn open(directory: &Path) -> Result<Self, Fault> {
        let config = sled::Config::new().path(directory).segment_size(SEGMENT).cache_capacity(CACHE).flush_every_ms(None);
        let database = open_patiently(&config)?;
        let barrier = File::open(directory.join("db"))?;
        Ok(Self { database, barrier })
    }
}

/// sled's threads let go of its lock some time after the database was dropped, and a child process that is just being
/// started holds it until its own program runs. Nobody else can have it: the data directory is locked by us.
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match config.open() {
            Err(error) if is_locked(&error) && Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            opened => return opened,
        }
    }
}

/// sled gives the lock's error no kind of its own.
fn is_locked(error: &sled::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

impl Store for SledStore {
    fn each(&self, see: &mut dyn FnMut(&str, u64, &[u8])) -> Result<u64, Fault> {
        let mut newest = 0;
        for entry in self.database.iter() {
            let (key, value) = entry?;
            let key = std::str::from_utf8(&key).map_err(|_| Fault::Broken("a key is not text".into()))?;
            match decode(&value).ok_or_else(|| Fault::Broken(format!("the value of {key} is damaged")))? {
                (revision, _) if key == REVISION => newest = revision,
                (revision, json) => see(key, revision, json),
            }
        }
        Ok(newest)
    }

    fn apply(&mut self, first: u64, writes: &[Write]) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        let mut newest = first;
        for (revision, write) in (first..).zip(writes) {
            newest = revision;
            match &write.json {
                Some(json) => batch.insert(write.key.as_str(), encode(revision, json)),
                None => batch.remove(write.key.as_str()),
            }
        }
        batch.insert(REVISION, encode(newest, &[]));
        self.database.apply_batch(batch)?;
        self.database.flush()?;
        self.barrier.sync_all()?;
        Ok(())
    }
}

/// `version u8 | revision u64 | crc32c u32 | JSON`. sled's own checksums do not cover a page that it lost.
fn encode(revision: u64, json: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(VALUE_HEADER + json.len());
    value.push(VERSION);
    value.extend_from_slice(&revision.to_le_bytes());
    value.extend_from_slice(&checksum(&value, json).to_le_bytes());
    value.extend_from_slice(json);
    value
}

fn decode(value: &[u8]) -> Option<(u64, &[u8])> {
    let (header, json) = value.split_first_chunk::<VALUE_HEADER>()?;
    let stored = u32::from_le_bytes(header[9..].try_into().ok()?);
    let whole = header[0] == VERSION && checksum(&header[..9], json) == stored;
    let revision = u64::from_le_bytes(header[1..9].try_into().ok()?);
    whole.then_some((revision, json))
}

fn checksum(head: &[u8], json: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(head), json)
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            error => Self::Broken(error.to_string()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_any_byte_changed_is_not_read() {
        let value = encode(7, b"{}");
        assert_eq!(decode(&value), Some((7, &b"{}"[..])));
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 1;
            assert_eq!(decode(&changed), None, "byte {at}");
        }
        assert_eq!(decode(&value[..12]), None);
    }

    #[test]
    fn a_damaged_value_is_a_fault_that_names_its_key() {
        let directory = tempfile::tempdir().unwrap();
        let store = SledStore::open(directory.path()).unwrap();
        store.database.insert("hook/1", b"nonsense").unwrap();
        assert_eq!(store.load(), Err(Fault::Broken("the value of hook/1 is damaged".into())));
    }

    #[test]
    fn the_largest_values_stay_inside_the_synced_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = SledStore::open(directory.path()).unwrap();
        let large = vec![b'x'; super::super::store::MAX_VALUE - VALUE_HEADER];
        let write = |number| Write { key: format!("hook/{number}"), json: Some(large.clone()) };
        store.apply(1, &(0..40).map(write).collect::<Vec<_>>()).unwrap();
        let blobs = std::fs::read_dir(directory.path().join("blobs")).map_or(0, Iterator::count);
        assert_eq!(blobs, 0);
    }
}
