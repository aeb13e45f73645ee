//! The bundles of one hook: what it has pending, and that somebody has fetched of it.

use super::Journal;
use super::delivery::{BundleKey, DeliveryState, Pending};
use super::error::JournalError;

/// What became of bundles that were acknowledged.
#[derive(Debug)]
pub struct Acknowledged {
    /// How many count as delivered now, which is on disk.
    pub bundles: u64,
    /// Why it is not all of them.
    pub failure: Option<JournalError>,
}

impl Journal {
    /// A hook's first bundles after a certain one that are neither delivered nor dead, `most` at most, in the events' order.
    pub fn pending_of(&self, hook: &str, after: Option<BundleKey>, most: usize) -> Vec<Pending> {
        self.ledger().pending_of(hook, after, most)
    }

    /// Makes all retries of a hook due by `now_ms`. It counts at once and is on disk within 100 ms.
    pub(crate) fn hurry(&self, hook: &str, now_ms: u64) {
        let late = self.ledger().late(hook, now_ms);
        for key in late {
            let mut ledger = self.ledger();
            // It may have been attempted since we looked.
            if let Some(Pending { seq, bundle, attempt, .. }) = ledger.open(key).filter(|pending| pending.due_ms > now_ms) {
                self.note(&mut ledger, seq, bundle, &DeliveryState::Retry { attempt, due_ms: now_ms, failure: None });
            }
        }
    }

    /// Notes that bundles of a hook have been taken; what it says is on disk. Those that are not pending are passed over.
    pub async fn acknowledge(&self, hook: &str, bundles: &[BundleKey]) -> Acknowledged {
        let open = self.ledger().open_of(hook, bundles);
        let settled = self.settle(&open, &DeliveryState::Delivered).await;
        Acknowledged { bundles: settled.keys.len() as u64, failure: settled.failure }
    }
}
