//! How much there is of what, now.

use prometheus_client::metrics::histogram::Histogram;

use super::Journal;

/// What somebody who watches the journal looks at.
pub(crate) struct Levels {
    /// Bundles that are neither delivered nor dead.
    pub(crate) pending: usize,
    /// When the event of the oldest of them arrived, in milliseconds since 1970.
    pub(crate) oldest_pending_ms: Option<u64>,
    pub(crate) dead_letters: usize,
    /// Events for a uid that nobody has yet.
    pub(crate) held: usize,
    /// Bytes of events that wait for the disk.
    pub(crate) queued_bytes: usize,
    /// Places that could not be read when the journal was opened.
    pub(crate) damaged: usize,
}

impl Journal {
    /// How much there is now. Blocks for one disk read.
    pub(crate) fn levels(&self) -> Levels {
        let (pending, oldest, dead_letters) = {
            let ledger = self.ledger();
            (ledger.pending_count(), ledger.oldest_pending(), ledger.dead_count())
        };
        let oldest = oldest.and_then(|seq| self.read(seq).ok().flatten());
        Levels {
            pending,
            oldest_pending_ms: oldest.map(|event| event.received_at),
            dead_letters,
            held: self.held_count(),
            queued_bytes: self.events.waiting_bytes(),
            damaged: self.recovery.damage.len(),
        }
    }

    /// How long it takes to write and sync a batch of events.
    pub(crate) fn commit_seconds(&self) -> &Histogram {
        &self.events.seconds
    }
}
