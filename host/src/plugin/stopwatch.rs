//! How long a call has had a processor, and whom it lets pass: what runs for long takes turns with all else that does.
//!
//! A sender whose last request was stopped in a plugin takes turns there from the beginning of every call, until one goes well:
//! what he does costs himself, and nobody else.
//!
//! What a plugin may take is processor time, so that a host which is busy with other things stops nobody for that. Calls that
//! end soon, nearly all of them, read the clock twice and never come to the lane.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::unconstrained;
use wasmtime::Trap;

use super::settings::TICK;

/// After so much time a call is a slow one.
const SLOW: Duration = TICK.saturating_mul(2);
/// A call that gets no processor ends after so many times what it may take.
const PATIENCE: u32 = 10;

/// The processors that slow calls share; the first that waits is the first that goes on.
#[derive(Clone)]
pub(super) struct SlowLane(Arc<Semaphore>);

impl SlowLane {
    /// All processors but one, so that requests which are not slow find one free; the only one where there is one.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors - 1).max(1))))
    }

    /// The stopwatch of an instance.
    pub(super) fn stopwatch(&self) -> Stopwatch {
        Stopwatch { lane: self.clone(), from_the_beginning: false, left: Duration::ZERO, began: Instant::now(), seen: None, turn: None }
    }

    /// That of an instance for a sender who was stopped in his last request.
    pub(super) fn stopwatch_from_the_beginning(&self) -> Stopwatch {
        Stopwatch { from_the_beginning: true, ..self.stopwatch() }
    }

    /// Blocks until it is this call's turn.
    fn turn(&self) -> OwnedSemaphorePermit {
        // A call is inside one poll of its task, whose share of polling tokio would otherwise count.
        let turn = pollster::block_on(unconstrained(self.0.clone().acquire_owned()));
        turn.expect("the semaphore is never closed")
    }
}

/// One call's time.
pub(super) struct Stopwatch {
    lane: SlowLane,
    /// Whether calls take turns before they are slow.
    from_the_beginning: bool,
    left: Duration,
    began: Instant,
    seen: Option<Seen>,
    /// Its place in the lane.
    turn: Option<OwnedSemaphorePermit>,
}

/// What the first tick that met the call has noted.
struct Seen {
    /// What it had taken until then, by the clock on the wall.
    taken: Duration,
    /// The thread's processor time then.
    at: Duration,
}

impl Stopwatch {
    /// A call begins that may take so long. It runs on this thread to its end.
    pub(super) fn start(&mut self, left: Duration) {
        // First given back, as in `tick`.
        self.turn = None;
        self.turn = self.from_the_beginning.then(|| self.lane.turn());
        (self.left, self.began, self.seen) = (left, Instant::now(), None);
    }

    /// The call is still there at a tick of the plugins' clock: it waits for its turn if it is slow, and is interrupted when
    /// its time is over.
    pub(super) fn tick(&mut self) -> Result<(), Trap> {
        let taken = self.began.elapsed();
        self.seen.get_or_insert_with(|| Seen { taken, at: processor_time() });
        let used = self.used();
        if used >= self.left || taken >= self.left.saturating_mul(PATIENCE) {
            return Err(Trap::Interrupt);
        }
        if used >= SLOW {
            // First given back: whoever waits has it now.
            self.turn = None;
            self.turn = Some(self.lane.turn());
        }
        Ok(())
    }

    /// The call has ended: what is left of its time.
    pub(super) fn stop(&mut self) -> Duration {
        self.turn = None;
        self.left.saturating_sub(self.used())
    }

    fn used(&self) -> Duration {
        match &self.seen {
            Some(Seen { taken, at }) => *taken + processor_time().saturating_sub(*at),
            None => self.began.elapsed(),
        }
    }
}

/// What this thread has had of a processor so far.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::thread;

    use super::*;

    /// A call that has run for so long by the wall's clock when a tick meets it.
    fn met_after(lane: &SlowLane, taken: Duration, left: Duration) -> Stopwatch {
        let mut watch = lane.stopwatch();
        watch.start(left);
        watch.began = Instant::now().checked_sub(taken).unwrap();
        watch
    }

    fn narrow() -> SlowLane {
        SlowLane(Arc::new(Semaphore::new(1)))
    }

    #[test]
    fn a_call_that_ends_soon_does_not_wait_for_slow_ones() {
        let lane = narrow();
        let _taken = lane.turn();
        let mut watch = met_after(&lane, SLOW / 2, Duration::from_secs(1));
        assert_eq!(watch.tick(), Ok(()));
        assert!(watch.turn.is_none());
    }

    #[test]
    fn a_sender_who_was_stopped_takes_turns_from_the_beginning() {
        let lane = narrow();
        let mut watch = lane.stopwatch_from_the_beginning();
        watch.start(Duration::from_secs(1));
        watch.start(Duration::from_secs(1));
        assert_eq!(lane.0.available_permits(), 0);
        watch.stop();
        assert_eq!(lane.0.available_permits(), 1);
    }

    #[test]
    fn slow_calls_take_turns() {
        let lane = narrow();
        let [mut first, mut second] = [(); 2].map(|()| met_after(&lane, SLOW, Duration::from_secs(60)));
        assert_eq!(first.tick(), Ok(()));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                assert_eq!(second.tick(), Ok(()));
                second.stop();
            });
            // As often as it takes until the other one stands in the queue and is let in.
            while !waiting.is_finished() {
                assert_eq!(first.tick(), Ok(()));
            }
        });
        first.stop();
        assert_eq!(lane.0.available_permits(), 1);
    }

    #[test]
    fn a_call_is_over_when_its_processor_time_is() {
        let mut watch = met_after(&narrow(), Duration::ZERO, Duration::from_mins(1));
        watch.tick().unwrap();
        watch.left = Duration::from_millis(3);
        watch.seen = Some(Seen { taken: watch.left, at: processor_time() });
        assert_eq!(watch.tick(), Err(Trap::Interrupt));
        assert_eq!(watch.stop(), Duration::ZERO);
    }

    #[test]
    fn waiting_for_a_processor_is_not_what_ends_a_call() {
        let mut watch = met_after(&narrow(), Duration::ZERO, Duration::from_secs(1));
        watch.tick().unwrap();
        watch.began = Instant::now().checked_sub(Duration::from_secs(2)).unwrap();
        assert_eq!(watch.tick(), Ok(()));
        watch.began = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        assert_eq!(watch.tick(), Err(Trap::Interrupt));
    }
}
