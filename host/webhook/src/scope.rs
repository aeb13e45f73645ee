//! The variables a spec's expressions see.

use std::borrow::Cow;

use hookwright_iml::{Budget, CallError, Environment, Template, Value};

use crate::decide::{Arrival, Recipient};
use crate::plugin::Confidential;

/// The scope of one evaluation: the request, and what changes between the steps of one decision.
#[derive(Clone)]
pub(crate) struct Scope<'a, 'r> {
    pub(crate) arrival: &'a Arrival<'r>,
    /// The current item while iterating; the body where the spec does not iterate.
    pub(crate) item: Value<'r>,
    /// Whose parameters are seen: a dedicated hook always, a shared webhook's recipient while its bundles are made.
    pub(crate) recipient: Option<Recipient<'r>>,
    /// Whether `condition` held; known to `respond` only.
    pub(crate) accepted: Option<bool>,
}

impl<'a, 'r> Scope<'a, 'r> {
    /// The same scope with another item.
    pub(crate) fn with_item(&self, item: Value<'r>) -> Self {
        Self { item, ..self.clone() }
    }

    /// The scope in which a recipient's bundles are made.
    pub(crate) fn of(&self, item: &Value<'r>, recipient: &Recipient<'r>) -> Self {
        Self { item: item.clone(), recipient: Some(recipient.clone()), ..*self }
    }

    fn parameters(&self) -> Value<'r> {
        self.recipient.as_ref().map_or(Value::Missing, |recipient| recipient.parameters.clone())
    }

    /// What a plugin may be shown of whom a call is for.
    pub(crate) fn confidential(&self) -> Confidential<'r> {
        Confidential { common: self.arrival.common.clone(), parameters: self.parameters() }
    }

    /// The scope of `respond`.
    pub(crate) fn with_accepted(&self, accepted: bool) -> Self {
        Self { accepted: Some(accepted), ..self.clone() }
    }
}

impl<'r> hookwright_iml::Scope<'r> for Scope<'_, 'r> {
    fn variable(&self, name: &str) -> Value<'r> {
        let request = self.arrival.request;
        match name {
            "body" => request.body.clone(),
            "headers" => request.headers.value(),
            "item" => self.item.clone(),
            "rawBody" => Value::binary(request.raw_body),
            "parameters" | "data" => self.parameters(),
            "common" => self.arrival.common.clone(),
            "query" => request.query.clone(),
            "method" => Value::text(request.method),
            "url" => Value::text(request.url),
            "path" => Value::text(request.path),
            "remoteAddress" => Value::text(request.remote_address),
            "executionId" => Value::text(self.arrival.id),
            "accepted" => self.accepted.map_or(Value::Missing, Value::Bool),
            "now" => Value::date(self.arrival.environment.now),
            "environment" => environment(self.arrival.environment),
            _ => Value::Missing,
        }
    }

    fn environment(&self) -> &Environment {
        self.arrival.environment
    }

    fn budget(&self) -> &dyn Budget {
        self.arrival.budget
    }

    fn call(&self, function: &str, arguments: &[Value<'r>]) -> Result<Value<'r>, CallError> {
        match self.arrival.plugin {
            Some(plugin) => plugin.call(function, arguments, &self.confidential()),
            None => Err("the service's plugin is not at hand".to_owned().into()),
        }
    }
}

/// `environment.timezone` is all that apps have been seen to read of it.
fn environment<'r>(environment: &Environment) -> Value<'r> {
    let zone = environment.zone.iana_name().unwrap_or("UTC").to_owned();
    Value::collection(vec![(Cow::Borrowed("timezone"), Value::text(zone))])
}

/// Whether a template reads a recipient's own parameters, under either of their names.
pub(crate) fn reads_parameters(template: &Template) -> bool {
    template.reads("parameters") || template.reads("data")
}

/// Whether a template has an answer for each recipient only: it reads parameters, or calls a plugin that sees them.
pub(crate) fn is_personal(template: &Template, through_plugin: bool) -> bool {
    reads_parameters(template) || (through_plugin && template.calls_custom())
}
