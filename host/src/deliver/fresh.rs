//! Bundles kept in memory from their commit to their first attempt, within a budget of bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::sink::Bundle;

/// How many bytes of fresh bundles may be in memory.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// A bundle in memory; its bytes go back to the budget when it is dropped.
#[derive(Debug)]
pub(crate) struct Fresh {
    bundle: Bundle,
    bytes: usize,
    budget: Budget,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Keeps a bundle of that many bytes, if there is room for it; it is only made then.
    pub(crate) fn keep(&self, bytes: usize, bundle: impl FnOnce() -> Bundle) -> Option<Fresh> {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).ok()?;
        Some(Fresh { bundle: bundle(), bytes, budget: self.clone() })
    }
}

impl Fresh {
    /// The bundle.
    pub(crate) fn bundle(&self) -> &Bundle {
        &self.bundle
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_the_budget_allows() {
        let budget = Budget::new(10);
        let first = budget.keep(6, Bundle::default);
        assert!(first.is_some() && budget.keep(5, Bundle::default).is_none());
        drop(first);
        assert!(budget.keep(10, Bundle::default).is_some());
    }
}
