//! How much there is of what, now.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::{Backlog, Journal};
use crate::metrics::OfService;

/// What somebody who watches the journal looks at.
pub(crate) struct Levels {
    /// Bundles that are to be delivered.
    pub(crate) pending: Waiting,
    /// Bundles that wait to be fetched.
    pub(crate) unfetched: Waiting,
    pub(crate) dead_letters: usize,
    /// Events for a uid that nobody has yet.
    pub(crate) held: usize,
    /// Bytes of events that wait for the disk.
    pub(crate) queued_bytes: usize,
    /// Places that could not be read when the journal was opened.
    pub(crate) damaged: usize,
}

/// Bundles that wait.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) count: u64,
    /// When the event of the oldest of them arrived, in milliseconds since 1970.
    pub(crate) oldest_ms: Option<u64>,
}

impl Journal {
    /// How much there is now. `is_pulled`: whether a hook's bundles wait to be fetched. Looks at every bundle that waits, and
    /// blocks for two disk reads.
    pub(crate) fn levels(&self, is_pulled: impl Fn(&str) -> bool) -> Levels {
        let (unfetched, pending): (Vec<_>, Vec<_>) = self.backlogs().into_iter().partition(|backlog| is_pulled(&backlog.hook));
        Levels {
            pending: self.waiting(&pending),
            unfetched: self.waiting(&unfetched),
            dead_letters: self.ledger().dead_count(),
            held: self.held_count(),
            queued_bytes: self.events.waiting_bytes(),
            damaged: self.recovery.damage.len(),
        }
    }

    fn waiting(&self, backlogs: &[Backlog]) -> Waiting {
        let oldest = backlogs.iter().map(|backlog| backlog.oldest).min();
        let oldest = oldest.and_then(|seq| self.read(seq).ok().flatten());
        Waiting { count: backlogs.iter().map(|backlog| backlog.pending).sum(), oldest_ms: oldest.map(|event| event.received_at) }
    }

    /// Bundles that were dropped because nobody had fetched them for as long as they are kept.
    pub(crate) fn dropped(&self) -> &Counter {
        &self.dropped
    }

    /// Failed and held events that made room before their time, by their services.
    pub(crate) fn crowded_out(&self) -> &Family<OfService, Counter> {
        &self.crowded_out
    }

    /// How long it takes to write and sync a batch of events.
    pub(crate) fn commit_seconds(&self) -> &Histogram {
        &self.events.seconds
    }
}
