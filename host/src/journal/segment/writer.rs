//! The one writer of a log: puts a batch of records into the newest segment and makes it durable.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

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
    /// Is told when a segment is full and the next one begun.
    full: Full,
    /// The last write or sync failed.
    failing: bool,
    /// Something failed that cannot be put right before the log is opened again.
    broken: Option<Arc<str>>,
}

/// What is done when a segment is full.
struct Full(Box<dyn FnMut() + Send>);

impl fmt::Debug for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full")
    }
}

/// The end of the newest segment.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) segment: Arc<Segment>,
    pub(super) end: u64,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(disk: D, directory: PathBuf, sizes: Sizes, index: Arc<Index>, tail: Option<Tail>, next: u64) -> Self {
        Self {
            disk,
            directory,
            sizes,
            index,
            current: tail,
            next,
            buffer: Vec::new(),
            full: Full(Box::new(|| ())),
            failing: false,
            broken: None,
        }
    }

    /// The log's readers.
    pub(crate) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Calls `full` whenever a segment is full and the next one begun.
    pub(crate) fn tell_when_full(&mut self, full: impl FnMut() + Send + 'static) {
        self.full = Full(Box::new(full));
    }

    /// Gives no number below `least` from now on, in a new segment where that leaves a gap.
    pub(crate) fn number_from(&mut self, least: u64) {
        if least > self.next {
            self.current.take().iter().for_each(|tail| tail.seal(&self.disk));
            self.next = least;
        }
    }

    /// Appends a batch and returns the number of its first record when all of it is on disk.
    ///
    /// On an error none of the batch counts as stored, and its numbers may never be given again. The log stays usable
    /// unless the error is [`JournalError::Broken`].
    pub(crate) fn append(&mut self, batch: &[Entry]) -> Result<u64, JournalError> {
        if let Some(cause) = &self.broken {
            return Err(JournalError::Broken(Arc::clone(cause)));
        }
        self.check(batch)?;
        match self.write(batch) {
            Ok(first) => {
                self.works();
                Ok(first)
            }
            Err(error) => Err(self.failed(&error, batch.len() as u64)),
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

    fn works(&mut self) {
        if std::mem::take(&mut self.failing) {
            tracing::info!(log = %self.directory.display(), "the log can be written again");
        }
    }

    /// Leaves the segment in which a batch failed: a sync that is repeated could succeed without the data, because the
    /// page cache may have lost what the disk never got. The next batch goes to a new segment, under new numbers.
    fn failed(&mut self, error: &io::Error, records: u64) -> JournalError {
        let (log, full) = (self.directory.display(), error.kind() == io::ErrorKind::StorageFull);
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(%log, %error, "WRITING THE LOG FAILED: nothing new is accepted until it can be written again");
        }
        if let Some(tail) = self.current.take() {
            self.next += records;
            // Nobody was promised what is cut off, so nobody may find it here and take it for stored.
            if let Err(error) = self.disk.cut(&tail.segment.file, tail.end) {
                tracing::error!(%log, %error, "A FAILED COMMIT COULD NOT BE CUT OFF: the log is read-only until a restart");
                return self.break_with(&error);
            }
        }
        if full { self.disk_full() } else { JournalError::Failed(error.to_string().into()) }
    }

    fn break_with(&mut self, error: &io::Error) -> JournalError {
        let cause: Arc<str> = error.to_string().into();
        self.broken = Some(Arc::clone(&cause));
        JournalError::Broken(cause)
    }

    fn write(&mut self, batch: &[Entry]) -> io::Result<u64> {
        let bytes: u64 = batch.iter().map(|entry| (FRAME + entry.size()) as u64).sum();
        let large = batch.iter().any(|entry| entry.size() >= self.sizes.large);
        let tail = self.tail_for(bytes, large)?;
        let (segment, start, first) = (Arc::clone(&tail.segment), tail.end, self.next);
        let mut output = Output { disk: &self.disk, file: &segment.file, buffer: &mut self.buffer, at: start };
        for (entry, seq) in batch.iter().zip(first..) {
            output.put(&entry.frame(seq, segment.id))?;
            entry.parts().try_for_each(|part| output.put(part))?;
        }
        output.flush()?;
        self.disk.sync(&segment.file)?;
        segment.place_all(first, places(batch, start));
        self.next += batch.len() as u64;
        // A segment that holds a large record is full.
        self.current = Some(Tail { segment, end: start + bytes }).filter(|_| !large);
        Ok(first)
    }

    /// The segment that takes the next `bytes`: the newest if they fit, else a new one. A whole batch lies in one.
    fn tail_for(&mut self, bytes: u64, large: bool) -> io::Result<&Tail> {
        let fits = |tail: &Tail| !large && tail.end + bytes <= self.sizes.segment;
        // One with nothing in it yet would keep the name that the new one needs.
        let goes_on = |tail: &Tail| fits(tail) || tail.segment.first == self.next;
        if !self.current.as_ref().is_some_and(goes_on) {
            self.current.take().iter().for_each(|tail| tail.seal(&self.disk));
            self.current = Some(self.create(self.reserve(bytes, large))?);
            (self.full.0)();
        }
        Ok(self.current.as_ref().expect("it has just been made"))
    }

    /// What to reserve for a segment: all of it, but no more than half of the room there is, so that a small disk is used.
    fn reserve(&self, bytes: u64, large: bool) -> u64 {
        let least = bytes + header::SIZE as u64;
        if large {
            return least;
        }
        let room = self.disk.space(&self.directory).map_or(u64::MAX, |space| space.free.saturating_sub(space.reserve()));
        self.sizes.segment.min(room / 2).max(least)
    }

    /// Creates the next segment: its header and its name are on disk before any record in it is acknowledged.
    fn create(&self, reserve: u64) -> io::Result<Tail> {
        let path = header::path(&self.directory, self.next);
        let begun = self.begin(&path, reserve);
        if begun.is_err()
            && let Err(error) = self.disk.remove(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "a segment that could not be begun could not be removed");
        }
        begun
    }

    fn begin(&self, path: &Path, reserve: u64) -> io::Result<Tail> {
        let id = getrandom::u32().map_err(|error| io::Error::other(error.to_string()))?;
        let file = self.disk.create(path, reserve)?;
        self.disk.write(&file, &Header { id, first: self.next }.encode(), 0)?;
        self.disk.sync(&file)?;
        self.disk.sync_directory(&self.directory)?;
        let segment = Arc::new(Segment::new(self.next, path.to_owned(), id, file));
        self.index.insert(Arc::clone(&segment));
        Ok(Tail { segment, end: header::SIZE as u64 })
    }
}

impl Tail {
    /// Gives back what was reserved and not used. Failing costs space only.
    fn seal(&self, disk: &impl Disk) {
        if let Err(error) = disk.cut(&self.segment.file, self.end) {
            tracing::warn!(path = %self.segment.path.display(), %error, "a full segment keeps its reserved space");
        }
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
