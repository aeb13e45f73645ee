//! How a new hook's bundles are delivered, as it is asked for and as it is shown.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Refused;
use crate::connections::{Manner, Secret};

/// Retries that a hook may ask for.
const MOST_RETRIES: usize = 100;
/// The longest that a hook may ask to wait before one.
const LONGEST_WAIT: Duration = Duration::from_hours(30 * 24);

/// What is said about the manner of delivery.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MannerView {
    /// Milliseconds to wait before each attempt after the first; none: as the host does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<Vec<u64>>,
    /// One bundle at a time, in the order in which they came.
    #[serde(default)]
    pub ordered: bool,
}

impl MannerView {
    /// The manner of a new hook with these secrets.
    pub(super) fn manner(self, secrets: Vec<Secret>) -> Result<Manner, Refused> {
        let retry: Option<Vec<_>> = self.retry_ms.map(|waits| waits.into_iter().map(Duration::from_millis).collect());
        let waits = retry.as_deref().unwrap_or_default();
        if waits.len() > MOST_RETRIES || waits.iter().any(|wait| *wait > LONGEST_WAIT) {
            return Err(Refused::bad(format!("a hook has at most {MOST_RETRIES} retries, each after 30 days at most")));
        }
        Ok(Manner { secrets, retry, ordered: self.ordered })
    }
}

impl From<&Manner> for MannerView {
    fn from(manner: &Manner) -> Self {
        let retry = manner.retry.as_ref();
        let retry_ms = retry.map(|waits| waits.iter().map(|wait| wait.as_millis() as u64).collect());
        Self { retry_ms, ordered: manner.ordered }
    }
}
