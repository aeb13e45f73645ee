//! Which bundle is attempted next: a state machine without clock, I/O or bodies.
//!
//! A hook's waiting bundles are a lane; lanes take turns at their destination, destinations at their origin (the server),
//! whose slots they share, and origins among themselves. A destination may have as many attempts in flight as its origin has
//! slots left, so never more than half of them, and those that did not answer before have half together. So neither a
//! hook nor a destination nor a server that fails or is slow keeps another waiting. One that does not answer is left alone
//! but for probes (`breaker.rs`).

mod lane;
mod place;
mod turns;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::breaker::{Contact, Patience, Switch};
use super::fresh::Fresh;
use lane::{Lane, Later};
use place::{Destination, Origin};

/// A bundle of an event in the journal; ordered as they arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The event's place in the journal.
    pub seq: u64,
    /// Which of the event's bundles.
    pub bundle: u32,
}

/// A bundle that waits for an attempt, or is in one.
#[derive(Debug)]
pub(crate) struct Job {
    pub key: Key,
    /// The number of the attempt that comes next, from 0.
    pub attempt: u32,
    /// The bundle itself, where it is still in memory.
    pub fresh: Option<Fresh>,
}

/// Where a hook's bundles go and how.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub hook: Arc<str>,
    /// What the hook names.
    pub destination: Arc<str>,
    /// The server that it is on: all destinations with the same one share its slots.
    pub origin: Arc<str>,
    /// One at a time, in the order of arrival, a failing one holding back those behind it.
    pub ordered: bool,
}

/// How an attempt ended, as far as what comes next depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Delivered,
    /// Given up: a dead letter.
    Dead,
    /// It goes nowhere: it stays in the journal.
    Kept,
    /// Failed; to be made again then. `hold`: the destination asked that the whole hook wait so long.
    Retry {
        due_ms: u64,
        hold: bool,
    },
}

/// How many attempts there may be at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub per_hook: usize,
    pub per_origin: usize,
    pub in_flight: usize,
    /// When an origin or a destination is left alone.
    pub patience: Patience,
}

/// What is left alone when it does not answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Origin(Arc<str>),
    Destination(Arc<str>),
}

/// All that waits and all that is in flight.
pub(crate) struct Schedule {
    limits: Limits,
    lanes: HashMap<Arc<str>, Lane>,
    destinations: HashMap<Arc<str>, Destination>,
    origins: HashMap<Arc<str>, Origin>,
    /// Origins that have something to start.
    turns: VecDeque<Arc<str>>,
    /// Origins that had their turn when too much was in flight; they get it again when an attempt ends.
    crowded: Vec<Arc<str>>,
    later: BinaryHeap<Reverse<Later>>,
    /// When those that are left alone may be probed.
    probes: BinaryHeap<Reverse<(u64, Place)>>,
    /// Every bundle that waits or is in an attempt.
    known: HashSet<Key>,
    /// Where the bundles that are in an attempt are going: their hook may get another route meanwhile.
    going: HashMap<Key, Going>,
    in_flight: usize,
    left_alone: LeftAlone,
}

/// How many are left alone because they do not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftAlone {
    pub origins: usize,
    pub destinations: usize,
}

/// An attempt on its way.
struct Going {
    destination: Arc<str>,
    /// Its destination had not answered before.
    doubted: bool,
    /// How often its lane had been rerouted.
    reroutes: u32,
}

impl Schedule {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            destinations: HashMap::new(),
            origins: HashMap::new(),
            turns: VecDeque::new(),
            crowded: Vec::new(),
            later: BinaryHeap::new(),
            probes: BinaryHeap::new(),
            known: HashSet::new(),
            going: HashMap::new(),
            in_flight: 0,
            left_alone: LeftAlone::default(),
        }
    }

    /// How many are left alone now.
    pub(crate) fn left_alone(&self) -> LeftAlone {
        self.left_alone
    }

    /// How many bundles of a hook wait for an attempt.
    pub(crate) fn waiting(&self, hook: &str) -> usize {
        self.lanes.get(hook).map_or(0, |lane| lane.waiting)
    }

    /// Whether a bundle waits or is in an attempt.
    pub(crate) fn knows(&self, key: Key) -> bool {
        self.known.contains(&key)
    }

    /// Whether bundles of a hook wait or are in an attempt: its route stands then.
    pub(crate) fn has_route(&self, hook: &str) -> bool {
        self.lanes.contains_key(hook)
    }

    /// Lays down a hook's route for as long as it has something to deliver.
    pub(crate) fn set_route(&mut self, route: Route) {
        if !self.lanes.contains_key(&route.hook) {
            self.settle_in(&route);
            self.lanes.insert(route.hook.clone(), Lane::new(route));
        }
    }

    /// Gives a hook another route, where it has one. All that waits is due at once; attempts that are in flight go on.
    pub(crate) fn reroute(&mut self, route: Route, now_ms: u64) {
        let hook = route.hook.clone();
        if !self.has_route(&hook) {
            return;
        }
        self.settle_in(&route);
        let (own, others): (Vec<_>, Vec<_>) = self.later.drain().partition(|Reverse(later)| later.hook == hook);
        self.later.extend(others);
        let lane = self.lanes.get_mut(&hook).expect("it has a route");
        let from = lane.turn_to(route, own.into_iter().filter_map(|Reverse(later)| later.job));
        if let Some(left) = self.destinations.get_mut(&from) {
            left.turns.retain(|other| *other != hook);
            left.lanes -= 1;
        }
        self.forget_left(&from, now_ms);
        self.offer(&hook, now_ms);
    }

    /// Takes in a bundle that is due at `due_ms`, for a hook that has a route. One that is known already is left out.
    pub(crate) fn add(&mut self, hook: &Arc<str>, job: Job, due_ms: u64, now_ms: u64) {
        if self.known.insert(job.key) {
            self.enter(hook, job, due_ms, now_ms);
            self.offer(hook, now_ms);
        }
    }

    /// The next attempt to start now, if any may start; it counts as in flight from here on.
    pub(crate) fn next(&mut self, now_ms: u64) -> Option<(Arc<str>, Job)> {
        self.wake(now_ms);
        while self.in_flight < self.limits.in_flight {
            let name = self.turns.pop_front()?;
            if let Some(started) = self.start_at(&name, now_ms) {
                return Some(started);
            }
        }
        None
    }

    /// When [`Schedule::next`] has to be asked again though nothing has happened.
    pub(crate) fn wakes_at(&self) -> Option<u64> {
        let later = self.later.peek().map(|Reverse(later)| later.due_ms);
        let probe = self.probes.peek().map(|Reverse((at_ms, _))| *at_ms);
        later.into_iter().chain(probe).min()
    }

    /// Notes what an attempt that [`Schedule::next`] gave out says about where it went, before it has
    /// [`ended`](Self::ended): what changes for whom.
    pub(crate) fn heard(&mut self, key: Key, contact: Contact, now_ms: u64) -> Vec<(Place, Switch)> {
        let name = &self.going.get(&key).expect("an attempt goes somewhere").destination;
        let destination = self.destinations.get_mut(name).expect("a destination outlives its attempts");
        let origin = self.origins.get_mut(&destination.origin).expect("an origin outlives its destinations");
        let was_doubted = destination.breaker.is_doubted();
        let switches = [
            origin.breaker.ended(contact.of_origin(), self.limits.patience, now_ms),
            destination.breaker.ended(contact.of_destination(), self.limits.patience, now_ms),
        ];
        let is_doubted = destination.breaker.is_doubted();
        if destination.has_turn && was_doubted != is_doubted {
            origin.pass_over(name);
            origin.line_up(name.clone(), is_doubted);
        }
        let places = [Place::Origin(destination.origin.clone()), Place::Destination(name.clone())];
        let probes = [origin.breaker.probes_at(), destination.breaker.probes_at()];
        self.probes.extend(probes.into_iter().zip(&places).filter_map(|(at_ms, place)| Some(Reverse((at_ms?, place.clone())))));
        let changes: Vec<_> = places.into_iter().zip(switches).filter_map(|(place, switch)| Some((place, switch?))).collect();
        changes.iter().for_each(|(place, switch)| self.left_alone.note(place, *switch));
        changes
    }

    /// An attempt that [`Schedule::next`] gave out has ended.
    pub(crate) fn ended(&mut self, hook: &Arc<str>, key: Key, attempt: u32, ended: Ended, now_ms: u64) {
        let lane = self.lanes.get_mut(hook).expect("a lane outlives its attempts");
        lane.in_flight -= 1;
        match ended {
            Ended::Delivered => lane.failing = false,
            Ended::Dead | Ended::Kept => {}
            Ended::Retry { .. } => lane.failing = true,
        }
        let gone = self.going.remove(&key).expect("an attempt goes somewhere");
        // What another destination said is no reason to wait, now that it goes elsewhere.
        let turned = gone.reroutes != lane.reroutes;
        self.release(&gone, now_ms);
        self.known.remove(&key);
        if let Ended::Retry { due_ms, hold } = ended {
            let (due_ms, hold) = if turned { (now_ms, false) } else { (due_ms, hold) };
            self.known.insert(key);
            self.enter(hook, Job { key, attempt: attempt + 1, fresh: None }, due_ms, now_ms);
            if hold {
                self.hold(hook, due_ms);
            }
        }
        self.offer(hook, now_ms);
        self.forget_idle(hook, now_ms);
    }

    /// Notes that a hook has something for its destination.
    fn settle_in(&mut self, route: &Route) {
        let new = || {
            self.origins.entry(route.origin.clone()).or_default().destinations += 1;
            Destination::at(route.origin.clone())
        };
        self.destinations.entry(route.destination.clone()).or_insert_with(new).lanes += 1;
    }

    /// Puts a bundle into its lane, or among what comes later. In an ordered lane it holds back the others until it is due.
    fn enter(&mut self, hook: &Arc<str>, job: Job, due_ms: u64, now_ms: u64) {
        let lane = self.lanes.get_mut(hook).expect("only called for lanes that are there");
        lane.waiting += 1;
        if lane.route.ordered {
            lane.insert_in_order(job);
            if due_ms > now_ms {
                self.hold(hook, due_ms);
            }
        } else if due_ms > now_ms {
            lane.later += 1;
            self.later.push(Reverse(Later { due_ms, hook: hook.clone(), job: Some(job) }));
        } else {
            lane.ready.push_back(job);
        }
    }

    fn hold(&mut self, hook: &Arc<str>, until_ms: u64) {
        let lane = self.lanes.get_mut(hook).expect("only called for lanes that are there");
        if until_ms > lane.held_until_ms {
            lane.held_until_ms = until_ms;
            lane.later += 1;
            self.later.push(Reverse(Later { due_ms: until_ms, hook: hook.clone(), job: None }));
        }
    }

    /// Moves what is due by now from `later` into its lane.
    fn wake(&mut self, now_ms: u64) {
        while self.later.peek().is_some_and(|Reverse(later)| later.due_ms <= now_ms) {
            let Some(Reverse(later)) = self.later.pop() else { return };
            let lane = self.lanes.get_mut(&later.hook).expect("a lane outlives what it has later");
            lane.later -= 1;
            lane.ready.extend(later.job);
            self.offer(&later.hook, now_ms);
            self.forget_idle(&later.hook, now_ms);
        }
        while self.probes.peek().is_some_and(|Reverse((at_ms, _))| *at_ms <= now_ms) {
            match self.probes.pop() {
                Some(Reverse((_, Place::Origin(name)))) => {
                    self.take_turn(&name);
                    self.forget_origin(&name, now_ms);
                }
                Some(Reverse((_, Place::Destination(name)))) => {
                    self.line_up(&name);
                    self.forget_left(&name, now_ms);
                }
                None => return,
            }
        }
    }

    fn forget_idle(&mut self, hook: &Arc<str>, now_ms: u64) {
        if self.lanes.get(hook).is_some_and(Lane::is_idle)
            && let Some(Lane { route, .. }) = self.lanes.remove(hook)
            && let Some(destination) = self.destinations.get_mut(&route.destination)
        {
            destination.lanes -= 1;
            self.forget_left(&route.destination, now_ms);
        }
    }

    /// Forgets a destination that nothing goes to any more. While it is left alone it is remembered, so that nothing new has
    /// to find that out, but only until it might be probed: it may be gone for good.
    fn forget_left(&mut self, name: &Arc<str>, now_ms: u64) {
        let is_left = |left: &Destination| left.lanes == 0 && left.in_flight == 0 && left.breaker.may_be_forgotten(now_ms);
        if self.destinations.get(name).is_some_and(is_left)
            && let Some(Destination { origin: at, has_turn, breaker, .. }) = self.destinations.remove(name)
            && let Some(origin) = self.origins.get_mut(&at)
        {
            origin.destinations -= 1;
            self.left_alone.destinations -= usize::from(breaker.is_open());
            if has_turn {
                origin.pass_over(name);
            }
            self.forget_origin(&at, now_ms);
        }
    }

    /// As [`forget_left`](Self::forget_left).
    fn forget_origin(&mut self, name: &Arc<str>, now_ms: u64) {
        let is_left = |left: &Origin| left.destinations == 0 && left.in_flight == 0 && left.breaker.may_be_forgotten(now_ms);
        if self.origins.get(name).is_some_and(is_left)
            && let Some(Origin { breaker, .. }) = self.origins.remove(name)
        {
            self.left_alone.origins -= usize::from(breaker.is_open());
        }
    }
}

impl LeftAlone {
    fn note(&mut self, place: &Place, switch: Switch) {
        let count = match place {
            Place::Origin(_) => &mut self.origins,
            Place::Destination(_) => &mut self.destinations,
        };
        match switch {
            Switch::Opened => *count += 1,
            Switch::Closed => *count -= 1,
        }
    }
}

#[cfg(test)]
mod tests;
