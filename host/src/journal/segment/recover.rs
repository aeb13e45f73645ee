//! Opening a log: what its side files do not say is read and checked; what cannot be read is cut, or set aside and reported.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::header::{self, Header};
use super::record::{Record, View};
use super::side::{self, Digest, Side};
use super::writer::Tail;
use super::{Disk, Index, Segment, Sizes, Writer};
use bytes::Bytes;

/// What opening a log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that are there and whole.
    pub records: u64,
    /// Bytes cut from the end of the newest segment: a commit that was interrupted and that nobody was promised.
    pub torn_bytes: u64,
    /// Records that were promised and cannot be read, oldest first.
    pub damage: Vec<Damage>,
}

/// A part of a segment that cannot be read although something readable follows it. It is left where it is, and copied to
/// a file of its own ([`Damage::set_aside`]) that outlives the segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// The bytes in it.
    pub bytes: Range<u64>,
    /// The numbers of the lost records, as far as they can be told.
    pub lost: Range<u64>,
}

impl Damage {
    /// The file that holds the damaged bytes, for whoever wants to look at them. Nothing ever removes it.
    pub fn set_aside(&self) -> PathBuf {
        match self.bytes.start {
            0 => self.path.with_extension(DAMAGED),
            start => self.path.with_extension(format!("{start}.{DAMAGED}")),
        }
    }
}

/// What the name of a file ends with that nobody reads any more.
const DAMAGED: &str = "damaged";

/// An opened log.
pub(crate) struct Opened<D> {
    pub(crate) writer: Writer<D>,
    pub(crate) recovery: Recovery,
}

/// Opens the log in `directory`, which must exist, and shows every record to `visit`, in order.
pub(crate) fn open<D: Disk>(
    directory: &Path,
    sizes: Sizes,
    disk: D,
    mut visit: impl FnMut(Record) -> io::Result<()>,
) -> io::Result<Opened<D>> {
    open_each(directory, sizes, disk, |scan, part| scan.segment(part, &mut visit))
}

/// Opens the log in `directory`, which must exist, and shows what there is to know of every segment to `visit`, in order.
/// Sealed segments are only read where they have no side file that holds; they get one then.
pub(crate) fn open_by_digests<D: Disk, G: Digest>(
    directory: &Path,
    sizes: Sizes,
    disk: D,
    mut visit: impl FnMut(G) -> io::Result<()>,
) -> io::Result<Opened<D>> {
    side::remove_orphans(&disk, directory)?;
    open_each(directory, sizes, disk, |scan, part| match scan.by_side_file(part)? {
        Some(digest) => visit(digest),
        None => visit(scan.by_records(part)?),
    })
}

fn open_each<D: Disk>(
    directory: &Path,
    sizes: Sizes,
    disk: D,
    mut read: impl FnMut(&mut Scan<'_, D>, Part<'_>) -> io::Result<()>,
) -> io::Result<Opened<D>> {
    let mut scan = Scan { disk: &disk, index: Arc::default(), recovery: Recovery::default(), next: 1, tail: None };
    let paths = segments(directory)?;
    for (place, (first, path)) in paths.iter().enumerate() {
        let until = paths.get(place + 1).map(|(next, _)| *next);
        read(&mut scan, Part { first: *first, path, until }).map_err(|error| named(path, &error))?;
    }
    let Scan { index, recovery, next, tail, .. } = scan;
    if let Some(tail) = &tail {
        super::disk::reserve_blocks(&tail.segment.file, sizes.segment.max(tail.end)).or_else(no_room)?;
    }
    disk.sync_directory(directory)?;
    report(directory, &recovery);
    let writer = Writer::new(disk, directory.to_owned(), sizes, index, tail, next);
    Ok(Opened { writer, recovery })
}

/// A full disk is told to those who append, not to those who only want to read what is there.
fn no_room(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::StorageFull { Ok(()) } else { Err(error) }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn segments(directory: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        found.extend(header::first_of(&path).map(|first| (first, path)));
    }
    found.sort();
    Ok(found)
}

fn report(directory: &Path, recovery: &Recovery) {
    let log = directory.display();
    if recovery.torn_bytes > 0 {
        tracing::info!(%log, bytes = recovery.torn_bytes, "an interrupted commit was cut off");
    }
    for damage in &recovery.damage {
        let (Damage { path, bytes, lost }, aside) = (damage, damage.set_aside());
        tracing::error!(
            %log, path = %path.display(), ?bytes, ?lost, set_aside = %aside.display(),
            "DAMAGED RECORDS were set aside: what they held is lost, all others are there"
        );
    }
}

/// Sees every record. Its payload shares the memory of the whole segment, so what is kept of it must be copied.
type Visit<'v> = dyn FnMut(Record) -> io::Result<()> + 'v;

/// A segment file by its name.
#[derive(Clone, Copy)]
struct Part<'p> {
    /// The number of its first record.
    first: u64,
    path: &'p Path,
    /// That of the segment after it, if there is one.
    until: Option<u64>,
}

struct Scan<'d, D> {
    disk: &'d D,
    index: Arc<Index>,
    recovery: Recovery,
    /// The number the next record must have at least.
    next: u64,
    tail: Option<Tail>,
}

impl<D: Disk> Scan<'_, D> {
    /// Takes a sealed segment by its side file, if it has one that holds.
    fn by_side_file<G: Digest>(&mut self, part: Part<'_>) -> io::Result<Option<G>> {
        let Part { first, path, until: Some(_) } = part else { return Ok(None) };
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut begin = [0; header::SIZE];
        let whole = file.read_exact_at(&mut begin, 0).is_ok();
        let Some(header) = Header::decode(&begin).filter(|header| whole && header.first == first) else { return Ok(None) };
        let Some(side) = Side::read(path, header.id, file.metadata()?.len()) else { return Ok(None) };
        let Some(digest) = G::decode(&side.digest) else { return Ok(None) };
        self.next = self.next.max(first + side.places.len() as u64);
        self.recovery.records += side.places.iter().filter(|(_, length)| *length > 0).count() as u64;
        self.recovery.damage.extend(side.damage);
        let segment = Segment::new(first, path.to_owned(), header.id, file);
        segment.place_all(first, side.places.into_iter());
        segment.mark_digested();
        self.index.insert(Arc::new(segment));
        Ok(Some(digest))
    }

    /// Reads a segment and writes its side file if it is sealed.
    fn by_records<G: Digest>(&mut self, part: Part<'_>) -> io::Result<G> {
        let (mut digest, known) = (G::default(), self.recovery.damage.len());
        self.segment(part, &mut |record| digest.note(&record))?;
        if part.until.is_some()
            && let Some(segment) = self.index.segment(part.first)
            && let Err(error) = segment.write_side(self.disk, &self.recovery.damage[known..], &digest)
        {
            tracing::warn!(path = %part.path.display(), %error, "the segment has no side file: it is read again at the next start");
        }
        Ok(digest)
    }

    /// Reads a segment.
    fn segment(&mut self, part: Part<'_>, visit: &mut Visit<'_>) -> io::Result<()> {
        let Part { first, path, until } = part;
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let bytes = read_all(&file)?;
        self.next = self.next.max(first);
        let Some(header) = Header::decode(&bytes).filter(|header| header.first == first) else {
            return self.headless(path, bytes.len(), until);
        };
        let segment = Arc::new(Segment::new(first, path.to_owned(), header.id, file));
        let end = self.records(&segment, &bytes, visit)?;
        match until {
            None => {
                self.cut(&segment, end, bytes.len())?;
                self.make_durable(&segment, &bytes[..end])?;
                self.tail = Some(Tail { segment: Arc::clone(&segment), end: end as u64 });
            }
            // Nothing is missing: that was never a record.
            Some(until) if self.next >= until => self.cut(&segment, end, bytes.len())?,
            Some(until) if end < bytes.len() => {
                self.damaged(path, &bytes, end..bytes.len(), self.next..until)?;
            }
            // A commit has failed here and was cut off. Now that nobody will find it, it must not come back.
            Some(_) => self.make_end_durable(&segment, end)?,
        }
        self.index.insert(segment);
        Ok(())
    }

    /// Visits all whole records and returns the end of the last one.
    fn records(&mut self, segment: &Segment, bytes: &Bytes, visit: &mut Visit<'_>) -> io::Result<usize> {
        let mut end = header::SIZE;
        while let Some((at, view)) = self.next_record(bytes, end, segment.id) {
            if at > end {
                self.damaged(&segment.path, bytes, end..at, self.next..view.seq)?;
            }
            segment.place(view.seq, at as u64, view.size());
            end = at + view.size();
            self.next = view.seq + 1;
            self.recovery.records += 1;
            let payload = bytes.slice_ref(view.payload);
            visit(Record { seq: view.seq, kind: view.kind, payload })?;
        }
        Ok(end)
    }

    /// The first whole record at or behind `from` whose number has not been there yet.
    fn next_record<'b>(&self, bytes: &'b [u8], from: usize, id: u32) -> Option<(usize, View<'b>)> {
        (from..bytes.len()).find_map(|at| {
            let view = View::parse(&bytes[at..], id).filter(|view| view.seq >= self.next)?;
            Some((at, view))
        })
    }

    /// A segment whose header is not whole. The newest one may just have been created; nothing in it was promised.
    fn headless(&mut self, path: &Path, bytes: usize, until: Option<u64>) -> io::Result<()> {
        if until.is_none() && bytes <= header::SIZE {
            self.recovery.torn_bytes += bytes as u64;
            return self.disk.remove(path);
        }
        let damage = Damage { path: path.to_owned(), bytes: 0..bytes as u64, lost: self.next..until.unwrap_or(self.next) };
        // Under another name, so that its numbers cannot be given to a second file of the same name.
        self.disk.rename(path, &damage.set_aside())?;
        self.recovery.damage.push(damage);
        Ok(())
    }

    /// Writes once more what was read. A process that was killed between writing and syncing leaves records that are on no
    /// disk yet; after a sync that failed they are there for readers, and no sync will ever write them. The same goes for
    /// where the file ends: what was cut off behind it would come back and be taken for what is written there next.
    fn make_durable(&self, segment: &Segment, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(&segment.file, bytes, 0)?;
        self.make_end_durable(segment, bytes.len())
    }

    fn make_end_durable(&self, segment: &Segment, end: usize) -> io::Result<()> {
        self.disk.cut(&segment.file, end as u64 + 1)?;
        self.disk.cut(&segment.file, end as u64)?;
        self.disk.sync(&segment.file)
    }

    fn cut(&mut self, segment: &Segment, end: usize, length: usize) -> io::Result<()> {
        if end < length {
            self.recovery.torn_bytes += (length - end) as u64;
            self.disk.cut(&segment.file, end as u64)?;
            self.disk.sync(&segment.file)?;
        }
        Ok(())
    }

    /// Notes a part that cannot be read and copies it to a file of its own.
    fn damaged(&mut self, path: &Path, content: &[u8], bytes: Range<usize>, lost: Range<u64>) -> io::Result<()> {
        let damage = Damage { path: path.to_owned(), bytes: bytes.start as u64..bytes.end as u64, lost };
        match self.set_aside(&damage, &content[bytes]) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                tracing::warn!(path = %path.display(), "no room to set damaged records aside: they stay in their segment");
            }
            done => done?,
        }
        self.recovery.damage.push(damage);
        Ok(())
    }

    fn set_aside(&self, damage: &Damage, bytes: &[u8]) -> io::Result<()> {
        let path = damage.set_aside();
        if path.metadata().is_ok_and(|there| there.len() == bytes.len() as u64) {
            return Ok(());
        }
        let file = self.disk.create(&path, bytes.len() as u64)?;
        self.disk.write(&file, bytes, 0)?;
        self.disk.sync(&file)
    }
}

fn read_all(mut file: &File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
