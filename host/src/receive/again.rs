//! A stored request once more: what the spec as it is now decides about it.

use std::fmt;
use std::sync::Arc;

use hookwright_iml::{Date, Environment};
use hookwright_webhook::{Verdict, Webhook};
use hyper::Request;
use hyper::header::HeaderValue;

use super::{Arrived, Decision, Evaluation, Outcome, Run, outcome};
use crate::failure::Failure;
use crate::inbound::Address;
use crate::journal::Event;
use crate::services::{Found, Missing};
use crate::shares::Holder;
use crate::{Host, environment};

/// What the spec as it is now decides about a stored request.
pub struct Reconsidered {
    /// Where it was decided.
    pub found: Found,
    /// In one word.
    pub outcome: Outcome,
    /// The whole of it.
    pub verdict: Verdict,
}

/// Why a stored request is not decided about.
#[derive(Debug)]
pub enum Unanswerable {
    /// Its service, webhook or hook is not there now.
    Missing(Missing),
    /// The spec or the plugin fails before it decides, or the host has no room.
    Failed(Failure),
    /// What was stored is no request that could be sent.
    Malformed,
}

/// Evaluates a stored request with the spec, the connections and the hooks as they are now, at the time at which it came:
/// signatures are good for minutes. Stores nothing and delivers nothing.
pub async fn reconsider(host: &Arc<Host>, event: &Event) -> Result<Reconsidered, Unanswerable> {
    by(host, event, Webhook::decide).await
}

/// As [`reconsider`], without `respond`.
pub async fn reconsider_unanswered(host: &Arc<Host>, event: &Event) -> Result<Reconsidered, Unanswerable> {
    by(host, event, Webhook::decide_unanswered).await
}

async fn by(host: &Arc<Host>, event: &Event, decision: Decision) -> Result<Reconsidered, Unanswerable> {
    let address = Address::stored(event.request.url.clone(), event.request.path_begins);
    let found = host.services.route_again(&event.service, &event.webhook, address.path(), &host.connections);
    let found = found.map_err(Unanswerable::Missing)?;
    let arrived = arrived(event, address).ok_or(Unanswerable::Malformed)?;
    let run = Run { id: event.id.clone(), environment: at(event.received_at) };
    let memory = host.memory.lease(Holder { network: None, service: event.service.as_str().into() });
    let evaluation = Evaluation { host: host.clone(), found, arrived, run, decision };
    let (evaluation, verdict, _) = evaluation.decide(memory).await.map_err(Unanswerable::Failed)?;
    let verdict = verdict.map_err(Unanswerable::Failed)?;
    Ok(Reconsidered { outcome: outcome(&verdict), found: evaluation.found, verdict })
}

fn at(received_at: u64) -> Environment {
    let then = i64::try_from(received_at).ok().and_then(Date::from_milliseconds);
    let now = environment::now();
    Environment { now: then.unwrap_or(now.now), ..now }
}

fn arrived(event: &Event, address: Address) -> Option<Arrived> {
    let mut request = Request::builder().method(event.request.method.as_str());
    for (name, value) in &event.request.headers {
        request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    let (parts, ()) = request.body(()).ok()?.into_parts();
    Some(Arrived { parts, address, body: event.body.clone(), remote_address: event.request.remote_address.clone() })
}

impl Unanswerable {
    /// Whether it may be decided about later although nobody changes the spec: the host has no room now, or the service is
    /// not there, as while it is being put in place.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Missing(Missing::NotLoaded) | Self::Failed(Failure::Unavailable(_)))
    }
}

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(Missing::NotLoaded) => f.write_str("its service or webhook is not loaded now"),
            Self::Missing(Missing::Gone) => f.write_str("its hook is disabled or removed"),
            Self::Missing(Missing::Unknown) => f.write_str("its hook is not there any more"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Malformed => f.write_str("its request cannot be put together again"),
        }
    }
}
