//! Since when hooks have been failing, so that one that fails for days on end is disabled, and why, for the operator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::connections::Hook;

/// What is known of hooks that do not work.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The hooks that have begun to fail and whose definition does not say so yet: most recover before that is worth a write.
    failing: HashMap<String, Failing>,
    last: HashMap<String, Failure>,
}

/// How the last attempt for a hook failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why, for the operator.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

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
        let known = known.failing.entry(hook.id.clone()).or_insert_with(begun);
        if !Arc::ptr_eq(&known.hook, hook) {
            *known = begun();
        }
        known.since_ms
    }

    /// Somebody else keeps since when the hook does not work.
    pub(crate) fn forget(&self, hook: &str) {
        self.known().failing.remove(hook);
    }

    /// Notes how an attempt failed.
    pub(crate) fn note(&self, hook: &str, reason: &str, at_ms: u64) {
        self.known().last.insert(hook.to_owned(), Failure { reason: reason.to_owned(), at_ms });
    }

    /// An attempt has worked: nothing that was wrong counts any more.
    pub(crate) fn worked(&self, hook: &str) {
        let mut known = self.known();
        known.failing.remove(hook);
        known.last.remove(hook);
    }

    /// How the last attempt failed, if it did and this process has made it.
    pub(crate) fn last_failure(&self, hook: &str) -> Option<Failure> {
        self.known().last.get(hook).cloned()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
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
    fn why_the_last_attempt_failed_is_known_until_one_succeeds() {
        let health = Health::default();
        health.note("h", "answered 500", 5);
        health.note("h", "answered 503", 9);
        health.forget("h");
        assert_eq!(health.last_failure("h"), Some(Failure { reason: "answered 503".into(), at_ms: 9 }));
        health.worked("h");
        assert_eq!(health.last_failure("h"), None);
    }

    #[test]
    fn a_hook_that_was_disabled_and_enabled_again_begins_anew() {
        let health = Health::default();
        assert_eq!(health.failed(&hook("h"), 5), 5);
        assert_eq!(health.failed(&hook("h"), 9_000), 9_000, "another definition: somebody has changed it since");
    }
}
