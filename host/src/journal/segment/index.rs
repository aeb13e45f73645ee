//! Where every record of a log lies, in memory, without its payload: eight bytes a record.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use super::Disk;
use super::header;
use super::record::{FRAME, Record, View};
use super::recover::Damage;
use super::side::{self, Digest, Side};

/// All segments of a log. Written by the log's writer, read by everybody.
#[derive(Debug, Default)]
pub(crate) struct Index {
    segments: RwLock<BTreeMap<u64, Arc<Segment>>>,
}

/// One segment file, open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The number of its first record; also its name.
    pub(crate) first: u64,
    /// Where it lies.
    pub(crate) path: PathBuf,
    pub(super) id: u32,
    pub(super) file: File,
    places: RwLock<Vec<Place>>,
    digested: AtomicBool,
}

/// A record's bytes in its segment. A length of zero means that the record is lost.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u32,
    length: u32,
}

impl Index {
    /// Reads one record. `None`: there is none with this number (not yet, no more, or lost to damage).
    pub(crate) fn read(&self, seq: u64) -> io::Result<Option<Record>> {
        let Some(segment) = self.segment_of(seq) else {
            return Ok(None);
        };
        segment.read(seq)
    }

    /// Reads the records from `from` on, in order, as far as the log goes at the moment each is asked for.
    pub(crate) fn scan(&self, from: u64) -> impl Iterator<Item = io::Result<Record>> + '_ {
        let mut next = from;
        std::iter::from_fn(move || {
            loop {
                next = self.at_or_after(next)?;
                let read = self.read(next).transpose();
                next += 1;
                if read.is_some() {
                    return read;
                }
            }
        })
    }

    /// The segments that take no more records, oldest first: all but the newest.
    pub(crate) fn sealed(&self) -> Vec<Arc<Segment>> {
        let mut sealed = self.all();
        sealed.pop();
        sealed
    }

    /// All segments, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets a segment; its file is the caller's to remove. Whoever is reading it now finishes undisturbed.
    pub(crate) fn forget(&self, segment: &Segment) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&segment.first);
    }

    /// Removes a sealed segment with its side file.
    pub(crate) fn remove(&self, disk: &dyn Disk, segment: &Segment) -> io::Result<()> {
        disk.remove(&segment.path)?;
        self.forget(segment);
        if segment.digested.load(Ordering::Relaxed) {
            // One that stays is removed at the next start.
            let _ = disk.remove(&side::path(&segment.path));
        }
        Ok(())
    }

    pub(super) fn insert(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(segment.first, segment);
    }

    pub(super) fn segment(&self, first: u64) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).get(&first).cloned()
    }

    /// Whether there is such a record.
    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.segment_of(seq).is_some_and(|segment| segment.place_of(seq).is_some())
    }

    fn segment_of(&self, seq: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.range(..=seq).next_back().map(|(_, segment)| Arc::clone(segment))
    }

    /// The smallest number from `seq` on that a segment knows.
    fn at_or_after(&self, seq: u64) -> Option<u64> {
        if self.segment_of(seq).is_some_and(|segment| seq < segment.next()) {
            return Some(seq);
        }
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let later = segments.range(seq..).map(|(_, segment)| segment);
        later.filter(|segment| segment.next() > segment.first).map(|segment| segment.first).next()
    }
}

impl Segment {
    pub(super) fn new(first: u64, path: PathBuf, id: u32, file: File) -> Self {
        Self { first, path, id, file, places: RwLock::default(), digested: AtomicBool::new(false) }
    }

    /// The number after its last record.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.places.read().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Where its last durable record ends.
    pub(super) fn end(&self) -> u64 {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let end = |place: &Place| u64::from(place.offset) + u64::from(place.length);
        places.iter().map(end).max().unwrap_or(0).max(header::SIZE as u64)
    }

    /// Notes where the record `seq` lies; numbers that were skipped are lost.
    pub(super) fn place(&self, seq: u64, offset: u64, length: usize) {
        self.place_all(seq, std::iter::once((offset, length)));
    }

    /// Notes where the records from `first` on lie.
    pub(super) fn place_all(&self, first: u64, places: impl Iterator<Item = (u64, usize)>) {
        let mut known = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let index = usize::try_from(first - self.first).expect("a segment holds fewer records than bytes");
        known.resize(index, Place { offset: 0, length: 0 });
        known.extend(places.map(|(offset, length)| Place {
            offset: u32::try_from(offset).expect("a record begins within its segment's size"),
            length: u32::try_from(length).expect("the writer refuses larger records"),
        }));
    }

    /// Its side file is there, or cannot be made before the next start.
    pub(super) fn mark_digested(&self) {
        self.digested.store(true, Ordering::Relaxed);
    }

    /// Writes the side file of a sealed segment that has none.
    ///
    /// Where the segment ends is on disk then, so that no commit that failed in it can come back.
    pub(crate) fn digest<G: Digest>(&self, disk: &dyn Disk) -> io::Result<()> {
        if self.digested.load(Ordering::Relaxed) {
            return Ok(());
        }
        let end = self.file.metadata()?.len();
        disk.cut(&self.file, end + 1)?;
        disk.cut(&self.file, end)?;
        disk.sync(&self.file)?;
        match self.read_digest::<G>() {
            Ok(digest) => self.write_side(disk, &[], &digest),
            Err(error) => {
                tracing::error!(path = %self.path.display(), %error, "A RECORD CANNOT BE READ: it is set aside at the next start");
                self.mark_digested();
                Ok(())
            }
        }
    }

    /// What there is to know of a sealed segment, from its side file if it has one.
    pub(crate) fn known<G: Digest>(&self) -> io::Result<G> {
        let side = Side::read(&self.path, self.id, self.file.metadata()?.len());
        side.and_then(|side| G::decode(&side.digest)).map_or_else(|| self.read_digest(), Ok)
    }

    fn read_digest<G: Digest>(&self) -> io::Result<G> {
        let mut digest = G::default();
        for seq in self.first..self.next() {
            if let Some(record) = self.read(seq)? {
                digest.note(&record)?;
            }
        }
        Ok(digest)
    }

    pub(super) fn write_side(&self, disk: &dyn Disk, damage: &[Damage], digest: &impl Digest) -> io::Result<()> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let places = places.iter().map(|place| (u64::from(place.offset), place.length as usize)).collect();
        let side = Side { places, damage: damage.to_vec(), digest: digest.encode() };
        side.write(disk, &self.path, self.id, self.file.metadata()?.len())?;
        self.mark_digested();
        Ok(())
    }

    fn place_of(&self, seq: u64) -> Option<Place> {
        let index = usize::try_from(seq - self.first).ok()?;
        let place = self.places.read().unwrap_or_else(PoisonError::into_inner).get(index).copied();
        place.filter(|place| place.length > 0)
    }

    fn read(&self, seq: u64) -> io::Result<Option<Record>> {
        let Some(place) = self.place_of(seq) else {
            return Ok(None);
        };
        let mut bytes = vec![0; place.length as usize];
        self.file.read_exact_at(&mut bytes, u64::from(place.offset))?;
        let Some(View { kind, .. }) = View::parse(&bytes, self.id).filter(|view| view.seq == seq) else {
            let at = format!("record {seq} in {} is damaged", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, at));
        };
        Ok(Some(Record { seq, kind, payload: Bytes::from(bytes).slice(FRAME..) }))
    }
}
