//! A stored request evaluated once more, to see what each directive gives now.

use std::sync::Arc;

use hookwright_webhook::Diagnostic;
use http::StatusCode;

use super::{find, looking};
use crate::Host;
use crate::admin::answer::{Answer, Asked, Refused};
use crate::admin::operator::Operator;
use crate::failure::Failure;
use crate::journal::Event;
use crate::receive::{Reconsidered, Unanswerable, reconsider};
use crate::trace::{Trace, TracedItem, TracedReply, findings};

/// `GET /events/{id}/trace`
pub(in crate::admin) async fn trace(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let id = asked.id.to_owned();
    let (_, event) = looking(operator, move |journal| find(&journal, &id)).await??;
    let host = host(operator)?;
    Ok(Answer::ok(traced(reconsidered(host, &event).await?)?))
}

/// The host that evaluates, which has services loaded.
pub(super) fn host(operator: &Operator) -> Result<&Arc<Host>, Refused> {
    operator.host.as_ref().ok_or_else(|| {
        Refused::unavailable("no server runs, and only a server has services loaded to evaluate a request with")
            .with_help("start the server; `hookwright try` runs a recorded request without one")
    })
}

/// What the spec decides now, or why it cannot.
pub(super) async fn reconsidered(host: &Arc<Host>, event: &Event) -> Result<Reconsidered, Refused> {
    reconsider(host, event).await.map_err(|error| {
        let status = match &error {
            Unanswerable::Failed(Failure::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        };
        Refused::new(status, format!("the event {} cannot be evaluated: {error}", event.id))
    })
}

fn traced(reconsidered: Reconsidered) -> Result<Trace, Refused> {
    let verdict = reconsidered.verdict;
    let items = verdict.items.iter().map(TracedItem::with_hooks).collect::<Result<_, _>>();
    let diagnostics: Vec<Diagnostic> = verdict.failure.into_iter().chain(verdict.warning).collect();
    Ok(Trace {
        verification: verdict.verification,
        accepted: verdict.accepted,
        reply: Some(TracedReply::from(&verdict.reply)),
        items: items.map_err(|error| Refused::unavailable(format!("a bundle is not JSON: {error}")))?,
        dedupe: verdict.dedupe,
        diagnostics: findings(&diagnostics),
    })
}
