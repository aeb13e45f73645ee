//! The connection journal: every definition ever put or removed, in order. A write's number in it is its revision.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::record::Write;
use super::store::{Contents, Digest, Digesting, Row};
use crate::journal::segment::{self, Entry, LocalDisk, Record, Sizes, Writer};
use crate::journal::{Damage, JournalError};

const PUT: u8 = 1;
const REMOVE: u8 = 2;
const VERSION: u8 = 1;
/// Definitions are few and small.
const SEGMENT: u64 = 8 << 20;

/// The connection journal, open for appending.
#[derive(Debug)]
pub(super) struct Log(Writer<LocalDisk>);

/// What the connection journal says.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// The newest write's revision; 0 if there has been none.
    pub(super) revision: u64,
    /// The last write of every key that was ever written. Without JSON: it was removed.
    pub(super) last: BTreeMap<String, (u64, Option<Vec<u8>>)>,
    /// What of the journal cannot be read.
    pub(super) damage: Vec<Damage>,
}

impl Log {
    /// Opens the journal in `directory`, which must exist, and reads all of it.
    pub(super) fn open(directory: &Path) -> io::Result<(Self, Truth)> {
        let mut truth = Truth::default();
        let sizes = Sizes { segment: SEGMENT, ..Sizes::default() };
        let opened = segment::open(directory, sizes, LocalDisk, |record| {
            let write = decode(&record).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a definition of this version"))?;
            truth.write(record.seq, write);
            Ok(())
        })?;
        truth.damage = opened.recovery.damage;
        Ok((Self(opened.writer), truth))
    }

    /// Makes the writes durable and returns the revision of the first.
    pub(super) fn append(&mut self, writes: &[Write]) -> Result<u64, JournalError> {
        self.0.append(&writes.iter().map(encode).collect::<Vec<_>>())
    }
}

impl Truth {
    pub(super) fn write(&mut self, revision: u64, write: Write) {
        self.revision = self.revision.max(revision);
        self.last.insert(write.key, (revision, write.json));
    }

    /// What a store that agrees holds.
    pub(super) fn contents(&self) -> Contents {
        let row = |(key, revision, json): (&str, u64, &[u8])| (key.to_owned(), Row { revision, json: json.to_vec() });
        Contents { revision: self.revision, rows: self.rows().map(row).collect() }
    }

    /// The digest of a store that agrees.
    pub(super) fn digest(&self) -> Digest {
        let mut digest = Digesting::default();
        self.rows().for_each(|(key, revision, json)| digest.row(key, revision, json));
        digest.end(self.revision)
    }

    /// Whether a store holds what this says.
    pub(super) fn is_in(&self, contents: &Contents) -> bool {
        let held = contents.rows.iter().map(|(key, row)| (key.as_str(), row.revision, row.json.as_slice()));
        self.revision == contents.revision && self.rows().eq(held)
    }

    /// What was put and not removed since: key, revision and JSON, by key.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, u64, &[u8])> {
        self.last.iter().filter_map(|(key, (revision, json))| Some((key.as_str(), *revision, json.as_deref()?)))
    }
}

/// `version u8 | length of the key u16 | key | JSON`.
fn encode(write: &Write) -> Entry {
    let length = u16::try_from(write.key.len()).expect("a definition that is too large was refused");
    let json = write.json.as_deref().unwrap_or_default();
    let head = [&[VERSION][..], &length.to_le_bytes(), write.key.as_bytes(), json].concat();
    Entry { kind: if write.json.is_some() { PUT } else { REMOVE }, head, blobs: Vec::new() }
}

fn decode(record: &Record) -> Option<Write> {
    let [VERSION, low, high, rest @ ..] = &record.payload[..] else { return None };
    let (key, json) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
    let key = String::from_utf8(key.to_vec()).ok()?;
    match record.kind {
        PUT => Some(Write { key, json: Some(json.to_vec()) }),
        REMOVE => Some(Write { key, json: None }),
        _ => None,
    }
}
