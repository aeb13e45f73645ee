//! What can be asked about deliveries: how much is on its way to each hook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Asked, Refused};
use super::archive::reading;
use super::operator::Operator;
use crate::journal::{Backlog, Journal};

/// What `GET /deliveries` may be asked with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    /// Only those to this hook.
    hook: Option<String>,
}

/// How much is on its way to a hook.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeliveriesView {
    /// The hook's id.
    pub hook: String,
    /// The hook's service, where the hook is there.
    pub service: Option<String>,
    /// Bundles that wait for an attempt or are in one.
    pub pending: u64,
    /// Those of them that have failed at least once.
    pub retrying: u64,
    /// When the next attempt of those is due, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
    /// The number of the event that the oldest of them is of.
    pub oldest_event: u64,
    /// When that event was received, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<u64>,
    /// How many dead letters the hook has.
    pub dead_letters: u64,
    /// Why the last attempt failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// When that was, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_ms: Option<u64>,
}

/// `GET /deliveries`: the hooks that have anything pending.
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let Query { hook } = asked.query()?;
    let (journal, connections) = (operator.archive.journal().await?, operator.connections.clone());
    let look = move || {
        let backlogs = journal.backlogs().into_iter().filter(|backlog| hook.as_deref().is_none_or(|hook| hook == &*backlog.hook));
        let service = |hook: &str| connections.hook(hook).map(|hook| hook.service.clone());
        backlogs.map(|backlog| view(&journal, service(&backlog.hook), &backlog)).collect::<Vec<_>>()
    };
    Ok(Answer::ok(reading(look).await?))
}

fn view(journal: &Journal, service: Option<String>, backlog: &Backlog) -> DeliveriesView {
    let Backlog { hook, pending, retrying, next_ms, oldest } = backlog;
    let event = journal.read(*oldest).ok().flatten();
    let (last_failure, last_failure_ms) = journal.last_failure(hook).map(|failure| (failure.reason, failure.at_ms)).unzip();
    DeliveriesView {
        hook: hook.to_string(),
        service,
        pending: *pending,
        retrying: *retrying,
        next_ms: *next_ms,
        oldest_event: *oldest,
        oldest_ms: event.map(|event| event.received_at),
        dead_letters: journal.dead_letters_of(hook),
        last_failure,
        last_failure_ms,
    }
}
