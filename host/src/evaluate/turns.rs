//! Turns of what computes for long: it shares all processors but one, so that requests which are not slow find one free.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop::unconstrained;

/// The processors that slow work shares; the first that waits is the first that goes on.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Semaphore>);

thread_local! {
    /// The turn that this thread has: one thread never has two, so that it cannot wait for itself.
    static TURN: RefCell<Option<OwnedSemaphorePermit>> = const { RefCell::new(None) };
}

impl Default for Turns {
    /// All processors but one; the only one where there is one.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors - 1).max(1))))
    }
}

impl Turns {
    /// Gives back the turn that this thread has, and blocks until it has the next.
    pub fn take(&self) {
        Self::leave();
        // This runs inside one poll of a task, whose share of polling tokio would otherwise count.
        let turn = pollster::block_on(unconstrained(self.0.clone().acquire_owned()));
        TURN.set(Some(turn.expect("the semaphore is never closed")));
    }

    /// Gives back the turn that this thread has, if it has one.
    pub fn leave() {
        TURN.take();
    }
}
