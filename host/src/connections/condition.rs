//! What has become of the store since the start, for whoever watches.

use std::sync::atomic::{AtomicBool, Ordering};

/// What has become of the store. The journal has everything in any case.
#[derive(Debug, Default)]
pub struct Condition {
    rebuilt: AtomicBool,
    failed: AtomicBool,
}

impl Condition {
    /// Whether it was not usable when it was opened, and was rebuilt from its journal.
    pub fn was_rebuilt(&self) -> bool {
        self.rebuilt.load(Ordering::Relaxed)
    }

    /// Whether it has failed since, so that the next start has to rebuild it.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn rebuilt(&self) {
        self.rebuilt.store(true, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}
