//! What can be changed of a hook that is there; the rest stays as it is.

use std::time::Duration;

use serde_json::{Map, Value};

use super::definition::Hook;
use super::secret::Secret;

/// A change of a hook's definition.
#[derive(Clone, Default, PartialEq)]
pub struct Edit {
    /// Where its bundles go from now on.
    pub destination: Option<Route>,
    /// How long to wait before each attempt after the first; `Some(None)`: as the host does.
    pub retry: Option<Option<Vec<Duration>>>,
    /// Whether its bundles are delivered one at a time.
    pub ordered: Option<bool>,
    /// Parameters that are set, or removed where the value is null.
    pub parameters: Map<String, Value>,
}

/// A destination with what signs deliveries there.
#[derive(Clone, PartialEq)]
pub struct Route {
    /// As in [`Hook::destination`].
    pub destination: Option<String>,
    /// What signs if nothing does yet.
    pub secrets: Vec<Secret>,
}

impl Edit {
    /// Whether it changes how bundles are delivered that wait already.
    pub fn is_about_delivery(&self) -> bool {
        self.destination.is_some() || self.retry.is_some() || self.ordered.is_some()
    }

    pub(super) fn apply(self, hook: &mut Hook) {
        let Self { destination, retry, ordered, parameters } = self;
        if let Some(Route { destination, secrets }) = destination {
            hook.destination = destination;
            // How long another destination has failed says nothing about this one.
            hook.failing_since_ms = None;
            if hook.manner.secrets.is_empty() {
                hook.manner.secrets = secrets;
            }
        }
        hook.manner.retry = retry.unwrap_or(hook.manner.retry.take());
        hook.manner.ordered = ordered.unwrap_or(hook.manner.ordered);
        for (name, value) in parameters {
            match value {
                Value::Null => drop(hook.parameters.shift_remove(&name)),
                value => drop(hook.parameters.insert(name, value)),
            }
        }
    }
}
