//! Which bundles are still open and which are dead letters, in memory, for as long as their events are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::ops::Range;
use std::sync::Arc;

use super::checkpoint::{Checkpoint, Covers, Encoded};
use super::delivery::{BundleKey, DeliveryState, Failure, Pending};
use super::event::Sequence;
use super::keepsakes::Keepsakes;
use crate::network::Network;

/// The open bundles and the dead letters of all events, in memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<BundleKey, Open>,
    dead: BTreeMap<BundleKey, Dead>,
    /// Dead letters whose redrive is on its way to the disk.
    redriving: BTreeSet<BundleKey>,
    /// Events that somebody may want to look at again though they have no dead letter.
    pub(super) failed: Keepsakes,
    /// The highest event that a delivery state speaks of.
    highest: Sequence,
    /// How far both logs are accounted for.
    covers: Covers,
    /// Every hook's id once, however many bundles it has.
    hooks: HashMap<Arc<str>, OfHook>,
}

/// What there is of one hook.
#[derive(Debug, Default)]
struct OfHook {
    open: BTreeSet<BundleKey>,
    dead_letters: u64,
    /// How the last attempt failed, if it did.
    last_failure: Option<Box<Failure>>,
}

/// What is kept of a bundle that is neither delivered nor dead.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) hook: Arc<str>,
    pub(super) attempt: u32,
    pub(super) due_ms: u64,
}

/// What is kept of a dead letter: its reason only until the disk has it.
#[derive(Debug, Clone)]
pub(super) struct Dead {
    pub(super) hook: Arc<str>,
    pub(super) at_ms: u64,
    pub(super) attempts: u32,
    pub(super) reason: Reason,
}

/// Where a dead letter's reason is.
#[derive(Debug, Clone)]
pub(super) enum Reason {
    /// Not on the disk yet.
    Here(Box<str>),
    /// In this record of the delivery log.
    Written(u64),
}

impl Ledger {
    /// Notes a stored event's bundles by the hooks they are for.
    pub(super) fn add<'h>(&mut self, seq: Sequence, hooks: impl Iterator<Item = &'h str>) {
        for (bundle, hook) in (0..).zip(hooks) {
            let hook = self.intern(hook);
            self.insert_open((seq, bundle), Open { hook, attempt: 0, due_ms: 0 });
        }
        self.covers.events = self.covers.events.max(seq);
    }

    /// Begins with what a checkpoint says of those events that are there.
    pub(super) fn restore(&mut self, checkpoint: Checkpoint, is_there: impl Fn(Sequence) -> bool) {
        let Checkpoint { covers, open, dead, failures, .. } = checkpoint;
        self.highest = self.highest.max(covers.events);
        self.covers = Covers { events: self.covers.events.max(covers.events), states: covers.states };
        for (key, open) in open.into_iter().filter(|(key, _)| is_there(key.0)) {
            let hook = self.intern(&open.hook);
            self.insert_open(key, Open { hook, ..open });
        }
        for (key, dead) in dead.into_iter().filter(|(key, _)| is_there(key.0)) {
            let hook = self.intern(&dead.hook);
            self.bury(key, Dead { hook, ..dead });
        }
        for (hook, failure) in failures {
            self.hooks.entry(hook).and_modify(|of| of.last_failure = Some(failure.into()));
        }
    }

    /// How far both logs are accounted for here.
    pub(super) fn covers(&self) -> Covers {
        self.covers
    }

    /// Notes that the delivery log is accounted for up to this record.
    pub(super) fn logged(&mut self, record: u64) {
        self.covers.states = record;
    }

    /// Writes `most` bundles or so behind a certain one into a checkpoint, and gives the last one of them; nothing when there
    /// are no more. What happens to a bundle between two calls is in the log behind what the checkpoint covers.
    pub(super) fn encode_part(&self, after: Option<BundleKey>, most: usize, into: &mut Encoded) -> Option<BundleKey> {
        let from = (after.map_or(Unbounded, Excluded), Unbounded);
        let ends = [self.open.range(from).nth(most).map(|(key, _)| *key), self.dead.range(from).nth(most).map(|(key, _)| *key)];
        let end = ends.into_iter().flatten().min();
        let part = (from.0, end.map_or(Unbounded, Included));
        for (key, open) in self.open.range(part) {
            into.open(*key, open);
            if let Some(failure) = self.last_failure(&open.hook) {
                into.failure(&open.hook, failure);
            }
        }
        self.dead.range(part).for_each(|(key, dead)| into.dead(*key, dead));
        end
    }

    /// The records of the delivery log that are still needed for the reasons in them.
    pub(super) fn reasons(&self) -> BTreeSet<u64> {
        let written = |dead: &Dead| match dead.reason {
            Reason::Written(record) => Some(record),
            Reason::Here(_) => None,
        };
        self.dead.values().filter_map(written).collect()
    }

    /// Notes a failed event of a service that came from there; it is to be kept for a while although no bundle of it is open.
    pub(super) fn keep(&mut self, seq: Sequence, service: &str, network: Network) {
        self.failed.insert(seq, service, network);
    }

    /// Forgets what it knows of events that are gone; how many dead letters and how many open bundles went with them.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) -> (u64, u64) {
        self.failed.forget(events);
        let dead: Vec<_> = self.dead.range(keys(events)).map(|(key, _)| *key).collect();
        let open: Vec<_> = self.open.range(keys(events)).map(|(key, _)| *key).collect();
        dead.iter().for_each(|key| drop(self.take_dead(*key)));
        open.iter().for_each(|key| drop(self.take_open(*key)));
        (dead.len() as u64, open.len() as u64)
    }

    /// The highest event that a delivery state speaks of: no number up to it may be given again.
    pub(super) fn highest(&self) -> Sequence {
        self.highest
    }

    /// Notes what became of a bundle. One that was delivered stays so.
    pub(super) fn apply(&mut self, seq: Sequence, bundle: u32, state: &DeliveryState) {
        self.highest = self.highest.max(seq);
        let key = (seq, bundle);
        match state {
            DeliveryState::Delivered => {
                if let Some(Open { hook, .. }) = self.take_open(key) {
                    self.note_failure(&hook, None);
                }
                self.take_dead(key);
            }
            DeliveryState::Dead { reason, attempts, at_ms } => {
                if let Some(Open { hook, .. }) = self.take_open(key) {
                    if *attempts > 0 {
                        self.note_failure(&hook, Some(Failure { reason: reason.clone(), at_ms: *at_ms }));
                    }
                    self.bury(key, Dead { hook, at_ms: *at_ms, attempts: *attempts, reason: Reason::Here(reason.as_str().into()) });
                }
            }
            DeliveryState::Retry { attempt, due_ms, failure } => {
                self.reopen(key, *attempt, *due_ms);
                if let (Some(Open { hook, .. }), Some(failure)) = (self.open.get(&key), failure) {
                    self.note_failure(&Arc::clone(hook), Some(failure.clone()));
                }
            }
            DeliveryState::Redriven { at_ms } => self.reopen(key, 0, *at_ms),
        }
    }

    /// Notes the record of the delivery log in which a dead letter's reason is.
    pub(super) fn written(&mut self, key: BundleKey, record: u64) {
        if let Some(dead) = self.dead.get_mut(&key) {
            dead.reason = Reason::Written(record);
        }
    }

    /// All open bundles, in the events' order.
    #[cfg(test)]
    pub(super) fn pending(&self) -> Vec<Pending> {
        self.open_after(None, usize::MAX)
    }

    /// The first open bundles after a certain one, `most` at most.
    pub(super) fn open_after(&self, after: Option<BundleKey>, most: usize) -> Vec<Pending> {
        let after = after.map_or(Unbounded, Excluded);
        self.open.range((after, Unbounded)).take(most).map(|(key, open)| pending(*key, open)).collect()
    }

    /// A hook's first open bundles after a certain one, `most` at most, in the events' order.
    pub(super) fn pending_of(&self, hook: &str, after: Option<BundleKey>, most: usize) -> Vec<Pending> {
        let keys = self.hooks.get(hook).map(|of| of.open.range((after.map_or(Unbounded, Excluded), Unbounded)));
        keys.into_iter().flatten().take(most).filter_map(|key| self.open(*key)).collect()
    }

    /// The open bundles of a hook that are due only after then.
    pub(super) fn late(&self, hook: &str, now_ms: u64) -> Vec<BundleKey> {
        let late = |key: &&BundleKey| self.open.get(key).is_some_and(|open| open.due_ms > now_ms);
        self.hooks.get(hook).into_iter().flat_map(|of| of.open.iter().filter(late).copied()).collect()
    }

    /// Those of these bundles that are open and a hook's, each once.
    pub(super) fn open_of(&self, hook: &str, bundles: &[BundleKey]) -> Vec<BundleKey> {
        let of = |key: &&BundleKey| self.open.get(key).is_some_and(|open| *open.hook == *hook);
        let open: BTreeSet<_> = bundles.iter().filter(of).copied().collect();
        open.into_iter().collect()
    }

    /// How many dead letters there are.
    pub(super) fn dead_count(&self) -> usize {
        self.dead.len()
    }

    /// A bundle, if it is open.
    pub(super) fn open(&self, key: BundleKey) -> Option<Pending> {
        self.open.get(&key).map(|open| pending(key, open))
    }

    /// The first dead letters after a certain one, `most` at most.
    pub(super) fn dead_after(&self, after: Option<BundleKey>, most: usize) -> Vec<(BundleKey, Dead)> {
        let after = after.map_or(Unbounded, Excluded);
        self.dead.range((after, Unbounded)).take(most).map(|(key, dead)| (*key, dead.clone())).collect()
    }

    /// A dead letter.
    pub(super) fn dead(&self, key: BundleKey) -> Option<&Dead> {
        self.dead.get(&key)
    }

    /// How the last attempt for a hook failed, if it did.
    pub(super) fn last_failure(&self, hook: &str) -> Option<&Failure> {
        self.hooks.get(hook)?.last_failure.as_deref()
    }

    /// How many dead letters a hook has.
    pub(super) fn dead_of(&self, hook: &str) -> u64 {
        self.hooks.get(hook).map_or(0, |of| of.dead_letters)
    }

    /// Of these bundles, those that are dead letters and are not being redriven already; from here on they are.
    pub(super) fn begin_redrive(&mut self, wanted: &[BundleKey]) -> Vec<BundleKey> {
        let dead = wanted.iter().copied().filter(|key| self.dead.contains_key(key));
        dead.filter(|key| self.redriving.insert(*key)).collect()
    }

    /// Ends what [`begin_redrive`](Self::begin_redrive) began, whether it worked or not.
    pub(super) fn end_redrive(&mut self, begun: &[BundleKey]) {
        for key in begun {
            self.redriving.remove(key);
        }
    }

    /// Whether nothing of these events is still to be delivered.
    pub(super) fn done(&self, events: &Range<Sequence>) -> bool {
        self.done_but_for(events, |_| false)
    }

    /// Whether nothing of these events is still to be delivered, but for bundles of certain hooks.
    pub(super) fn done_but_for(&self, events: &Range<Sequence>, hooks: impl Fn(&str) -> bool) -> bool {
        self.open.range(keys(events)).all(|(_, open)| hooks(&open.hook)) && self.redriving.range(keys(events)).next().is_none()
    }

    /// Whether there is no dead letter among these events.
    pub(super) fn settled(&self, events: &Range<Sequence>) -> bool {
        self.dead.range(keys(events)).next().is_none()
    }

    /// When the last bundle of these events was given up or redriven, in milliseconds since 1970; 0 if none was.
    pub(super) fn last_touched(&self, events: &Range<Sequence>) -> u64 {
        let dead = self.dead.range(keys(events)).map(|(_, dead)| dead.at_ms);
        let open = self.open.range(keys(events)).map(|(_, open)| open.due_ms);
        dead.chain(open).max().unwrap_or_default()
    }

    /// Makes an attempt due. For a dead letter too: whatever a damaged log has lost, it has been redriven.
    fn reopen(&mut self, key: BundleKey, attempt: u32, due_ms: u64) {
        if let Some(dead) = self.take_dead(key) {
            self.insert_open(key, Open { hook: dead.hook, attempt, due_ms });
        } else if let Some(open) = self.open.get_mut(&key) {
            (open.attempt, open.due_ms) = (attempt, due_ms);
        }
    }

    fn note_failure(&mut self, hook: &str, failure: Option<Failure>) {
        if let Some(of) = self.hooks.get_mut(hook) {
            of.last_failure = failure.map(Box::new);
        }
    }

    fn bury(&mut self, key: BundleKey, dead: Dead) {
        self.hooks.entry(Arc::clone(&dead.hook)).or_default().dead_letters += 1;
        self.dead.insert(key, dead);
    }

    fn take_dead(&mut self, key: BundleKey) -> Option<Dead> {
        let dead = self.dead.remove(&key)?;
        self.hooks.entry(dead.hook.clone()).and_modify(|of| of.dead_letters -= 1);
        Some(dead)
    }

    fn insert_open(&mut self, key: BundleKey, open: Open) {
        self.hooks.entry(open.hook.clone()).or_default().open.insert(key);
        self.open.insert(key, open);
    }

    fn take_open(&mut self, key: BundleKey) -> Option<Open> {
        let open = self.open.remove(&key)?;
        self.hooks.entry(open.hook.clone()).and_modify(|of| {
            of.open.remove(&key);
        });
        Some(open)
    }

    fn intern(&mut self, hook: &str) -> Arc<str> {
        if let Some((known, _)) = self.hooks.get_key_value(hook) {
            return Arc::clone(known);
        }
        let hook: Arc<str> = hook.into();
        self.hooks.insert(Arc::clone(&hook), OfHook::default());
        hook
    }
}

fn pending((seq, bundle): BundleKey, open: &Open) -> Pending {
    Pending { seq, bundle, hook: Arc::clone(&open.hook), attempt: open.attempt, due_ms: open.due_ms }
}

fn keys(events: &Range<Sequence>) -> Range<BundleKey> {
    (events.start, 0)..(events.end, 0)
}

#[cfg(test)]
mod tests;
