//! An append-only log of records in segment files: the engine under the event journal, the delivery log and the
//! connection journal.
//!
//! A log is a directory of segments. A segment is a file named after its first sequence number; it begins with a
//! header and goes on with records. Records are numbered densely from 1 and never change. One [`Writer`] appends
//! (alone, or driven by a [`Committer`] for many waiting tasks); any number of readers go through the [`Index`],
//! which knows where each record lies and holds no payloads.
//!
//! What is promised: when [`Writer::append`] returns `Ok`, the records are on disk (`fdatasync`). When a write or a
//! sync fails, its segment is left and the log goes on in a new one: the page cache may have lost what the disk never
//! got, and a second try in the same file could succeed without the data. For the same reason opening a log writes its
//! newest segment once more: what was read there may have been in the page cache only. So may where an older segment ends in
//! which a commit failed; that is made durable then, too.

mod committer;
mod copy;
mod disk;
mod header;
mod index;
mod record;
mod recover;
mod side;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod simulated;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use committer::{Committer, Queue};
pub(crate) use disk::{Disk, LocalDisk};
pub(crate) use index::{Index, Segment};
pub(crate) use record::{Entry, Record};
pub(crate) use recover::{Opened, open, open_by_digests};
pub(crate) use side::Digest;
pub(crate) use writer::Writer;

#[cfg(test)]
pub(crate) use disk::failing;

pub use recover::{Damage, Recovery};

/// The sizes of a log. The defaults are measured; tests take small ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Bytes after which a segment is full; also what is reserved on disk when it is created.
    pub(crate) segment: u64,
    /// Payloads of at least this many bytes get a segment of their own, so that one huge body does not decide when
    /// its neighbours' segment can be deleted, nor sit in their commit.
    pub(crate) large: usize,
    /// Records in one commit at most.
    pub(crate) commit_records: usize,
    /// Payload bytes in one commit at most (a single larger record is a commit of its own).
    pub(crate) commit_bytes: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: 64 << 20, large: 8 << 20, commit_records: 1024, commit_bytes: 1 << 20 }
    }
}
