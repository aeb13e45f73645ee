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

    /// That of a store that was just opened.
    pub(super) fn opened(rebuilt: bool) -> Self {
        Self { rebuilt: rebuilt.into(), failed: false.into() }
    }

    /// There is a new one.
    pub(super) fn works(&self) {
        self.failed.store(false, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}
