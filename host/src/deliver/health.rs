//! Since when hooks have been failing, so that one that fails for days on end is disabled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hooks that have begun to fail and whose definition does not say so yet: most recover before that is worth a write.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<String, u64>>);

impl Health {
    /// Notes a failure now; since when the hook has failed, in milliseconds since 1970.
    pub(crate) fn failed(&self, hook: &str, now_ms: u64) -> u64 {
        *self.failing().entry(hook.to_owned()).or_insert(now_ms)
    }

    /// The hook works, or somebody else keeps since when it does not.
    pub(crate) fn forget(&self, hook: &str) {
        self.failing().remove(hook);
    }

    fn failing(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_counts_until_one_succeeds() {
        let health = Health::default();
        assert_eq!([health.failed("h", 5), health.failed("h", 9), health.failed("other", 9)], [5, 5, 9]);
        health.forget("h");
        assert_eq!(health.failed("h", 12), 12);
    }
}
