//! The budget of one request: processor time by stages, memory, and whether anybody waits for the reply.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookwright_iml::{Budget, Interrupt};
use hookwright_webhook::{RequestBudget, Stage};

use super::memory::allocated;
use super::processor_time::ProcessorTime;
use super::turns::Turns;
use crate::inbound::Lease;

/// What one request may use.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Processor time before `condition` has held, and again for `respond`.
    pub condition_time: Duration,
    /// Processor time in all, but for that of `respond`.
    pub time: Duration,
    /// Bytes of memory beyond the body.
    pub memory: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { condition_time: Duration::from_millis(250), time: Duration::from_secs(2), memory: 64 << 20 }
    }
}

/// Questions between two looks at the clock: one costs a nanosecond, the other fifty.
const UNSEEN: u8 = 8;
/// Memory is taken from what all requests share in pieces of this size.
const PIECE: usize = 256 << 10;
/// After so much time a request takes turns with all others that do.
const SLOW: Duration = Duration::from_millis(10);

/// Watches over one request, on the thread that made it.
pub struct Meter<'m> {
    allowance: Allowance,
    turns: &'m Turns,
    time: ProcessorTime,
    /// How much time may be used in the present stage.
    until: Cell<Duration>,
    unseen: Cell<u8>,
    /// What the thread had allocated at the beginning.
    memory_before: isize,
    lease: RefCell<&'m mut Lease>,
    cancelled: &'m Cancelled,
}

impl<'m> Meter<'m> {
    /// A budget that begins now; the memory it grants is taken from `lease`'s pool.
    pub fn new(allowance: Allowance, turns: &'m Turns, lease: &'m mut Lease, cancelled: &'m Cancelled) -> Self {
        Self {
            allowance,
            turns,
            time: ProcessorTime::begin(),
            until: Cell::new(allowance.condition_time),
            unseen: Cell::new(0),
            memory_before: allocated(),
            lease: RefCell::new(lease),
            cancelled,
        }
    }

    fn look(&self) -> Result<(), Interrupt> {
        if self.cancelled.is_cancelled() {
            return Err(Interrupt::Cancelled);
        }
        self.look_at_memory()?;
        self.look_at_time()
    }

    /// Bytes in use now.
    pub(super) fn memory(&self) -> usize {
        usize::try_from(allocated() - self.memory_before).unwrap_or_default()
    }

    fn look_at_memory(&self) -> Result<(), Interrupt> {
        let used = self.memory();
        if used > self.allowance.memory {
            return Err(Interrupt::Memory);
        }
        let mut lease = self.lease.borrow_mut();
        match used.checked_sub(lease.evaluation()) {
            None | Some(0) => Ok(()),
            Some(more) => lease.grow_evaluation(more.max(PIECE)).map_err(|_| Interrupt::Unavailable),
        }
    }

    fn look_at_time(&self) -> Result<(), Interrupt> {
        if self.time.at_most() < SLOW.min(self.until.get()) {
            return Ok(());
        }
        let used = self.time.used();
        if used >= self.until.get() {
            return Err(Interrupt::Time);
        }
        if used >= SLOW {
            self.turns.take();
        }
        Ok(())
    }
}

impl Budget for Meter<'_> {
    fn check(&self) -> Result<(), Interrupt> {
        let unseen = self.unseen.get();
        self.unseen.set(unseen.checked_sub(1).unwrap_or(UNSEEN));
        if unseen == 0 { self.look() } else { Ok(()) }
    }

    fn check_now(&self) -> Result<(), Interrupt> {
        self.look()
    }
}

impl RequestBudget for Meter<'_> {
    fn begin(&self, stage: Stage) {
        self.until.set(match stage {
            Stage::Event => self.allowance.time,
            Stage::Reply => self.time.used() + self.allowance.condition_time,
        });
    }
}

/// Whoever waits no longer takes part in turns, and nothing is held for what is gone.
impl Drop for Meter<'_> {
    fn drop(&mut self) {
        Turns::leave();
    }
}

/// The budget of an attempt that is worth making at once: nearly every request is decided about in far less. One that is not is
/// decided about anew, with all that it may use.
pub(crate) struct Attempt {
    began: Instant,
    unseen: Cell<u8>,
    memory_before: isize,
    memory: isize,
    ended: Cell<bool>,
}

impl Attempt {
    const TIME: Duration = Duration::from_millis(5);
    const MEMORY: usize = 4 << 20;

    /// One that may use no more than any request may.
    pub(crate) fn begin(allowance: &Allowance) -> Self {
        let memory = Self::MEMORY.min(allowance.memory) as isize;
        Self { began: Instant::now(), unseen: Cell::new(UNSEEN), memory_before: allocated(), memory, ended: Cell::new(false) }
    }

    /// Whether it was ended before it had a result.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }
}

impl Budget for Attempt {
    fn check(&self) -> Result<(), Interrupt> {
        let unseen = self.unseen.get();
        self.unseen.set(unseen.checked_sub(1).unwrap_or(UNSEEN));
        if unseen == 0 { self.check_now() } else { Ok(()) }
    }

    fn check_now(&self) -> Result<(), Interrupt> {
        if self.began.elapsed() < Self::TIME && allocated() - self.memory_before <= self.memory {
            return Ok(());
        }
        self.ended.set(true);
        Err(Interrupt::Cancelled)
    }
}

impl RequestBudget for Attempt {
    fn begin(&self, _: Stage) {}
}

/// Whether somebody still waits for the result: set when whoever waits is gone.
#[derive(Clone, Debug, Default)]
pub struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Held by whoever waits.
#[derive(Debug, Default)]
pub(super) struct CancelOnDrop(Cancelled);

impl CancelOnDrop {
    pub(super) fn flag(&self) -> Cancelled {
        self.0.clone()
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
