//! Why a journal did not take an event.

use std::fmt;
use std::sync::Arc;

/// Why something could not be appended to a journal. None of these means that the event is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// The queue before the disk is full: the disk is slower than what arrives. Try again shortly.
    Full,
    /// The file system has less room than the journal leaves to others. It takes events again when there is room.
    DiskFull {
        /// Free bytes.
        free: u64,
        /// Bytes that must stay free.
        reserve: u64,
    },
    /// The record is larger than the format can hold.
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// A write or a sync failed. The next event is tried in a new segment.
    Failed(Arc<str>),
    /// A write or a sync failed, and so did going on from there: the journal is read-only until the host is started again.
    Broken(Arc<str>),
    /// The journal is shutting down.
    Closed,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the journal's queue is full: the disk is slower than what arrives"),
            Self::DiskFull { free, reserve } => {
                write!(f, "the journal's disk is full: {free} bytes free, {reserve} must stay free")
            }
            Self::TooLarge { bytes } => {
                write!(f, "{bytes} bytes are more than one journal record can hold")
            }
            Self::Failed(cause) => write!(f, "writing the journal failed: {cause}"),
            Self::Broken(cause) => write!(f, "the journal is read-only until a restart, because writing failed: {cause}"),
            Self::Closed => f.write_str("the journal is shutting down"),
        }
    }
}

impl std::error::Error for JournalError {}
