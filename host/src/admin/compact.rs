//! Giving back what connections and hooks take on the disk without need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;

/// What was given back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CompactAnswer {
    /// Bytes that connections and hooks had on the disk.
    pub before: u64,
    /// Bytes that they have now.
    pub after: u64,
}

/// `POST /compact`
pub(super) async fn compact(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    let compacted = operator.connections.compact().await;
    let compacted = compacted.map_err(|error| Refused::unavailable(format!("the connections were not compacted: {error:#}")))?;
    Ok(Answer::ok(CompactAnswer { before: compacted.before, after: compacted.after }))
}
