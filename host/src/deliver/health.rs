//! Since when hooks have been failing, so that one that fails for days on end is disabled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connections::Hook;

/// The hooks that have begun to fail and whose definition does not say so yet: most recover before that is worth a write.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<String, Failing>>);

#[derive(Debug)]
struct Failing {
    /// The very definition that was seen failing. Another one has been changed by somebody, who may have enabled it.
    hook: Arc<Hook>,
    since_ms: u64,
}

impl Health {
    /// Notes a failure now; since when the hook has failed, in milliseconds since 1970.
    pub(crate) fn failed(&self, hook: &Arc<Hook>, now_ms: u64) -> u64 {
        let begun = || Failing { hook: Arc::clone(hook), since_ms: now_ms };
        let mut known = self.known();
        let known = known.entry(hook.id.clone()).or_insert_with(begun);
        if !Arc::ptr_eq(&known.hook, hook) {
            *known = begun();
        }
        known.since_ms
    }

    /// It works, or somebody else keeps since when it does not.
    pub(crate) fn forget(&self, hook: &str) {
        self.known().remove(hook);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::connections::{Manner, State};

    use super::*;

    fn hook(id: &str) -> Arc<Hook> {
        Arc::new(Hook {
            id: id.into(),
            service: "s".into(),
            webhook: None,
            connection: None,
            token: None,
            parameters: serde_json::Map::new(),
            destination: None,
            manner: Manner::default(),
            failing_since_ms: None,
            state: State::Enabled,
        })
    }

    #[test]
    fn the_first_failure_counts_until_one_succeeds() {
        let (health, one, other) = (Health::default(), hook("h"), hook("other"));
        assert_eq!([health.failed(&one, 5), health.failed(&one, 9), health.failed(&other, 9)], [5, 5, 9]);
        health.forget("h");
        assert_eq!(health.failed(&one, 12), 12);
    }

    #[test]
    fn a_hook_that_was_disabled_and_enabled_again_begins_anew() {
        let health = Health::default();
        assert_eq!(health.failed(&hook("h"), 5), 5);
        assert_eq!(health.failed(&hook("h"), 9_000), 9_000, "another definition: somebody has changed it since");
    }
}
