//! How many instances may live at once: waiting here replaces an error of the pool.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A counting semaphore for threads.
pub(super) struct Slots {
    free: Mutex<u32>,
    freed: Condvar,
}

/// One instance's place; given back when dropped.
pub(super) struct Slot(Arc<Slots>);

impl Slots {
    pub(super) fn new(count: u32) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(count), freed: Condvar::new() })
    }

    /// A place, or `None` when none got free within `patience`.
    pub(super) fn take(self: &Arc<Self>, patience: Duration) -> Option<Slot> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, _) = self.freed.wait_timeout_while(free, patience, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        if *free == 0 {
            return None;
        }
        *free -= 1;
        Some(Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
