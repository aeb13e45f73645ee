//! A sealed segment's side file: where its records lie and what the log's user has to know of them, so that opening a log
//! does not read the records themselves.
//!
//! It is written from the segment and never trusted over it: one that is missing, torn, damaged, or of another length or
//! id than the segment is made anew. `magic 8 | segment u32 | length u64 | places | damage | digest | crc32c u32`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::varint::{put, put_bytes, take, take_bytes};
use super::recover::Damage;
use super::{Disk, Record};

const MAGIC: &[u8; 8] = b"hwside\0\x01";
const EXTENSION: &str = "side";
/// Bytes before the places.
const FIXED: usize = 20;

/// What a log's user has to know of a segment when the log is opened. The default is that of a segment without records.
pub(crate) trait Digest: Default {
    /// Notes the next record.
    fn note(&mut self, record: &Record) -> io::Result<()>;
    /// As bytes.
    fn encode(&self) -> Vec<u8>;
    /// What [`encode`](Self::encode) made bytes of; nothing where another version has.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// What a side file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    /// Where each record lies, in the order of their numbers, without gaps; a length of zero: it is lost.
    pub(super) places: Vec<(u64, usize)>,
    pub(super) damage: Vec<Damage>,
    pub(super) digest: Vec<u8>,
}

/// Where the side file of a segment lies.
pub(super) fn path(segment: &Path) -> PathBuf {
    segment.with_extension(EXTENSION)
}

/// Removes side files whose segment is gone.
pub(super) fn remove_orphans(disk: &impl Disk, directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let side = entry?.path();
        if side.extension().is_some_and(|extension| extension == EXTENSION) && !side.with_extension("segment").exists() {
            disk.remove(&side)?;
        }
    }
    Ok(())
}

impl Side {
    /// Reads the side file of a segment with this id and length, if there is one that holds.
    pub(super) fn read(segment: &Path, id: u32, length: u64) -> Option<Self> {
        let bytes = fs::read(path(segment)).ok()?;
        let (content, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(content) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (fixed, mut rest) = content.split_at_checked(FIXED)?;
        let agrees = fixed[..8] == *MAGIC && fixed[8..12] == id.to_le_bytes() && fixed[12..] == length.to_le_bytes();
        agrees.then(|| Self::decode(&mut rest, segment)).flatten()
    }

    /// Writes it. Nobody waits for the disk: a side file that does not get there is made anew.
    pub(super) fn write(&self, disk: &dyn Disk, segment: &Path, id: u32, length: u64) -> io::Result<()> {
        let bytes = self.encode(id, length);
        let file = disk.create(&path(segment), bytes.len() as u64)?;
        disk.write(&file, &bytes, 0)
    }

    fn encode(&self, id: u32, length: u64) -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &id.to_le_bytes(), &length.to_le_bytes()].concat();
        put(&mut bytes, self.places.len() as u64);
        let mut end = 0;
        for (offset, length) in &self.places {
            put(&mut bytes, *length as u64);
            if *length > 0 {
                put(&mut bytes, offset - end);
                end = offset + *length as u64;
            }
        }
        put(&mut bytes, self.damage.len() as u64);
        for Damage { bytes: part, lost, .. } in &self.damage {
            [part.start, part.end, lost.start, lost.end].into_iter().for_each(|number| put(&mut bytes, number));
        }
        put_bytes(&mut bytes, &self.digest);
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(rest: &mut &[u8], segment: &Path) -> Option<Self> {
        let mut end = 0;
        let place = |rest: &mut &[u8]| {
            let length = take(rest)?;
            let offset = if length > 0 { end + take(rest)? } else { 0 };
            end = end.max(offset + length);
            Some((offset, usize::try_from(length).ok()?))
        };
        let places = list(rest, place)?;
        let damage = list(rest, |rest| {
            let [start, end, first, next] = [take(rest)?, take(rest)?, take(rest)?, take(rest)?];
            Some(Damage { path: segment.to_owned(), bytes: start..end, lost: first..next })
        })?;
        let digest = take_bytes(rest)?.to_vec();
        rest.is_empty().then_some(Self { places, damage, digest })
    }
}

fn list<T>(rest: &mut &[u8], mut each: impl FnMut(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let length = take(rest)?;
    (0..length).map(|_| each(rest)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::LocalDisk;
    use super::*;

    fn side(segment: &Path) -> Side {
        let damage = Damage { path: segment.to_owned(), bytes: 132..232, lost: 2..3 };
        Side { places: vec![(32, 100), (0, 0), (232, 500)], damage: vec![damage], digest: b"digest".to_vec() }
    }

    #[test]
    fn what_was_written_is_read_for_that_segment_only() {
        let directory = tempfile::tempdir().unwrap();
        let segment = directory.path().join("1.segment");
        side(&segment).write(&LocalDisk, &segment, 7, 732).unwrap();
        assert_eq!(Side::read(&segment, 7, 732), Some(side(&segment)));
        assert_eq!((Side::read(&segment, 8, 732), Side::read(&segment, 7, 731)), (None, None));
    }

    #[test]
    fn a_side_file_with_any_byte_changed_or_missing_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let segment = directory.path().join("1.segment");
        let whole = side(&segment).encode(7, 732);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for bytes in [&changed[..], &whole[..at]] {
                fs::write(path(&segment), bytes).unwrap();
                assert_eq!(Side::read(&segment, 7, 732), None, "byte {at}");
            }
        }
    }
}
