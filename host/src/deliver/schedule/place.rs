//! Where attempts go: servers, whose slots are counted, and the destinations there, which share them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::deliver::breaker::Breaker;

/// A server, a file or a stream.
#[derive(Default)]
pub(super) struct Origin {
    pub(super) in_flight: usize,
    /// Those of them that went to a destination which had not answered before.
    pub(super) doubted_in_flight: usize,
    /// What is known there.
    pub(super) destinations: usize,
    pub(super) breaker: Breaker,
    pub(super) has_turn: bool,
    /// Destinations that have something to start.
    turns: VecDeque<Arc<str>>,
    /// Those that did not answer the last attempt: all of them together have half of the slots.
    doubted_turns: VecDeque<Arc<str>>,
}

/// What a hook names.
pub(super) struct Destination {
    pub(super) origin: Arc<str>,
    pub(super) in_flight: usize,
    /// Hooks that have anything for it, now or later.
    pub(super) lanes: usize,
    pub(super) breaker: Breaker,
    pub(super) has_turn: bool,
    /// Hooks that have something to start.
    pub(super) turns: VecDeque<Arc<str>>,
}

impl Origin {
    /// Whether a destination has its turn, at an origin of so many slots.
    pub(super) fn has_next(&self, slots: usize) -> bool {
        !self.turns.is_empty() || (!self.doubted_turns.is_empty() && self.tries_doubted(slots))
    }

    /// The destination whose turn it is.
    pub(super) fn next(&mut self, slots: usize) -> Option<Arc<str>> {
        let doubted = if self.tries_doubted(slots) { self.doubted_turns.pop_front() } else { None };
        doubted.or_else(|| self.turns.pop_front())
    }

    /// Gives a destination its turn.
    pub(super) fn line_up(&mut self, destination: Arc<str>, is_doubted: bool) {
        if is_doubted { &mut self.doubted_turns } else { &mut self.turns }.push_back(destination);
    }

    /// Takes a destination's turn away.
    pub(super) fn pass_over(&mut self, destination: &Arc<str>) {
        self.turns.retain(|other| other != destination);
        self.doubted_turns.retain(|other| other != destination);
    }

    fn tries_doubted(&self, slots: usize) -> bool {
        self.doubted_in_flight < (slots / 2).max(1)
    }
}

impl Destination {
    pub(super) fn at(origin: Arc<str>) -> Self {
        Self { origin, in_flight: 0, lanes: 0, breaker: Breaker::default(), has_turn: false, turns: VecDeque::new() }
    }
}
