//! The one writer of a log: puts a batch of records into the newest segment and makes it durable.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::header::{self, Header};
use super::record::{Entry, FRAME, MAX_PAYLOAD};
use super::{Disk, Index, Segment, Sizes};
use crate::journal::JournalError;

/// Parts of at least this many bytes are written from where they lie instead of through the buffer.
const COPY_BELOW: usize = 256 << 10;

/// Appends to a log. There is one for each log directory.
#[derive(Debug)]
pub(crate) struct Writer<D> {
    disk: D,
    directory: PathBuf,
    sizes: Sizes,
    index: Arc<Index>,
    /// The segment that takes the next records, and where they go in it. None: the next batch needs a new one.
    current: Option<Tail>,
    next: u64,
    buffer: Vec<u8>,
    broken: Option<Arc<str>>,
}

/// The end of the newest segment.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) segment: Arc<Segment>,
    pub(super) end: u64,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(disk: D, directory: PathBuf, sizes: Sizes, index: Arc<Index>, tail: Option<Tail>, next: u64) -> Self {
        Self { disk, directory, sizes, index, current: tail, next, buffer: Vec::new(), broken: None }
    }

    /// The log's readers.
    pub(crate) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Gives no number below `least` from now on, in a new segment where that leaves a gap.
    pub(crate) fn number_from(&mut self, least: u64) {
        if least > self.next {
            self.current.take().iter().for_each(Tail::seal);
            self.next = least;
        }
    }

    /// Appends a batch and returns the number of its first record when all of it is on disk.
    ///
    /// On an error none of the batch counts as stored. [`JournalError::DiskFull`] and [`JournalError::TooLarge`] leave
    /// the log usable; any other error breaks it.
    pub(crate) fn append(&mut self, batch: &[Entry]) -> Result<u64, JournalError> {
        if let Some(cause) = &self.broken {
            return Err(JournalError::Broken(Arc::clone(cause)));
        }
        self.check(batch)?;
        match self.write(batch) {
            Ok(first) => Ok(first),
            Err(Failure::NoRoom) => Err(self.disk_full()),
            Err(Failure::Fatal(error)) => Err(self.break_with(&error)),
        }
    }

    fn check(&self, batch: &[Entry]) -> Result<(), JournalError> {
        if let Some(bytes) = batch.iter().map(Entry::size).find(|size| *size > MAX_PAYLOAD) {
            return Err(JournalError::TooLarge { bytes });
        }
        match self.disk.space(&self.directory) {
            Ok(space) if space.free < space.reserve() => Err(self.disk_full()),
            _ => Ok(()),
        }
    }

    fn disk_full(&self) -> JournalError {
        let (free, reserve) = self.disk.space(&self.directory).map_or((0, 0), |space| (space.free, space.reserve()));
        JournalError::DiskFull { free, reserve }
    }

    fn break_with(&mut self, error: &io::Error) -> JournalError {
        let cause: Arc<str> = error.to_string().into();
        tracing::error!(log = %self.directory.display(), %error, "WRITING THE LOG FAILED: it is read-only until a restart");
        self.broken = Some(Arc::clone(&cause));
        JournalError::Broken(cause)
    }

    fn write(&mut self, batch: &[Entry]) -> Result<u64, Failure> {
        let bytes: u64 = batch.iter().map(|entry| (FRAME + entry.size()) as u64).sum();
        let large = batch.iter().any(|entry| entry.size() >= self.sizes.large);
        let tail = self.tail_for(bytes, large)?;
        let first = self.next;
        let start = tail.end;
        let mut output = Output { disk: &self.disk, file: &tail.segment.file, buffer: &mut self.buffer, at: start };
        for (entry, seq) in batch.iter().zip(first..) {
            output.put(&entry.frame(seq, tail.segment.id))?;
            entry.parts().try_for_each(|part| output.put(part))?;
        }
        output.flush()?;
        self.disk.sync(&tail.segment.file)?;
        tail.segment.place_all(first, places(batch, start));
        self.next += batch.len() as u64;
        // A segment that holds a large record is full.
        self.current = Some(Tail { end: start + bytes, ..tail }).filter(|_| !large);
        Ok(first)
    }

    /// The segment that takes the next `bytes`: the newest if they fit, else a new one. A whole batch lies in one.
    fn tail_for(&mut self, bytes: u64, large: bool) -> Result<Tail, Failure> {
        match self.current.take() {
            Some(tail) if !large && tail.end + bytes <= self.sizes.segment => Ok(tail),
            // Nothing in it yet, so it would keep the name that the new one needs.
            Some(tail) if tail.segment.first == self.next => Ok(tail),
            full => {
                full.iter().for_each(Tail::seal);
                let reserve = if large { bytes + header::SIZE as u64 } else { self.sizes.segment };
                self.create(reserve)
            }
        }
    }

    /// Creates the next segment: its header and its name are on disk before any record in it is acknowledged.
    fn create(&self, reserve: u64) -> Result<Tail, Failure> {
        let path = header::path(&self.directory, self.next);
        let id = getrandom::u32().map_err(|error| io::Error::other(error.to_string()))?;
        let file = self.disk.create(&path, reserve).map_err(|error| self.not_created(&path, error))?;
        self.disk.write(&file, &Header { id, first: self.next }.encode(), 0)?;
        self.disk.sync(&file)?;
        self.disk.sync_directory(&self.directory)?;
        let segment = Arc::new(Segment::new(self.next, path, id, file));
        self.index.insert(Arc::clone(&segment));
        Ok(Tail { segment, end: header::SIZE as u64 })
    }

    /// No room for a new segment is no damage: nothing was written that anybody waits for.
    fn not_created(&self, path: &std::path::Path, error: io::Error) -> Failure {
        if error.kind() != io::ErrorKind::StorageFull {
            return Failure::Fatal(error);
        }
        if let Err(error) = std::fs::remove_file(path) {
            tracing::warn!(path = %path.display(), %error, "an empty segment could not be removed");
        }
        Failure::NoRoom
    }
}

impl Tail {
    /// Gives back what was reserved and not used. Failing costs space only.
    fn seal(&self) {
        if let Err(error) = self.segment.file.set_len(self.end) {
            tracing::warn!(path = %self.segment.path.display(), %error, "a full segment keeps its reserved space");
        }
    }
}

enum Failure {
    NoRoom,
    Fatal(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Fatal(error)
    }
}

fn places(batch: &[Entry], start: u64) -> impl Iterator<Item = (u64, usize)> {
    batch.iter().scan(start, |offset, entry| {
        let place = (*offset, FRAME + entry.size());
        *offset += place.1 as u64;
        Some(place)
    })
}

/// Gathers small parts into one write and lets large ones pass.
struct Output<'w, D> {
    disk: &'w D,
    file: &'w File,
    buffer: &'w mut Vec<u8>,
    at: u64,
}

impl<D: Disk> Output<'_, D> {
    fn put(&mut self, part: &[u8]) -> io::Result<()> {
        if part.len() < COPY_BELOW {
            self.buffer.extend_from_slice(part);
            return Ok(());
        }
        self.flush()?;
        self.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(self.buffer);
        let written = self.write(&buffer);
        *self.buffer = buffer;
        self.buffer.clear();
        written
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !bytes.is_empty() {
            self.disk.write(self.file, bytes, self.at)?;
            self.at += bytes.len() as u64;
        }
        Ok(())
    }
}
