//! What waits for one hook, now and later.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Job, Route};

/// A hook's bundles on their route.
pub(super) struct Lane {
    pub(super) route: Route,
    /// How often it has been rerouted.
    pub(super) reroutes: u32,
    pub(super) ready: VecDeque<Job>,
    /// Bundles in `ready`, and those of `later` that are this lane's.
    pub(super) waiting: usize,
    pub(super) in_flight: usize,
    /// Entries of `later` that are about this lane.
    pub(super) later: usize,
    pub(super) held_until_ms: u64,
    /// The last attempt failed: one at a time until one succeeds.
    pub(super) failing: bool,
    pub(super) has_turn: bool,
}

/// A moment at which a lane has something new to do: a retry is due, or (without a job) its hold ends.
pub(super) struct Later {
    pub(super) due_ms: u64,
    pub(super) hook: Arc<str>,
    pub(super) job: Option<Job>,
}

impl Lane {
    pub(super) fn new(route: Route) -> Self {
        Self {
            route,
            reroutes: 0,
            ready: VecDeque::new(),
            waiting: 0,
            in_flight: 0,
            later: 0,
            held_until_ms: 0,
            failing: false,
            has_turn: false,
        }
    }

    pub(super) fn may_start(&self, per_hook: usize, now_ms: u64) -> bool {
        let limit = if self.failing || self.route.ordered { 1 } else { per_hook };
        !self.ready.is_empty() && self.in_flight < limit && self.held_until_ms <= now_ms
    }

    pub(super) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.in_flight == 0 && self.later == 0
    }

    /// Takes another route, with these of its bundles that were to wait: where it led until now.
    pub(super) fn turn_to(&mut self, route: Route, waiting: impl Iterator<Item = Job>) -> Arc<str> {
        self.ready.extend(waiting);
        self.ready.make_contiguous().sort_by_key(|job| job.key);
        (self.later, self.held_until_ms, self.failing, self.has_turn) = (0, 0, false, false);
        self.reroutes += 1;
        std::mem::replace(&mut self.route, route).destination
    }

    /// Commits reach us nearly in the order of the journal; nearly is not enough for an ordered hook.
    pub(super) fn insert_in_order(&mut self, job: Job) {
        let place = self.ready.iter().rposition(|other| other.key < job.key).map_or(0, |place| place + 1);
        self.ready.insert(place, job);
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |later: &Self| (later.due_ms, later.job.as_ref().map(|job| job.key));
        key(self).cmp(&key(other)).then_with(|| self.hook.cmp(&other.hook))
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Later {}
