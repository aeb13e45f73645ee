//! One webhook from request to reply: decide, store, answer.

mod again;
mod event;
mod listeners;
mod members;
mod reply;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod to_the_end;

use std::sync::Arc;

use bytes::Bytes;
use hookwright_iml::{Date, Environment, Value};
use hookwright_webhook::{self as webhook, Arrival, Form, Headers, Request, RequestBudget, Verdict, Webhook, body};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;

use crate::evaluate::Meter;
use crate::failure::Failure;
use crate::inbound::{Address, Lease};
use crate::journal::{Appended, Event, JournalError, new_id};
use crate::network::Network;
use crate::plugin::{Caller, Permit, Plugin};
use crate::server::Outgoing;
use crate::services::Found;
use crate::{Host, environment};

pub use again::{Reconsidered, Unanswerable, reconsider, reconsider_unanswered};
use listeners::Listeners;
use members::Members;
use to_the_end::ToTheEnd;

/// A request that has been read to its end.
pub struct Arrived {
    /// Its method and headers.
    pub parts: Parts,
    /// Its public URL.
    pub address: Address,
    /// Its body, byte for byte.
    pub body: Bytes,
    /// The sender's IP address.
    pub remote_address: String,
}

/// One evaluation: what it is called, which is the event's id where one is stored, and what it gets from the world.
struct Run {
    id: String,
    environment: Environment,
}

impl Run {
    fn begun_now() -> Self {
        let environment = environment::now();
        Self { id: new_id(milliseconds(environment.now)), environment }
    }
}

fn milliseconds(date: Date) -> u64 {
    u64::try_from(date.milliseconds()).unwrap_or_default()
}

/// What became of a request: the reply, and what the operator's log says of it.
pub struct Receipt {
    /// What the spec answers.
    pub reply: Outgoing,
    /// What was decided, in one word.
    pub outcome: Outcome,
    /// The id of the event, where one was stored.
    pub event: Option<String>,
    /// How many hooks it is for.
    pub recipients: usize,
    /// How many bundles they get.
    pub bundles: usize,
    /// The diagnostic of an event that is stored as failed.
    pub failure: Option<String>,
}

/// What was decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service's question whether anyone listens.
    Verification,
    /// `condition` did not hold.
    Rejected,
    /// Stored, with bundles or without.
    Accepted,
    /// Stored; nobody has any of its uids.
    Unmatched,
    /// Stored before: only answered again.
    Repeated,
    /// Stored as failed, to be replayed once its spec is mended.
    Failed,
}

impl Outcome {
    /// The one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
            Self::Unmatched => "unmatched",
            Self::Repeated => "repeated",
            Self::Failed => "failed",
        }
    }
}

/// Takes one request through its webhook. What is to be delivered is on disk when this returns. `memory` pays for the body, and
/// then for what is made of it; what it comes back with is the reply's.
pub async fn receive(host: &Arc<Host>, found: &Found, arrived: Arrived, memory: Lease) -> Result<(Receipt, Lease), Failure> {
    let evaluation = Evaluation { host: host.clone(), found: found.clone(), arrived, run: Run::begun_now(), decision: Webhook::decide };
    let (evaluation, verdict, memory) = evaluation.decide(memory).await?;
    let mut verdict = verdict?;
    warn(found, &verdict);
    let reply = reply::outgoing(std::mem::take(&mut verdict.reply))?;
    let mut receipt = receipt(reply, &verdict);
    if is_stored(receipt.outcome) {
        let Evaluation { arrived, run, .. } = evaluation;
        receipt.event = store(host, found, arrived, verdict, run).await?;
        receipt.outcome = if receipt.event.is_some() { receipt.outcome } else { Outcome::Repeated };
    }
    Ok((receipt, memory))
}

/// Tells the operator what went wrong and shows in no reply and no stored event.
fn warn(found: &Found, verdict: &Verdict) {
    if let Some(warning) = &verdict.warning {
        tracing::warn!(service = found.service.name.as_str(), webhook = found.webhook().name(), cause = %warning, "the spec failed for some or all hooks, and nothing is stored for those");
    }
}

fn is_stored(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Verification | Outcome::Rejected)
}

fn receipt(reply: Outgoing, verdict: &Verdict) -> Receipt {
    let bundles = || verdict.items.iter().flat_map(|item| &item.bundles);
    let mut hooks: Vec<_> = bundles().map(|bundle| bundle.hook.as_str()).collect();
    let count = hooks.len();
    hooks.sort_unstable();
    hooks.dedup();
    Receipt {
        reply,
        outcome: outcome(verdict),
        event: None,
        recipients: hooks.len(),
        bundles: count,
        failure: verdict.failure.as_ref().map(ToString::to_string),
    }
}

fn outcome(verdict: &Verdict) -> Outcome {
    let mut items = verdict.items.iter();
    match () {
        () if verdict.verification => Outcome::Verification,
        () if verdict.failure.is_some() => Outcome::Failed,
        // A condition's `default` is delivered although the condition did not hold.
        () if !verdict.accepted && items.all(|item| item.bundles.is_empty()) => Outcome::Rejected,
        () if !verdict.items.is_empty() && items.all(|item| !item.matched) => Outcome::Unmatched,
        () => Outcome::Accepted,
    }
}

/// A larger body may take long to decide about.
const LARGE: usize = 64 << 10;

/// With an answer to the sender, or without.
type Decision = for<'r> fn(&'r Webhook, &Arrival<'r>) -> Result<Verdict, webhook::Failure>;

/// A decision about a request, with everything it sees. It owns that, since it may go to another thread.
struct Evaluation {
    host: Arc<Host>,
    found: Found,
    arrived: Arrived,
    run: Run,
    decision: Decision,
}

/// An evaluation that is over, what it came to, and the memory that is still in use.
type Decided = (Evaluation, Result<Verdict, Failure>, Lease);

impl Evaluation {
    /// Decides here and now where that takes no time worth mentioning, as it nearly always does; else where requests are
    /// evaluated that may take long.
    ///
    /// # Errors
    /// There was no place for it in time. What the decision itself fails with is in the result.
    async fn decide(self, memory: Lease) -> Result<Decided, Failure> {
        match self.attempt() {
            Some(verdict) => Ok((self, verdict, memory)),
            None => self.decide_elsewhere(memory).await,
        }
    }

    /// The verdict, if no plugin is asked and it takes very little.
    fn attempt(&self) -> Option<Result<Verdict, Failure>> {
        if self.plugin().is_some() || self.arrived.body.len() > LARGE {
            return None;
        }
        let attempt = self.host.evaluations.attempt();
        let verdict = self.decide_within(&attempt, None);
        (!attempt.has_ended()).then_some(verdict)
    }

    async fn decide_elsewhere(self, memory: Lease) -> Result<Decided, Failure> {
        let evaluations = self.host.evaluations.clone();
        let place = evaluations.admit(memory.holder()).await?;
        let permit = self.admitted(memory.holder().network).await?;
        let work = move |meter: &Meter<'_>| {
            let verdict = self.decide_within(meter, permit);
            (self, verdict)
        };
        let ((evaluation, verdict), memory) = evaluations.run(place, memory, work).await?;
        Ok((evaluation, verdict, memory))
    }

    /// The plugin, where the webhook uses it.
    fn plugin(&self) -> Option<&Arc<Plugin>> {
        self.found.service.plugin.as_ref().filter(|_| self.found.webhook().uses_plugin())
    }

    /// An instance of the plugin, which there is for whoever has a place unless the host has room for fewer.
    async fn admitted(&self, network: Option<Network>) -> Result<Option<Permit>, Failure> {
        let caller = Caller { network, hook: self.found.hook.as_ref().map(|hook| hook.id.clone()) };
        match self.plugin() {
            Some(plugin) => plugin.admit(caller).await.map(Some).map_err(|unavailable| Failure::Unavailable(unavailable.to_string())),
            None => Ok(None),
        }
    }

    fn decide_within(&self, budget: &dyn RequestBudget, permit: Option<Permit>) -> Result<Verdict, Failure> {
        let Self { host, found, arrived, run, decision } = self;
        let content_type = arrived.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let decoded = body::decode(content_type, &arrived.body, budget).map_err(|bad| Failure::from(&bad))?;
        let query = Form::parse(arrived.address.query().as_bytes(), budget).map_err(|bad| Failure::from(&bad))?;
        let headers = headers(&arrived.parts);
        let request = Request {
            method: arrived.parts.method.as_str(),
            url: arrived.address.url(),
            path: arrived.address.path(),
            query: query.value(),
            headers: &headers,
            raw_body: &arrived.body,
            body: decoded.value(),
            remote_address: &arrived.remote_address,
        };
        let common = Members(&found.service.common);
        let session = permit.map(|permit| permit.begin(&run.environment));
        let arrival = Arrival {
            request: &request,
            environment: &run.environment,
            id: &run.id,
            common: Value::fields(&common),
            plugin: session.as_ref().map(|session| session as &dyn webhook::Plugin),
            recipients: &Listeners::new(&host.connections, found),
            budget,
        };
        decision(found.webhook(), &arrival).map_err(|failure| Failure::from(&failure))
    }
}

fn headers(parts: &Parts) -> Headers<'_> {
    Headers::new(parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

async fn store(host: &Arc<Host>, found: &Found, arrived: Arrived, verdict: Verdict, run: Run) -> Result<Option<String>, Failure> {
    let id = run.id.clone();
    let event = event::event(found, arrived, verdict, run);
    let appended = keep(host, event).await.map_err(|error| Failure::Unavailable(error.to_string()))?;
    Ok(matches!(appended, Appended::Stored(_)).then_some(id))
}

/// Puts an event on disk and hands it on for delivery, both or neither, even if nobody waits for it any more.
pub async fn keep(host: &Arc<Host>, event: Event) -> Result<Appended, JournalError> {
    let host = host.clone();
    let kept = ToTheEnd::new(async move {
        let appended = host.journal.append(&event).await;
        if let Ok(Appended::Stored(sequence)) = appended {
            host.deliveries.enqueue(sequence, &event);
        }
        appended
    });
    kept.await
}
