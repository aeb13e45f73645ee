//! Events that are kept for a while although nothing of them is to be delivered, and for whom: strangers can make such events, so
//! they may not take all the room that there is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::event::Sequence;
use super::shares::{Holder, Services};
use crate::network::Network;

/// Such events.
#[derive(Debug, Default)]
pub(super) struct Keepsakes {
    events: BTreeMap<Sequence, Holder>,
    services: Services,
}

impl Keepsakes {
    /// Notes an event of a service that came from there.
    pub(super) fn insert(&mut self, seq: Sequence, service: &str, network: Network) {
        let service = self.services.number(service);
        self.events.insert(seq, Holder { service, network });
    }

    /// Forgets events that are gone from the journal.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) {
        let gone: Vec<_> = self.events.range(events.clone()).map(|(seq, _)| *seq).collect();
        gone.into_iter().for_each(|seq| {
            self.events.remove(&seq);
        });
    }

    /// How many of these events they are, by their services.
    pub(super) fn count(&self, events: &Range<Sequence>) -> BTreeMap<Arc<str>, u64> {
        self.services.count(self.events.range(events.clone()).map(|(_, holder)| *holder))
    }

    /// For whom these events are kept.
    pub(super) fn holders(&self, events: &Range<Sequence>) -> BTreeSet<Holder> {
        self.events.range(events.clone()).map(|(_, holder)| *holder).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_their_services_until_they_are_gone() {
        let mut kept = Keepsakes::default();
        for (seq, service) in [(2, "slack"), (5, "stripe"), (7, "slack")] {
            kept.insert(seq, service, Network::of("192.0.2.1"));
        }
        assert_eq!(kept.count(&(0..9)), [("slack".into(), 2), ("stripe".into(), 1)].into());
        assert_eq!((kept.holders(&(0..9)).len(), kept.holders(&(3..5)).len()), (2, 0));
        kept.forget(&(3..8));
        assert_eq!(kept.count(&(0..9)), [("slack".into(), 1)].into());
    }
}
