//! Whether the host is there, and whether it takes webhooks: for load balancers and service managers, without a token.

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;

/// The answer of a host that is well.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// `GET /healthz`: the process answers.
pub(super) async fn alive(_: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    Ok(well())
}

/// `GET /readyz`: webhooks would be stored.
pub(super) async fn ready(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    let journal = operator.archive.journal().await?;
    match spawn_blocking(move || journal.check()).await {
        Ok(Ok(())) => Ok(well()),
        // What exactly is wrong is for the log: a stranger may ask.
        Ok(Err(_)) | Err(_) => Err(Refused::unavailable("the host stores no webhooks now").with_help("its log says why")),
    }
}

fn well() -> Answer {
    Answer::new(StatusCode::OK, Health { status: "ok".into() })
}
