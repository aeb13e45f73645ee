//! Events that are kept for a while although nothing of them is to be delivered: the newest, as many as fit a budget.
//!
//! Strangers can make such events, so they may not take all the room that there is.

use std::collections::BTreeMap;
use std::ops::Range;

use super::event::Sequence;

/// Such events of one kind, with their bytes in the journal.
#[derive(Debug, Default)]
pub(super) struct Keepsakes {
    sizes: BTreeMap<Sequence, u32>,
    total: u64,
}

impl Keepsakes {
    pub(super) fn insert(&mut self, seq: Sequence, bytes: u32) {
        let before = self.sizes.insert(seq, bytes).unwrap_or_default();
        self.total = self.total + u64::from(bytes) - u64::from(before);
    }

    pub(super) fn remove(&mut self, seq: Sequence) {
        self.total -= self.sizes.remove(&seq).map_or(0, u64::from);
    }

    /// Forgets events that are gone from the journal.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) {
        let gone: Vec<_> = self.sizes.range(events.clone()).map(|(seq, _)| *seq).collect();
        gone.into_iter().for_each(|seq| self.remove(seq));
    }

    /// The first of the newest that together have no more than `budget` bytes; what is older need not be kept.
    pub(super) fn first_within(&self, budget: u64) -> Sequence {
        let mut left = self.total;
        let beyond = self.sizes.iter().take_while(|(_, bytes)| {
            let is_beyond = left > budget;
            left -= u64::from(**bytes);
            is_beyond
        });
        beyond.last().map_or(0, |(seq, _)| seq + 1)
    }

    /// How many of these events they are.
    pub(super) fn count(&self, events: &Range<Sequence>) -> usize {
        self.sizes.range(events.clone()).count()
    }

    /// Whether any of these events from number `first` on is one.
    pub(super) fn any(&self, events: &Range<Sequence>, first: Sequence) -> bool {
        let from = first.clamp(events.start, events.end);
        self.sizes.range(from..events.end).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_fit_are_kept() {
        let mut kept = Keepsakes::default();
        assert_eq!(kept.first_within(0), 0);
        [(2, 10), (5, 20), (7, 30)].into_iter().for_each(|(seq, bytes)| kept.insert(seq, bytes));
        assert_eq!([60, 59, 50, 49, 30, 29, 0].map(|budget| kept.first_within(budget)), [0, 3, 3, 6, 6, 8, 8]);
        assert_eq!([0, 3, 6, 8].map(|first| kept.any(&(0..7), first)), [true, true, false, false]);
        assert_eq!((kept.count(&(0..7)), kept.any(&(3..5), 0)), (2, false));
        kept.remove(2);
        kept.forget(&(3..6));
        assert_eq!([30, 29].map(|budget| kept.first_within(budget)), [0, 8]);
    }
}
