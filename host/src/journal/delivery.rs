//! How far the delivery of each bundle is: what is recorded, and which bundles are still open.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::encoding::Malformed;
use super::event::Sequence;
use super::segment::Entry;

/// What became of an attempt to deliver a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// The destination has taken it.
    Delivered,
    /// It has not; the next attempt is due.
    Retry {
        /// How many attempts there have been.
        attempt: u32,
        /// When the next one is due, in milliseconds since 1970.
        due_ms: u64,
    },
    /// It will not be tried again.
    Dead {
        /// Why, for the operator.
        reason: String,
    },
}

/// A bundle that is neither delivered nor dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its event.
    pub seq: Sequence,
    /// Its place among the event's bundles, from 0 on.
    pub bundle: u32,
    /// The hook it is for.
    pub hook: Arc<str>,
    /// How many attempts there have been.
    pub attempt: u32,
    /// When the next one is due, in milliseconds since 1970; 0 if none has been made.
    pub due_ms: u64,
}

/// The kind of a delivery state's record.
const KIND: u8 = 1;
const VERSION: u8 = 1;
const FIXED: usize = 14;

/// The record of a delivery state: `version u8 | state u8 | seq u64 | bundle u32 | attempt u32, due u64 or reason`.
pub(super) fn encode(seq: Sequence, bundle: u32, state: &DeliveryState) -> Entry {
    let (tag, rest) = match state {
        DeliveryState::Delivered => (0, Vec::new()),
        DeliveryState::Retry { attempt, due_ms } => (1, [&attempt.to_le_bytes()[..], &due_ms.to_le_bytes()].concat()),
        DeliveryState::Dead { reason } => (2, reason.clone().into_bytes()),
    };
    let head = [&[VERSION, tag][..], &seq.to_le_bytes(), &bundle.to_le_bytes(), &rest].concat();
    Entry { kind: KIND, head, blobs: Vec::new() }
}

/// Reads a delivery state's record back.
pub(super) fn decode(payload: &[u8]) -> Result<(Sequence, u32, DeliveryState), Malformed> {
    let short = Malformed("a delivery state's record ends too early");
    let (fixed, rest) = payload.split_first_chunk::<FIXED>().ok_or(short)?;
    let [version, tag, ids @ ..] = fixed;
    if *version != VERSION {
        return Err(Malformed("a delivery state was written by another version of hookwright"));
    }
    let state = match tag {
        0 => DeliveryState::Delivered,
        1 => DeliveryState::Retry { attempt: u32::from_le_bytes(part(rest, 0)?), due_ms: u64::from_le_bytes(part(rest, 4)?) },
        _ => DeliveryState::Dead { reason: String::from_utf8_lossy(rest).into_owned() },
    };
    Ok((u64::from_le_bytes(part(ids, 0)?), u32::from_le_bytes(part(ids, 8)?), state))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Malformed> {
    let part = bytes.get(at..at + N).and_then(|part| part.try_into().ok());
    part.ok_or(Malformed("a delivery state's record ends too early"))
}

/// The open bundles of all events, in memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<(Sequence, u32), Open>,
    /// Events that somebody may want to look at again: with a dead letter, failed, or for a uid that nobody has.
    unsettled: BTreeSet<Sequence>,
    /// The highest event that a delivery state speaks of.
    highest: Sequence,
    /// Every hook's id once, however many bundles wait for it.
    hooks: HashSet<Arc<str>>,
}

#[derive(Debug)]
struct Open {
    hook: Arc<str>,
    attempt: u32,
    due_ms: u64,
}

impl Ledger {
    /// Notes a stored event's bundles by the hooks they are for.
    pub(super) fn add<'h>(&mut self, seq: Sequence, hooks: impl Iterator<Item = &'h str>) {
        for (bundle, hook) in (0..).zip(hooks) {
            let hook = self.intern(hook);
            self.open.insert((seq, bundle), Open { hook, attempt: 0, due_ms: 0 });
        }
    }

    /// Notes an event that is to be kept for its whole time although no bundle of it is open.
    pub(super) fn keep(&mut self, seq: Sequence) {
        self.unsettled.insert(seq);
    }

    /// Forgets what it knows of events that are gone.
    pub(super) fn forget(&mut self, events: Range<Sequence>) {
        self.unsettled.retain(|seq| !events.contains(seq));
    }

    /// The highest event that a delivery state speaks of: no number up to it may be given again.
    pub(super) fn highest(&self) -> Sequence {
        self.highest
    }

    /// Notes what became of a bundle. One that is not open stays as it is.
    pub(super) fn apply(&mut self, seq: Sequence, bundle: u32, state: &DeliveryState) {
        self.highest = self.highest.max(seq);
        match state {
            DeliveryState::Delivered => {
                self.open.remove(&(seq, bundle));
            }
            DeliveryState::Dead { .. } => {
                if self.open.remove(&(seq, bundle)).is_some() {
                    self.unsettled.insert(seq);
                }
            }
            DeliveryState::Retry { attempt, due_ms } => {
                if let Some(open) = self.open.get_mut(&(seq, bundle)) {
                    (open.attempt, open.due_ms) = (*attempt, *due_ms);
                }
            }
        }
    }

    /// All open bundles, in the events' order.
    pub(super) fn pending(&self) -> Vec<Pending> {
        let pending = |(&(seq, bundle), open): (&(u64, u32), &Open)| Pending {
            seq,
            bundle,
            hook: Arc::clone(&open.hook),
            attempt: open.attempt,
            due_ms: open.due_ms,
        };
        self.open.iter().map(pending).collect()
    }

    /// Whether no bundle of these events is open.
    pub(super) fn done(&self, events: Range<Sequence>) -> bool {
        self.open.range((events.start, 0)..(events.end, 0)).next().is_none()
    }

    /// Whether there is nothing in these events that somebody may want to look at again.
    pub(super) fn settled(&self, events: Range<Sequence>) -> bool {
        self.unsettled.range(events).next().is_none()
    }

    fn intern(&mut self, hook: &str) -> Arc<str> {
        if let Some(known) = self.hooks.get(hook) {
            return Arc::clone(known);
        }
        let hook: Arc<str> = hook.into();
        self.hooks.insert(Arc::clone(&hook));
        hook
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_as_it_was_written() {
        let retry = DeliveryState::Retry { attempt: 3, due_ms: 1_790_000_000_123 };
        for state in [DeliveryState::Delivered, retry, DeliveryState::Dead { reason: "gone".into() }] {
            let entry = encode(7, 2, &state);
            assert_eq!(decode(&entry.head), Ok((7, 2, state)));
        }
    }

    #[test]
    fn a_state_that_ends_too_early_is_an_error_at_every_length() {
        let entry = encode(7, 2, &DeliveryState::Retry { attempt: 3, due_ms: 9 });
        for length in 0..entry.head.len() {
            assert!(decode(&entry.head[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn only_bundles_that_are_neither_delivered_nor_dead_are_pending() {
        let mut ledger = Ledger::default();
        ledger.add(1, ["a", "b", "a"].into_iter());
        ledger.add(2, ["b"].into_iter());
        ledger.apply(1, 0, &DeliveryState::Delivered);
        ledger.apply(1, 1, &DeliveryState::Retry { attempt: 2, due_ms: 50 });
        ledger.apply(2, 0, &DeliveryState::Dead { reason: String::new() });
        let pending: Vec<_> = ledger.pending().into_iter().map(|p| (p.seq, p.bundle, p.hook.to_string(), p.attempt, p.due_ms)).collect();
        assert_eq!(pending, [(1, 1, "b".into(), 2, 50), (1, 2, "a".into(), 0, 0)]);
        assert!(ledger.done(2..3));
        assert!(!ledger.done(1..2));
    }

    #[test]
    fn a_bundle_that_was_delivered_does_not_come_back() {
        let mut ledger = Ledger::default();
        ledger.add(1, ["a"].into_iter());
        ledger.apply(1, 0, &DeliveryState::Delivered);
        ledger.apply(1, 0, &DeliveryState::Retry { attempt: 1, due_ms: 1 });
        assert_eq!(ledger.pending(), []);
    }
}
