//! The framing of one record: `len u32 | crc32c u32 | seq u64 | segment u32 | kind u8 | payload`, little-endian.
//!
//! `len` counts what follows the checksum; the checksum covers it. The segment's id is in every record, so that bytes
//! left over from another file can never be taken for a record of this one.

use bytes::Bytes;

/// Bytes before the payload.
pub(super) const FRAME: usize = 21;
/// Bytes that `len` and the checksum themselves take.
const PREFIX: usize = 8;
/// The largest payload: what a `u32` length can say, with room for the frame.
pub(super) const MAX_PAYLOAD: usize = u32::MAX as usize - FRAME;

/// One record to be appended: its head is written first, then its blobs, as one payload.
///
/// Blobs are shared with whoever made them (a request's body, a bundle's JSON) and copied only once, into the
/// commit's buffer, or not at all if they are large.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// What kind of record this is; the log's user decides.
    pub(crate) kind: u8,
    /// The small, freshly encoded part.
    pub(crate) head: Vec<u8>,
    /// The parts that exist already.
    pub(crate) blobs: Vec<Bytes>,
}

impl Entry {
    /// Bytes of payload.
    pub(crate) fn size(&self) -> usize {
        self.head.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.head.as_slice()).chain(self.blobs.iter().map(|blob| &blob[..]))
    }

    /// The bytes that go before the payload.
    pub(super) fn frame(&self, seq: u64, segment: u32) -> [u8; FRAME] {
        let mut frame = [0; FRAME];
        let length = u32::try_from(FRAME - PREFIX + self.size()).expect("the writer refuses larger payloads");
        frame[0..4].copy_from_slice(&length.to_le_bytes());
        frame[8..16].copy_from_slice(&seq.to_le_bytes());
        frame[16..20].copy_from_slice(&segment.to_le_bytes());
        frame[20] = self.kind;
        let start = crc32c::crc32c(&frame[PREFIX..]);
        let checksum = self.parts().fold(start, crc32c::crc32c_append);
        frame[4..8].copy_from_slice(&checksum.to_le_bytes());
        frame
    }
}

/// One record as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its number in the log.
    pub(crate) seq: u64,
    /// What kind of record this is.
    pub(crate) kind: u8,
    /// Its content. Slices of it share its memory.
    pub(crate) payload: Bytes,
}

/// A whole record at the beginning of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'b> {
    pub(super) seq: u64,
    pub(super) kind: u8,
    pub(super) payload: &'b [u8],
}

impl<'b> View<'b> {
    /// Reads the record that `bytes` begin with; `None` unless it is whole, of this segment, and its checksum holds.
    pub(super) fn parse(bytes: &'b [u8], segment: u32) -> Option<Self> {
        let length = u32_at(bytes, 0)? as usize;
        let covered = bytes.get(PREFIX..PREFIX.checked_add(length)?)?;
        if length < FRAME - PREFIX || u32_at(bytes, 16)? != segment {
            return None;
        }
        if crc32c::crc32c(covered) != u32_at(bytes, 4)? {
            return None;
        }
        let seq = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
        Some(Self { seq, kind: bytes[20], payload: &bytes[FRAME..PREFIX + length] })
    }

    /// Bytes the record takes in its segment.
    pub(super) fn size(&self) -> usize {
        FRAME + self.payload.len()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
