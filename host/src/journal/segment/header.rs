//! A segment file's name and its first 32 bytes: `magic 8 | segment u32 | reserved u32 | first seq u64 | reserved u32 | crc32c u32`.

use std::path::{Path, PathBuf};

/// Bytes of the header; the first record begins behind them.
pub(super) const SIZE: usize = 32;
const MAGIC: &[u8; 8] = b"hwlog\0\0\x01";
const EXTENSION: &str = "segment";

/// What a segment says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// A random number, so that a sender cannot put bytes into a body that would pass for a record.
    pub(super) id: u32,
    /// The number of its first record.
    pub(super) first: u64,
}

impl Header {
    pub(super) fn encode(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&self.id.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..28]);
        bytes[28..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SIZE] = bytes.get(..SIZE)?.try_into().ok()?;
        let checksum = u32::from_le_bytes(bytes[28..].try_into().ok()?);
        let known = bytes[..8] == *MAGIC && crc32c::crc32c(&bytes[..28]) == checksum;
        known.then_some(Self {
            id: u32::from_le_bytes(bytes[8..12].try_into().ok()?),
            first: u64::from_le_bytes(bytes[16..24].try_into().ok()?),
        })
    }
}

/// Where the segment that begins with record `first` lies.
pub(super) fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}.{EXTENSION}"))
}

/// The first record's number from a segment's path; `None` for any other file.
pub(super) fn first_of(path: &Path) -> Option<u64> {
    if path.extension()? != EXTENSION {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}
