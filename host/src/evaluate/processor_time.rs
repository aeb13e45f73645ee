//! How long something on this thread has had a processor.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Measures processor time from when it was made, on the thread that made it. The clock of the wall, which is never behind
/// that of the processor and costs a tenth of it, is read until somebody wants to know exactly.
#[derive(Debug)]
pub(crate) struct ProcessorTime {
    began: Instant,
    exact: Cell<Option<Exact>>,
}

/// The first exact look.
#[derive(Clone, Copy, Debug)]
struct Exact {
    /// What had passed until then, by the wall's clock.
    passed: Duration,
    /// The thread's processor time then.
    at: Duration,
}

impl ProcessorTime {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), exact: Cell::new(None) }
    }

    /// By the wall's clock: at least as much as was used.
    pub(crate) fn passed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What was used; what passed before the first call counts whole.
    pub(crate) fn used(&self) -> Duration {
        let now = thread_time();
        match self.exact.get() {
            Some(Exact { passed, at }) => passed + now.saturating_sub(at),
            None => {
                let passed = self.passed();
                self.exact.set(Some(Exact { passed, at: now }));
                passed
            }
        }
    }
}

/// What this thread has had of a processor so far.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
