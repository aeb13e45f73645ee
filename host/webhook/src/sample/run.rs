//! Runs a recorded request through a webhook, as a server would.

use std::fmt;
use std::sync::Arc;

use hookwright_iml::json::{Document, Kind, Node};
use hookwright_iml::{Date, Environment, Value};

use super::{Malformed, Request};
use crate::body::{self, BadBody};
use crate::{Arrival, Diagnostic, Failure, Form, Headers, Plugin, Recipient, Recipients, RequestBudget, Verdict, Webhook};

/// What a request meets when it is run without a server. What the request's own `#` lines say wins.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// Clock, zone, random source and limits.
    pub environment: &'s Environment,
    /// The service's `common`, a JSON object; none is an empty one.
    pub common: Option<&'s str>,
    /// The hook that listens, a JSON object: `{"uid": ..., "parameters": {...}}`, or the parameters themselves. Without
    /// a uid it listens for every uid.
    pub hook: Option<&'s str>,
    /// The service's plugin.
    pub plugin: Option<&'s dyn Plugin>,
    /// What watches over the time and the memory that the request uses.
    pub budget: &'s dyn RequestBudget,
}

/// Why a request got no verdict.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The sample itself cannot be used.
    Malformed(Malformed),
    /// The sender's mistake: a 400.
    BadBody(BadBody),
    /// The spec's or the plugin's mistake: a 500.
    Failure(Failure),
}

impl Refusal {
    /// The place in the spec, where the spec is to blame.
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Failure(failure) => Some(&failure.diagnostic),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::BadBody(error) => error.fmt(f),
            Self::Failure(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

/// Decodes a recorded request and lets the webhook decide about it.
///
/// # Errors
/// See [`Refusal`].
pub fn run(webhook: &Webhook, request: &Request, surroundings: Surroundings<'_>) -> Result<Verdict, Refusal> {
    let given = &request.given;
    let common = object("common", given.common.as_deref().or(surroundings.common))?;
    let hook = object("hook", given.hook.as_deref().or(surroundings.hook))?;
    let mut environment = surroundings.environment.clone();
    if let Some(now) = &given.now {
        environment.now = date(now, &environment)?;
    }
    let Surroundings { plugin, budget, .. } = surroundings;
    let arrival = Incoming { request, environment: &environment, common: common.root(), plugin, budget };
    arrival.decide(webhook, &Pretend::from(hook.root()))
}

struct Incoming<'i> {
    request: &'i Request,
    environment: &'i Environment,
    common: Node<'i>,
    plugin: Option<&'i dyn Plugin>,
    budget: &'i dyn RequestBudget,
}

impl Incoming<'_> {
    fn decide(&self, webhook: &Webhook, listening: &Pretend<'_>) -> Result<Verdict, Refusal> {
        let recorded = self.request;
        let url = recorded.url();
        let query = Form::parse(recorded.query().as_bytes(), self.budget).map_err(Refusal::BadBody)?;
        let headers = Headers::new(recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
        let decoded = body::decode(headers.first("content-type"), &recorded.body, self.budget).map_err(Refusal::BadBody)?;
        let request = crate::Request {
            method: &recorded.method,
            url: &url,
            path: recorded.path(),
            query: query.value(),
            headers: &headers,
            raw_body: &recorded.body,
            body: decoded.value(),
            remote_address: recorded.given.remote_address.as_deref().unwrap_or("127.0.0.1"),
        };
        let arrival = Arrival {
            request: &request,
            environment: self.environment,
            id: EXECUTION,
            common: Value::from_json(self.common),
            plugin: self.plugin,
            recipients: listening,
            budget: self.budget,
        };
        webhook.decide(&arrival).map_err(Refusal::Failure)
    }
}

/// Every run of a sample is called the same, so that it gives the same.
const EXECUTION: &str = "00000000-0000-7000-8000-000000000000";

/// The one hook that listens in a sample.
struct Pretend<'h> {
    uid: Option<String>,
    parameters: Value<'h>,
}

impl<'h> From<Node<'h>> for Pretend<'h> {
    fn from(hook: Node<'h>) -> Self {
        let described = hook.get("parameters").is_some_and(|parameters| parameters.kind() == Kind::Object)
            || hook.entries().all(|(key, _)| key.as_text().as_deref() == Some("uid"));
        if !described {
            return Self { uid: None, parameters: Value::from_json(hook) };
        }
        let uid = hook.get("uid").and_then(|uid| Value::from_json(uid).canonical_uid());
        let parameters = hook.get("parameters").map_or_else(|| Value::collection(Vec::new()), Value::from_json);
        Self { uid, parameters }
    }
}

impl Pretend<'_> {
    fn recipient(&self) -> Vec<Recipient<'_>> {
        vec![Recipient { hook: Arc::from("sample"), parameters: self.parameters.clone() }]
    }
}

impl Recipients for Pretend<'_> {
    fn of_uid<'r>(&'r self, uid: &str) -> Vec<Recipient<'r>> {
        let matches = self.uid.as_deref().is_none_or(|listening| listening == uid);
        if matches { self.recipient() } else { Vec::new() }
    }

    fn of_hook<'r>(&'r self) -> Vec<Recipient<'r>> {
        self.recipient()
    }
}

fn object<'t>(what: &str, text: Option<&'t str>) -> Result<Document<'t>, Malformed> {
    let document = Document::parse_with_comments(text.unwrap_or("{}")).map_err(|error| Malformed(format!("{what}: {error}")))?;
    if document.root().kind() != Kind::Object {
        return Err(Malformed(format!("{what}: not a JSON object")));
    }
    Ok(document)
}

fn date(text: &str, environment: &Environment) -> Result<Date, Malformed> {
    Date::parse(text, &environment.zone).ok_or_else(|| Malformed(format!("now: not a date: {text}")))
}
