//! The state of a plugin's circuit breaker: a state machine without a clock.
//!
//! It opens only for what the plugin does by itself: when its instances do not even start, or when every caller was stopped for
//! the whole of a window, with several senders and several hooks among them. One request that goes well begins the count anew.
//! Open, it lets one request through, a probe, after a back-off that doubles each time a probe fails; the first request that
//! goes well closes it.

use std::time::{Duration, Instant};

use super::caller::Caller;

/// When the circuit opens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// So many requests were stopped, or so many instances did not start, in a row; 0: any number may.
    pub(super) stops: u32,
    /// For so long no request went well.
    pub(super) window: Duration,
}

/// How long an open circuit lets nobody through at first, and at most.
const FIRST_BACKOFF: Duration = Duration::from_secs(2);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// Requests are in a row as long as no more time than this lies between them, or than the window where that is longer.
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// What a request says about the plugin that it has called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Well,
    /// A call of it was stopped, by a crash or a limit, and why.
    Stopped(String),
    /// It got no instance, and why.
    NotStarted(String),
    /// It called nothing.
    None,
}

/// A change that the operator hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// From now on only probes go through.
    Opened,
    /// Everybody does again.
    Closed,
}

/// Whether a plugin is called. The default is closed: it is.
#[derive(Debug)]
pub(super) enum Circuit {
    /// With the requests in a row that did not go well, if the last one did not.
    Closed(Option<Run>),
    /// `probing`: the probe is on its way.
    Open { until: Instant, backoff: Duration, probing: bool, reason: String },
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed(None)
    }
}

impl Circuit {
    /// Whether a request goes through as a probe; the error is that it does not go through, and why.
    pub(super) fn admit(&mut self, now: Instant) -> Result<bool, String> {
        match self {
            Self::Closed(_) => Ok(false),
            Self::Open { until, probing, .. } if *until <= now && !*probing => {
                *probing = true;
                Ok(true)
            }
            Self::Open { .. } => Err(self.out_of_service(now).unwrap_or_default()),
        }
    }

    /// Why only probes go through, and until when, if that is so.
    pub(super) fn out_of_service(&self, now: Instant) -> Option<String> {
        let Self::Open { until, reason, .. } = self else { return None };
        let seconds = until.saturating_duration_since(now).as_secs_f64().ceil();
        Some(format!("the plugin is out of service, and is tried again in {seconds} s: {reason}"))
    }

    /// A request has ended that was let through, as a probe or not.
    pub(super) fn ended(&mut self, sign: &Sign, caller: &Caller, probe: bool, tolerance: Tolerance, now: Instant) -> Option<Switch> {
        match (&mut *self, sign) {
            (Self::Closed(run), Sign::Well) => *run = None,
            (Self::Closed(run), Sign::Stopped(cause) | Sign::NotStarted(cause)) if tolerance.stops > 0 => {
                let run = Run::continued(run, caller, tolerance, now);
                run.count(sign, caller, now);
                if run.is_the_plugins_fault(tolerance, now) {
                    let reason = run.told(cause, now);
                    *self = Self::open(FIRST_BACKOFF, reason, now);
                    return Some(Switch::Opened);
                }
            }
            (Self::Open { .. }, Sign::Well) => {
                *self = Self::default();
                return Some(Switch::Closed);
            }
            (Self::Open { backoff, reason, .. }, Sign::Stopped(_) | Sign::NotStarted(_)) if probe => {
                *self = Self::open((*backoff * 2).min(LONGEST_BACKOFF), std::mem::take(reason), now);
            }
            // Nothing was found out, so the next request may.
            (Self::Open { probing, .. }, Sign::None) if probe => *probing = false,
            // It began before the circuit opened, or says nothing.
            _ => {}
        }
        None
    }

    fn open(backoff: Duration, reason: String, now: Instant) -> Self {
        Self::Open { until: now + backoff, backoff, probing: false, reason }
    }
}

/// Requests in a row that did not go well.
#[derive(Debug)]
pub(super) struct Run {
    began: Instant,
    last: Instant,
    stops: u32,
    not_started: u32,
    /// Whom the first of them was from.
    first: Caller,
    several_senders: bool,
    several_hooks: bool,
}

impl Run {
    /// The run so far; a new one where the last stop is long ago.
    fn continued<'r>(run: &'r mut Option<Self>, caller: &Caller, tolerance: Tolerance, now: Instant) -> &'r mut Self {
        run.take_if(|run| now.saturating_duration_since(run.last) > tolerance.window.max(LONGEST_GAP));
        run.get_or_insert_with(|| Self {
            began: now,
            last: now,
            stops: 0,
            not_started: 0,
            first: caller.clone(),
            several_senders: false,
            // A shared webhook is everybody's.
            several_hooks: caller.hook.is_none(),
        })
    }

    fn count(&mut self, sign: &Sign, caller: &Caller, now: Instant) {
        match sign {
            Sign::NotStarted(_) => self.not_started = self.not_started.saturating_add(1),
            _ => (self.stops, self.not_started) = (self.stops.saturating_add(1), 0),
        }
        self.last = now;
        self.several_senders |= caller.network != self.first.network;
        self.several_hooks |= caller.hook != self.first.hook;
    }

    /// Whether nothing that callers did can be the reason.
    fn is_the_plugins_fault(&self, tolerance: Tolerance, now: Instant) -> bool {
        let everybody = self.several_senders && self.several_hooks && now.saturating_duration_since(self.began) >= tolerance.window;
        self.not_started >= tolerance.stops || (self.stops >= tolerance.stops && everybody)
    }

    fn told(&self, cause: &str, now: Instant) -> String {
        match self.not_started {
            0 => {
                let seconds = now.saturating_duration_since(self.began).as_secs();
                format!("it was stopped in {} requests in a row, of all callers in {seconds} s, at last because {cause}", self.stops)
            }
            instances => format!("{instances} instances in a row did not start, at last because {cause}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::network::Network;

    const TOLERANCE: Tolerance = Tolerance { stops: 3, window: Duration::from_secs(10) };

    /// What requests do to a circuit: `seconds` after its beginning, a caller, a sign.
    struct Trial {
        circuit: Circuit,
        began: Instant,
        tolerance: Tolerance,
    }

    impl Trial {
        fn new(tolerance: Tolerance) -> Self {
            Self { circuit: Circuit::default(), began: Instant::now(), tolerance }
        }

        fn at(&self, seconds: u64) -> Instant {
            self.began + Duration::from_secs(seconds)
        }

        fn ended(&mut self, seconds: u64, caller: &Caller, sign: &Sign) -> Option<Switch> {
            let now = self.at(seconds);
            let probe = self.circuit.admit(now).unwrap_or(false);
            self.circuit.ended(sign, caller, probe, self.tolerance, now)
        }
    }

    fn from(address: &str, hook: Option<&str>) -> Caller {
        Caller { network: Some(Network::of(address)), hook: hook.map(str::to_owned) }
    }

    fn stopped() -> Sign {
        Sign::Stopped("it crashed".to_owned())
    }

    fn opened() -> Trial {
        let mut trial = Trial::new(TOLERANCE);
        let (one, other) = (from("192.0.2.1", None), from("192.0.2.2", None));
        assert_eq!(trial.ended(0, &one, &stopped()), None);
        assert_eq!(trial.ended(5, &other, &stopped()), None);
        assert_eq!(trial.ended(10, &one, &stopped()), Some(Switch::Opened));
        trial
    }

    #[test]
    fn it_opens_when_every_caller_was_stopped_for_the_whole_window() {
        let trial = opened();
        let reason = "the plugin is out of service, and is tried again in 2 s: it was stopped in 3 requests in a row, of all callers in 10 s, \
                      at last because it crashed";
        assert_eq!(trial.circuit.out_of_service(trial.at(10)).as_deref(), Some(reason));
    }

    #[test]
    fn one_sender_does_not_open_it_however_often_he_is_stopped() {
        for addresses in [["192.0.2.1", "::ffff:192.0.2.1"], ["2001:db8::1", "2001:db8::2:0:0:3"]] {
            let mut trial = Trial::new(TOLERANCE);
            for (second, address) in (0..1000).zip(addresses.into_iter().cycle()) {
                assert_eq!(trial.ended(second, &from(address, None), &stopped()), None);
            }
        }
    }

    #[test]
    fn senders_that_cannot_be_told_apart_count_as_one() {
        let mut trial = Trial::new(TOLERANCE);
        for second in 0..1000 {
            assert_eq!(trial.ended(second, &Caller::default(), &stopped()), None);
        }
    }

    #[test]
    fn one_hook_does_not_open_it_whoever_calls_it() {
        let mut trial = Trial::new(TOLERANCE);
        for second in 0..200 {
            assert_eq!(trial.ended(second, &from(&format!("192.0.2.{second}"), Some("hook")), &stopped()), None);
        }
        assert_eq!(trial.ended(200, &from("192.0.2.7", Some("another")), &stopped()), Some(Switch::Opened), "until another is stopped too");
    }

    #[test]
    fn a_flood_does_not_open_it_while_somebody_succeeds_within_the_window() {
        let mut trial = Trial::new(TOLERANCE);
        for second in 0..1000 {
            let sign = if second % 9 == 0 { Sign::Well } else { stopped() };
            assert_eq!(trial.ended(second, &from(&format!("192.0.{}.1", second % 250), None), &sign), None);
        }
    }

    #[test]
    fn stops_that_are_far_apart_do_not_add_up() {
        let mut trial = Trial::new(TOLERANCE);
        for turn in 0..100 {
            assert_eq!(trial.ended(turn * 61, &from(&format!("192.0.2.{turn}"), None), &stopped()), None);
        }
    }

    #[test]
    fn instances_that_do_not_start_open_it_at_once_whoever_asked() {
        let mut trial = Trial::new(TOLERANCE);
        let caller = from("192.0.2.1", Some("hook"));
        let switches = [(); 3].map(|()| trial.ended(0, &caller, &Sign::NotStarted("it crashed".to_owned())));
        assert_eq!(switches, [None, None, Some(Switch::Opened)]);
        assert!(
            trial.circuit.out_of_service(trial.began).unwrap().ends_with("3 instances in a row did not start, at last because it crashed")
        );
    }

    #[test]
    fn open_it_lets_one_request_through_after_a_back_off_that_doubles_to_a_minute() {
        let mut trial = opened();
        let caller = from("192.0.2.1", None);
        let mut now = 10;
        for backoff in [2, 4, 8, 16, 32, 60, 60] {
            assert!(trial.circuit.admit(trial.at(now + backoff - 1)).is_err());
            now += backoff;
            assert_eq!(trial.circuit.admit(trial.at(now)), Ok(true));
            assert!(trial.circuit.admit(trial.at(now)).is_err(), "one");
            assert_eq!(trial.circuit.ended(&stopped(), &caller, true, TOLERANCE, trial.at(now)), None);
        }
    }

    #[test]
    fn the_first_request_that_goes_well_closes_it() {
        let mut trial = opened();
        assert_eq!(trial.ended(12, &from("192.0.2.1", None), &Sign::Well), Some(Switch::Closed));
        assert_eq!(trial.circuit.admit(trial.at(12)), Ok(false));
        let mut trial = opened();
        let from_before = trial.circuit.ended(&Sign::Well, &from("192.0.2.1", None), false, TOLERANCE, trial.at(11));
        assert_eq!(from_before, Some(Switch::Closed));
    }

    #[test]
    fn a_probe_that_called_nothing_is_followed_by_the_next_at_once() {
        let mut trial = opened();
        assert_eq!(trial.ended(12, &from("192.0.2.1", None), &Sign::None), None);
        assert_eq!(trial.circuit.admit(trial.at(12)), Ok(true));
    }

    #[test]
    fn without_a_limit_it_never_opens() {
        let mut trial = Trial::new(Tolerance { stops: 0, ..TOLERANCE });
        for second in 0..100 {
            let sign = if second % 2 == 0 { stopped() } else { Sign::NotStarted(String::new()) };
            assert_eq!(trial.ended(second, &from(&format!("192.0.2.{second}"), None), &sign), None);
        }
    }
}
