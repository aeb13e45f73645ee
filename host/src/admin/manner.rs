//! How a hook's bundles are delivered, as it is asked for and as it is shown.

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
        Ok(Manner { secrets, retry: self.retry_ms.map(schedule).transpose()?, ordered: self.ordered })
    }
}

/// The waits of a hook's own schedule.
pub(super) fn schedule(retry_ms: Vec<u64>) -> Result<Vec<Duration>, Refused> {
    let waits: Vec<_> = retry_ms.into_iter().map(Duration::from_millis).collect();
    match waits.len() <= MOST_RETRIES && waits.iter().all(|wait| *wait <= LONGEST_WAIT) {
        true => Ok(waits),
        false => Err(Refused::bad(format!("a hook has at most {MOST_RETRIES} retries, each after 30 days at most"))),
    }
}

impl From<&Manner> for MannerView {
    fn from(manner: &Manner) -> Self {
        let retry = manner.retry.as_ref();
        let retry_ms = retry.map(|waits| waits.iter().map(|wait| wait.as_millis() as u64).collect());
        Self { retry_ms, ordered: manner.ordered }
    }
}
