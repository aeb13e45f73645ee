//! Whether a destination that cannot be reached is left alone: a state machine without a clock.
//!
//! After several attempts in a row that found nobody, a destination is open (as a circuit breaker is): one attempt at a
//! time, a probe, finds out whether it can be reached again, at growing intervals; the first answer, whatever it says,
//! closes it. A probe is the attempt of a bundle that is due anyway, the hooks and their bundles taking turns, and counts
//! as that bundle's. So an outage costs no bundle more attempts than its schedule has, and most of them fewer: what is not
//! probed with waits. That cannot go on for ever, since each hook that waits gets its turns, and one whose every attempt
//! has failed for five days is disabled.

use std::time::Duration;

/// What an attempt says about whether its destination can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contact {
    /// Somebody answered, be it with an error.
    Answered,
    /// Nobody did: no connection, no reply in time, or one that broke off.
    Unreachable,
    /// Nothing: nobody was asked.
    None,
}

/// A change that the operator hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// From now on only probes go there.
    Opened,
    /// It is as it was before.
    Closed,
}

/// When a destination is left alone.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts in a row that find nobody.
    pub unreachable: u32,
    /// How long until the first probe. Each one that finds nobody doubles the wait for the next.
    pub first_probe: Duration,
    /// The longest wait for one.
    pub longest: Duration,
}

/// What is known of one destination. The default is closed.
#[derive(Debug)]
pub(crate) enum Breaker {
    /// Nobody was found so many times in a row.
    Closed { unreachable: u32 },
    /// Left alone. `probing`: the probe is on its way.
    Open { probe_at_ms: u64, wait: Duration, probing: bool },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { unreachable: 0 }
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
    pub(crate) fn ended(&mut self, contact: Contact, patience: Patience, now_ms: u64) -> Option<Switch> {
        match (&mut *self, contact) {
            (Self::Closed { unreachable }, Contact::Answered) => *unreachable = 0,
            (Self::Closed { unreachable }, Contact::Unreachable) => {
                *unreachable += 1;
                if *unreachable >= patience.unreachable {
                    *self = Self::open(patience.first_probe, now_ms);
                    return Some(Switch::Opened);
                }
            }
            (Self::Open { .. }, Contact::Answered) => {
                *self = Self::default();
                return Some(Switch::Closed);
            }
            (Self::Open { wait, probing: true, .. }, Contact::Unreachable) => {
                *self = Self::open((*wait * 2).min(patience.longest), now_ms);
            }
            // Nobody was asked, so the next one may go at once.
            (Self::Open { probing, .. }, Contact::None) => *probing = false,
            // It began before the destination was left alone, or says nothing.
            (Self::Open { probing: false, .. }, Contact::Unreachable) | (Self::Closed { .. }, Contact::None) => {}
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

    /// Whether only probes go there.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    fn open(wait: Duration, now_ms: u64) -> Self {
        Self::Open { probe_at_ms: now_ms.saturating_add(wait.as_millis() as u64), wait, probing: false }
    }
}

#[cfg(test)]
mod tests {
    use super::Contact::{Answered, None as Nothing, Unreachable};
    use super::*;

    const PATIENCE: Patience = Patience { unreachable: 3, first_probe: Duration::from_millis(10), longest: Duration::from_millis(35) };

    fn after(contacts: &[Contact]) -> (Breaker, Vec<Option<Switch>>) {
        let mut breaker = Breaker::default();
        let switches = contacts.iter().map(|contact| breaker.ended(*contact, PATIENCE, 100)).collect();
        (breaker, switches)
    }

    /// A probe at that time, and how it ended.
    fn probe(breaker: &mut Breaker, at_ms: u64, contact: Contact) -> Option<Switch> {
        assert!(!breaker.lets(0, at_ms - 1) && breaker.lets(0, at_ms), "{breaker:?} at {at_ms}");
        breaker.started();
        breaker.ended(contact, PATIENCE, at_ms)
    }

    #[test]
    fn it_opens_when_nobody_is_found_several_times_in_a_row() {
        let (breaker, switches) = after(&[Unreachable, Unreachable, Answered, Unreachable, Nothing, Unreachable]);
        assert_eq!((breaker.is_open(), switches.iter().flatten().count()), (false, 0));
        let (breaker, switches) = after(&[Unreachable, Unreachable, Nothing, Unreachable]);
        assert_eq!((breaker.probes_at(), switches), (Some(110), vec![None, None, None, Some(Switch::Opened)]));
    }

    #[test]
    fn a_probe_goes_alone_and_each_that_finds_nobody_makes_the_next_wait_longer() {
        let (mut breaker, _) = after(&[Unreachable; 3]);
        assert!(!breaker.lets(1, 110), "others are still in flight");
        assert_eq!(probe(&mut breaker, 110, Unreachable), None);
        assert_eq!(probe(&mut breaker, 130, Unreachable), None);
        assert_eq!(probe(&mut breaker, 165, Unreachable), None, "the wait is bounded");
        assert_eq!(breaker.probes_at(), Some(200));
    }

    #[test]
    fn the_first_answer_closes_it_also_one_to_an_attempt_from_before() {
        let (mut breaker, _) = after(&[Unreachable; 3]);
        assert_eq!(probe(&mut breaker, 110, Answered), Some(Switch::Closed));
        assert!(breaker.lets(7, 110) && !breaker.is_open());
        let (mut breaker, _) = after(&[Unreachable; 3]);
        assert_eq!(breaker.ended(Answered, PATIENCE, 101), Some(Switch::Closed));
    }

    #[test]
    fn what_began_before_it_opened_does_not_put_off_the_probe() {
        let (breaker, switches) = after(&[Unreachable; 5]);
        assert_eq!((breaker.probes_at(), switches.iter().flatten().count()), (Some(110), 1));
    }

    #[test]
    fn a_probe_that_asked_nobody_is_followed_by_the_next_at_once() {
        let (mut breaker, _) = after(&[Unreachable; 3]);
        assert_eq!(probe(&mut breaker, 110, Nothing), None);
        assert!(breaker.lets(0, 110));
    }
}
