//! Looking at what is stored: by id, from the newest back, from the oldest on.

use std::io;
use std::ops::RangeInclusive;

use super::event::{Event, Sequence, id_time};
use super::{DeadLetter, Failure, Journal};

/// How far a bundle is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It waits for an attempt, or is in one.
    Pending {
        /// How many attempts have failed.
        attempts: u32,
        /// When the next one is due, in milliseconds since 1970; 0 if none has been made.
        due_ms: u64,
    },
    /// Its destination has it.
    Delivered,
    /// It will not be tried again unless an operator wants it.
    Dead(DeadLetter),
}

/// How many bundles of an event are not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Those that are still to be.
    pub pending: usize,
    /// Those that will not be unless an operator wants it.
    pub dead: usize,
}

impl Journal {
    /// The event with this id, or with this number. Blocks: reads a thousand events or so.
    pub fn find(&self, id: &str) -> io::Result<Option<(Sequence, Event)>> {
        if let Ok(seq) = id.parse() {
            return Ok(self.read(seq)?.map(|event| (seq, event)));
        }
        let Some(time) = id_time(id) else { return Ok(None) };
        // What cannot be read is not the one that is looked for; whoever lists events hears of it.
        Ok(self.newest_first(Sequence::MAX, time..=time).filter_map(Result::ok).find(|(_, event)| event.id == id))
    }

    /// Events below the number `before`, newest first. `times` (ms since 1970) passes over what is known to be of other
    /// times; who asks has to look at each event's own time all the same. Blocks for one disk read each.
    pub fn newest_first(&self, before: Sequence, times: RangeInclusive<u64>) -> impl Iterator<Item = io::Result<(Sequence, Event)>> + '_ {
        let mut before = before;
        self.each(move |journal| {
            before = journal.catalogue().last_before(before, &times)?;
            Some(before)
        })
    }

    /// Events from the number `from` on and below `until`, oldest first; else as [`newest_first`](Self::newest_first).
    pub fn oldest_first(
        &self,
        from: Sequence,
        until: Sequence,
        times: RangeInclusive<u64>,
    ) -> impl Iterator<Item = io::Result<(Sequence, Event)>> + '_ {
        let mut from = from;
        self.each(move |journal| {
            let found = journal.catalogue().first_from(from, &times).filter(|seq| *seq < until)?;
            from = found + 1;
            Some(found)
        })
    }

    /// The events with the numbers that `next` gives, without those that are not there.
    fn each(&self, mut next: impl FnMut(&Self) -> Option<Sequence>) -> impl Iterator<Item = io::Result<(Sequence, Event)>> {
        std::iter::from_fn(move || {
            loop {
                let seq = next(self)?;
                if let Some(read) = self.read(seq).transpose() {
                    return Some(read.map(|event| (seq, event)));
                }
            }
        })
    }

    /// The number after that of the newest event.
    pub fn end(&self) -> Sequence {
        self.catalogue().end()
    }

    /// The numbers of the events that were made by replaying this one.
    pub fn replays(&self, of: Sequence) -> Vec<Sequence> {
        self.catalogue().replays(of).to_vec()
    }

    /// How many of an event's bundles are pending, and how many are dead letters.
    pub fn unfinished(&self, seq: Sequence, event: &Event) -> Unfinished {
        let ledger = self.ledger();
        let keys = || (0..).zip(&event.bundles).map(|(bundle, _)| (seq, bundle));
        let pending = keys().filter(|key| ledger.open(*key).is_some()).count();
        Unfinished { pending, dead: keys().filter(|key| ledger.dead(*key).is_some()).count() }
    }

    /// How the last attempt for a hook failed, if it did. It is known after a restart, too.
    pub fn last_failure(&self, hook: &str) -> Option<Failure> {
        self.ledger().last_failure(hook).cloned()
    }

    /// How far each of an event's bundles is, in their order. Blocks for a disk read for each dead letter.
    pub fn standings(&self, seq: Sequence, event: &Event) -> Vec<Standing> {
        (0..).zip(&event.bundles).map(|(bundle, _)| self.standing((seq, bundle))).collect()
    }
}
