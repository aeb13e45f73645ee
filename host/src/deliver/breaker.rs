//! Whether a place that does not answer is left alone: a state machine without a clock.
//!
//! There is one for each server and one for each destination there, so that a path which always times out costs the other
//! paths of its server nothing. After several attempts in a row that found nobody, a place is open (as a circuit breaker is):
//! one attempt at a time, a probe, finds out whether somebody is there again, at growing intervals; the first who is closes
//! it. A probe is the attempt of a bundle that is due anyway, the hooks and their bundles taking turns, and counts as that
//! bundle's. So an outage costs no bundle more attempts than its schedule has, and most of them fewer: what is not probed
//! with waits. That cannot go on for ever, since each hook that waits gets its turns, and one whose every attempt has failed
//! for five days is disabled.

use std::time::Duration;

/// What an attempt says about where it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contact {
    /// The destination answered, be it with an error.
    Answered,
    /// Its server was connected to, but no reply came, or not in time, or it broke off.
    Unanswered,
    /// There was no connection to its server.
    Unreachable,
    /// Nobody was asked.
    None,
}

/// What that means for one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Somebody,
    Nobody,
    None,
}

impl Contact {
    /// What it says of the server: one that is connected to is there, whatever becomes of the request.
    pub(crate) fn of_origin(self) -> Sign {
        match self {
            Self::Answered | Self::Unanswered => Sign::Somebody,
            Self::Unreachable => Sign::Nobody,
            Self::None => Sign::None,
        }
    }

    /// What it says of the destination itself: nothing, where its server was not reached.
    pub(crate) fn of_destination(self) -> Sign {
        match self {
            Self::Answered => Sign::Somebody,
            Self::Unanswered => Sign::Nobody,
            Self::Unreachable | Self::None => Sign::None,
        }
    }
}

/// A change that the operator hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// From now on only probes go there.
    Opened,
    /// It is as it was before.
    Closed,
}

/// When a server or a destination is left alone.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts in a row that find nobody.
    pub misses: u32,
    /// How long until the first probe. Each one that finds nobody doubles the wait for the next.
    pub first_probe: Duration,
    /// The longest wait for one.
    pub longest: Duration,
}

/// What is known of one place. The default is closed.
#[derive(Debug)]
pub(crate) enum Breaker {
    /// Nobody was found so many times in a row.
    Closed { misses: u32 },
    /// Left alone. `probing`: the probe is on its way.
    Open { probe_at_ms: u64, wait: Duration, probing: bool },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { misses: 0 }
    }
}

impl Breaker {
    /// Whether an attempt may start while so many are in flight. A probe waits until it is alone.
    pub(crate) fn lets(&self, in_flight: usize, now_ms: u64) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { probe_at_ms, .. } => in_flight == 0 && *probe_at_ms <= now_ms,
        }
    }

    /// An attempt starts.
    pub(crate) fn started(&mut self) {
        if let Self::Open { probing, .. } = self {
            *probing = true;
        }
    }

    /// An attempt has ended.
    pub(crate) fn ended(&mut self, sign: Sign, patience: Patience, now_ms: u64) -> Option<Switch> {
        match (&mut *self, sign) {
            (Self::Closed { misses }, Sign::Somebody) => *misses = 0,
            (Self::Closed { misses }, Sign::Nobody) => {
                *misses += 1;
                if *misses >= patience.misses {
                    *self = Self::open(patience.first_probe, now_ms);
                    return Some(Switch::Opened);
                }
            }
            (Self::Open { .. }, Sign::Somebody) => {
                *self = Self::default();
                return Some(Switch::Closed);
            }
            (Self::Open { wait, probing: true, .. }, Sign::Nobody) => {
                *self = Self::open((*wait * 2).min(patience.longest), now_ms);
            }
            // Nobody was asked, so the next one may go at once.
            (Self::Open { probing, .. }, Sign::None) => *probing = false,
            // It began before the place was left alone, or says nothing.
            (Self::Open { probing: false, .. }, Sign::Nobody) | (Self::Closed { .. }, Sign::None) => {}
        }
        None
    }

    /// When the next probe may start, if it is open and none is on its way.
    pub(crate) fn probes_at(&self) -> Option<u64> {
        match self {
            Self::Open { probe_at_ms, probing: false, .. } => Some(*probe_at_ms),
            _ => None,
        }
    }

    /// Whether the last attempt that says anything found nobody.
    pub(crate) fn is_doubted(&self) -> bool {
        !matches!(self, Self::Closed { misses: 0 })
    }

    /// Whether only probes go there.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Whether nothing is lost by forgetting it: it is closed, or might be probed.
    pub(crate) fn may_be_forgotten(&self, now_ms: u64) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { probe_at_ms, .. } => *probe_at_ms <= now_ms,
        }
    }

    fn open(wait: Duration, now_ms: u64) -> Self {
        Self::Open { probe_at_ms: now_ms.saturating_add(wait.as_millis() as u64), wait, probing: false }
    }
}

#[cfg(test)]
mod tests {
    use super::Sign::{Nobody, None as Nothing, Somebody};
    use super::*;

    const PATIENCE: Patience = Patience { misses: 3, first_probe: Duration::from_millis(10), longest: Duration::from_millis(35) };

    fn after(signs: &[Sign]) -> (Breaker, Vec<Option<Switch>>) {
        let mut breaker = Breaker::default();
        let switches = signs.iter().map(|sign| breaker.ended(*sign, PATIENCE, 100)).collect();
        (breaker, switches)
    }

    /// A probe at that time, and how it ended.
    fn probe(breaker: &mut Breaker, at_ms: u64, sign: Sign) -> Option<Switch> {
        assert!(!breaker.lets(0, at_ms - 1) && breaker.lets(0, at_ms), "{breaker:?} at {at_ms}");
        breaker.started();
        breaker.ended(sign, PATIENCE, at_ms)
    }

    #[test]
    fn it_opens_when_nobody_is_found_several_times_in_a_row() {
        let (breaker, switches) = after(&[Nobody, Nobody, Somebody, Nobody, Nothing, Nobody]);
        assert_eq!((breaker.is_open(), switches.iter().flatten().count()), (false, 0));
        let (breaker, switches) = after(&[Nobody, Nobody, Nothing, Nobody]);
        assert_eq!((breaker.probes_at(), switches), (Some(110), vec![None, None, None, Some(Switch::Opened)]));
    }

    #[test]
    fn a_probe_goes_alone_and_each_that_finds_nobody_makes_the_next_wait_longer() {
        let (mut breaker, _) = after(&[Nobody; 3]);
        assert!(!breaker.lets(1, 110), "others are still in flight");
        assert_eq!(probe(&mut breaker, 110, Nobody), None);
        assert_eq!(probe(&mut breaker, 130, Nobody), None);
        assert_eq!(probe(&mut breaker, 165, Nobody), None, "the wait is bounded");
        assert_eq!(breaker.probes_at(), Some(200));
    }

    #[test]
    fn the_first_answer_closes_it_also_one_to_an_attempt_from_before() {
        let (mut breaker, _) = after(&[Nobody; 3]);
        assert_eq!(probe(&mut breaker, 110, Somebody), Some(Switch::Closed));
        assert!(breaker.lets(7, 110) && !breaker.is_open());
        let (mut breaker, _) = after(&[Nobody; 3]);
        assert_eq!(breaker.ended(Somebody, PATIENCE, 101), Some(Switch::Closed));
    }

    #[test]
    fn what_began_before_it_opened_does_not_put_off_the_probe() {
        let (breaker, switches) = after(&[Nobody; 5]);
        assert_eq!((breaker.probes_at(), switches.iter().flatten().count()), (Some(110), 1));
    }

    #[test]
    fn a_probe_that_asked_nobody_is_followed_by_the_next_at_once() {
        let (mut breaker, _) = after(&[Nobody; 3]);
        assert_eq!(probe(&mut breaker, 110, Nothing), None);
        assert!(breaker.lets(0, 110));
    }
}
