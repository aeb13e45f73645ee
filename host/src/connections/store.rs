//! What keeps definitions: a small ordered map on disk or in memory. Every store passes the same contract test.

use std::collections::BTreeMap;
use std::io;

use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::record::Write;

/// The largest value a store takes. With sled's segments of 4 MiB a value up to this size stays inline; larger ones
/// would go to files that sled never syncs.
pub(super) const MAX_VALUE: usize = 32 << 10;
/// Bytes that a store may put before the JSON of a value.
pub(super) const VALUE_HEADER: usize = 13;

/// A store of definitions. One thread owns it.
pub(super) trait Store: Send + 'static {
    /// Shows every row by its key, checked, in the order of keys; gives the newest revision.
    fn each(&self, see: &mut dyn FnMut(&str, u64, &[u8])) -> Result<u64, Fault>;

    /// Makes the writes durable, all or none. The first has revision `first`, the others follow.
    fn apply(&mut self, first: u64, writes: &[Write]) -> Result<(), Fault>;

    /// Everything there is.
    fn load(&self) -> Result<Contents, Fault> {
        let mut rows = BTreeMap::new();
        let revision = self.each(&mut |key, revision, json| drop(rows.insert(key.to_owned(), Row { revision, json: json.to_vec() })))?;
        Ok(Contents { revision, rows })
    }

    /// What tells whether it holds the same as a journal, without holding all of it in memory once more.
    fn digest(&self) -> Result<Digest, Fault> {
        let mut digest = Digesting::default();
        let revision = self.each(&mut |key, revision, json| digest.row(key, revision, json))?;
        Ok(digest.end(revision))
    }
}

/// SHA-256 over all rows and the newest revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

/// A digest in the making: rows come in the order of keys.
#[derive(Debug, Default)]
pub(super) struct Digesting(Sha256);

impl Digesting {
    pub(super) fn row(&mut self, key: &str, revision: u64, json: &[u8]) {
        let lengths = [revision, key.len() as u64, json.len() as u64];
        lengths.iter().for_each(|number| self.0.update(number.to_le_bytes()));
        self.0.update(key);
        self.0.update(json);
    }

    pub(super) fn end(mut self, revision: u64) -> Digest {
        self.0.update(revision.to_le_bytes());
        Digest(self.0.finalize().into())
    }
}

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// The newest write's revision; 0 if there has been none.
    pub(super) revision: u64,
    pub(super) rows: BTreeMap<String, Row>,
}

/// One definition and the revision of the write that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) revision: u64,
    pub(super) json: Vec<u8>,
}

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is broken, so that it has to be made anew.
    Broken(String),
    /// The system refuses what it needs, which is no fault of the store.
    Refused {
        /// What the system says.
        why: String,
        /// What to do about it.
        advice: &'static str,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(why) => f.write_str(why),
            Self::Refused { why, advice } => write!(f, "{why}; {advice}"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let why = error.to_string();
        match advice(&error) {
            Some(advice) => Self::Refused { why, advice },
            None => Self::Broken(why),
        }
    }
}

/// What to do about an error that says nothing of what was to be read or written.
fn advice(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::StorageFull => Some("make room on its disk"),
        io::ErrorKind::QuotaExceeded => Some("make room on its disk, or raise the quota"),
        io::ErrorKind::ReadOnlyFilesystem => Some("its disk is read-only: mount it so that it can be written"),
        _ => match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE) => Some("allow more open files (`ulimit -n`)"),
            _ => None,
        },
    }
}

impl Contents {
    /// Takes in one write.
    pub(super) fn write(&mut self, revision: u64, write: &Write) {
        self.revision = self.revision.max(revision);
        match &write.json {
            Some(json) => self.rows.insert(write.key.clone(), Row { revision, json: json.clone() }),
            None => self.rows.remove(&write.key),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::memory::MemoryStore;
    use super::super::sled::SledStore;
    use super::*;

    fn write(key: &str, json: Option<&str>) -> Write {
        Write { key: key.into(), json: json.map(|json| json.as_bytes().to_vec()) }
    }

    fn row(revision: u64, json: &str) -> Row {
        Row { revision, json: json.into() }
    }

    /// What every store promises.
    fn keeps_the_contract(store: &mut impl Store) {
        assert_eq!(store.load(), Ok(Contents::default()), "a new store is empty");

        store.apply(1, &[write("b", Some("1")), write("a", Some("2")), write("c", Some("3"))]).unwrap();
        let rows = [("a".into(), row(2, "2")), ("b".into(), row(1, "1")), ("c".into(), row(3, "3"))];
        assert_eq!(store.load(), Ok(Contents { revision: 3, rows: rows.into() }), "every write has its own revision");

        store.apply(4, &[write("a", Some("4")), write("b", None), write("gone", None)]).unwrap();
        let rows = [("a".into(), row(4, "4")), ("c".into(), row(3, "3"))];
        assert_eq!(store.load(), Ok(Contents { revision: 6, rows: rows.into() }), "removals count as revisions");

        store.apply(7, &[write("c", Some("x")), write("c", None), write("c", Some("y"))]).unwrap();
        assert_eq!(store.load().unwrap().rows["c"], row(9, "y"), "the last write of a batch wins");

        let largest = "x".repeat(MAX_VALUE - VALUE_HEADER);
        store.apply(10, &[write("large", Some(&largest))]).unwrap();
        assert_eq!(store.load().unwrap().rows["large"].json.len(), largest.len());
    }

    #[test]
    fn what_the_system_refuses_is_no_fault_of_the_store() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::MFILE] {
            assert!(matches!(Fault::from(io::Error::from(errno)), Fault::Refused { .. }), "{errno}");
        }
        assert!(matches!(Fault::from(io::Error::from(Errno::IO)), Fault::Broken(_)));
    }

    #[test]
    fn the_memory_store_keeps_the_contract() {
        keeps_the_contract(&mut MemoryStore::default());
    }

    #[test]
    fn the_sled_store_keeps_the_contract_and_has_it_all_when_it_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = SledStore::open(directory.path()).unwrap();
        keeps_the_contract(&mut store);
        let contents = store.load().unwrap();
        drop(store);
        assert_eq!(SledStore::open(directory.path()).unwrap().load(), Ok(contents));
    }
}
