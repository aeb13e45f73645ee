//! How long something on this thread has had a processor.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Measures from when it was made, on the thread that made it: a host that is busy with other things takes nobody's time.
#[derive(Debug)]
pub(crate) struct ProcessorTime {
    began: Instant,
    /// The thread's processor time then.
    before: Duration,
}

impl ProcessorTime {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), before: thread_time() }
    }

    /// What was used at most: what has passed by the wall's clock, which costs a tenth of the processor's to read.
    pub(crate) fn at_most(&self) -> Duration {
        self.began.elapsed()
    }

    /// What was used.
    pub(crate) fn used(&self) -> Duration {
        thread_time().saturating_sub(self.before)
    }
}

/// What this thread has had of a processor so far.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
