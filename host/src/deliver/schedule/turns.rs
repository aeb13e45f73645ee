//! Whose turn it is: a hook's at its destination, a destination's at its origin, an origin's among all.

use std::sync::Arc;

use super::{Going, Job, Schedule};

impl Schedule {
    /// Gives a lane its turn at its destination, if it has something that may start.
    pub(super) fn offer(&mut self, hook: &Arc<str>, now_ms: u64) {
        let Some(lane) = self.lanes.get_mut(hook) else { return };
        if lane.has_turn || !lane.may_start(self.limits.per_hook, now_ms) {
            return;
        }
        lane.has_turn = true;
        let name = lane.route.destination.clone();
        let destination = self.destinations.get_mut(&name).expect("a lane's destination is there");
        destination.turns.push_back(hook.clone());
        self.line_up(&name);
    }

    /// Gives a destination its turn at its origin, if it has something to start.
    pub(super) fn line_up(&mut self, name: &Arc<str>) {
        let Some(destination) = self.destinations.get_mut(name) else { return };
        if destination.has_turn || destination.turns.is_empty() {
            return;
        }
        destination.has_turn = true;
        let at = destination.origin.clone();
        let origin = self.origins.get_mut(&at).expect("an origin outlives its destinations");
        origin.line_up(name.clone(), destination.breaker.is_doubted());
        self.take_turn(&at);
    }

    /// Puts an origin in line, if it has something to start and is not in line yet.
    pub(super) fn take_turn(&mut self, name: &Arc<str>) {
        let Some(origin) = self.origins.get_mut(name) else { return };
        if !origin.has_turn && origin.has_next(self.limits.per_origin) {
            origin.has_turn = true;
            self.turns.push_back(name.clone());
        }
    }

    /// Starts one attempt at an origin whose turn it is, and puts it back in line if it has more.
    pub(super) fn start_at(&mut self, name: &Arc<str>, now_ms: u64) -> Option<(Arc<str>, Job)> {
        let busy = self.in_flight * 2 >= self.limits.in_flight;
        let origin = self.origins.get_mut(name)?;
        if busy && origin.in_flight > 0 {
            self.crowded.push(name.clone());
            return None;
        }
        origin.has_turn = false;
        if origin.in_flight >= self.limits.per_origin || !origin.breaker.lets(origin.in_flight, now_ms) {
            return None;
        }
        while let Some(destination) = self.origins.get_mut(name)?.next(self.limits.per_origin) {
            if let Some(started) = self.start_to(&destination, now_ms) {
                self.take_turn(name);
                return Some(started);
            }
        }
        None
    }

    /// Starts one attempt to a destination whose turn it is, and puts it back in line if it has more.
    fn start_to(&mut self, name: &Arc<str>, now_ms: u64) -> Option<(Arc<str>, Job)> {
        let destination = self.destinations.get_mut(name)?;
        destination.has_turn = false;
        let left = self.limits.per_origin - self.origins.get(&destination.origin)?.in_flight;
        if destination.in_flight >= left || !destination.breaker.lets(destination.in_flight, now_ms) {
            return None;
        }
        let started = self.take(name, now_ms);
        self.line_up(name);
        started
    }

    fn take(&mut self, name: &Arc<str>, now_ms: u64) -> Option<(Arc<str>, Job)> {
        let destination = self.destinations.get_mut(name)?;
        let origin = self.origins.get_mut(&destination.origin)?;
        let hook = destination.turns.pop_front()?;
        let lane = self.lanes.get_mut(&hook).expect("a lane with a turn is there");
        lane.has_turn = false;
        if !lane.may_start(self.limits.per_hook, now_ms) {
            return None;
        }
        let job = lane.ready.pop_front()?;
        lane.waiting -= 1;
        lane.in_flight += 1;
        let doubted = destination.breaker.is_doubted();
        destination.in_flight += 1;
        destination.breaker.started();
        origin.in_flight += 1;
        origin.doubted_in_flight += usize::from(doubted);
        origin.breaker.started();
        self.going.insert(job.key, Going { destination: name.clone(), doubted, reroutes: lane.reroutes });
        self.in_flight += 1;
        self.offer(&hook, now_ms);
        Some((hook, job))
    }

    pub(super) fn release(&mut self, gone: &Going, now_ms: u64) {
        self.in_flight -= 1;
        let destination = self.destinations.get_mut(&gone.destination).expect("a destination outlives its attempts");
        destination.in_flight -= 1;
        let at = destination.origin.clone();
        let origin = self.origins.get_mut(&at).expect("an origin outlives its destinations");
        origin.in_flight -= 1;
        origin.doubted_in_flight -= usize::from(gone.doubted);
        self.line_up(&gone.destination);
        self.take_turn(&at);
        self.forget_left(&gone.destination, now_ms);
        self.turns.extend(self.crowded.drain(..));
    }
}
