//! Values and scopes written as JSON: the notation of the case files and of `hookwright eval`.
//!
//! `{"$date": iso}` is a date, `{"$buffer": base64}` bytes, `{"$undefined": true}` nothing. A context is an
//! object of variables; its `$clock` freezes the clock and `environment.timezone` sets the zone.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;

use crate::error::CallError;
use crate::json::{Kind, Node};
use crate::scope::{Environment, Limits, Scope};
use crate::value::{Binary, Date, Value};

/// The value that a node writes.
///
/// # Errors
/// A mark with something else in it than it promises.
pub fn value(node: Node<'_>) -> Result<Value<'_>, String> {
    match node.kind() {
        Kind::Array => node.elements().map(value).collect::<Result<_, _>>().map(Value::array),
        Kind::Object => match marked(node) {
            Some(value) => value,
            None => pairs(node).map(Value::collection),
        },
        _ => Ok(Value::from_json(node)),
    }
}

/// The value of an object that is a mark: one member, with a name that begins with `$`.
fn marked(node: Node<'_>) -> Option<Result<Value<'_>, String>> {
    let (key, content) = node.entries().next()?;
    let text = content.as_text();
    if node.len() != 1 {
        return None;
    }
    match key.as_text()?.as_ref() {
        "$date" => Some(date(text.as_deref()).map(Value::Date)),
        "$buffer" => Some(bytes(text.as_deref()).map(Value::Binary)),
        "$undefined" => Some(Ok(Value::Missing)),
        _ => None,
    }
}

fn date(text: Option<&str>) -> Result<Date, String> {
    text.and_then(|text| Date::parse(text, &TimeZone::UTC)).ok_or_else(|| "this is not a date in ISO 8601".to_owned())
}

fn bytes<'v>(text: Option<&str>) -> Result<Binary<'v>, String> {
    let bytes = text.and_then(|text| STANDARD.decode(text).ok());
    bytes.map(Binary::from).ok_or_else(|| "`$buffer` wants base64".to_owned())
}

fn pairs(node: Node<'_>) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    node.entries().map(|(key, content)| Ok((key.as_text().unwrap_or_default(), value(content)?))).collect()
}

/// A scope made of a context.
#[derive(Debug)]
pub struct Context<'v> {
    variables: Value<'v>,
    environment: Environment,
}

impl<'v> Context<'v> {
    /// Reads a context. Where it has no `$clock`, `now` is the time of `otherwise`; where it has no zone,
    /// that one's zone holds.
    ///
    /// # Errors
    /// A context that is not an object, a clock that is not a date, an unknown zone.
    pub fn read(node: Node<'v>, otherwise: &Environment) -> Result<Self, String> {
        if node.kind() != Kind::Object {
            return Err("a context is a JSON object of variables".to_owned());
        }
        let variables = value(node)?;
        let zone = zone(&variables)?.unwrap_or_else(|| otherwise.zone.clone());
        let now = clock(&variables)?.unwrap_or(otherwise.now);
        Ok(Self { variables, environment: Environment { now, zone, ..otherwise.clone() } })
    }

    /// Sets the limits of its evaluations.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.environment.limits = limits;
        self
    }
}

fn zone(variables: &Value<'_>) -> Result<Option<TimeZone>, String> {
    match variables.get("environment").get("timezone") {
        Value::Text(name) => match TimeZone::get(&name) {
            Ok(zone) => Ok(Some(zone)),
            Err(_) => Err(format!("there is no zone `{name}`")),
        },
        _ => Ok(None),
    }
}

fn clock(variables: &Value<'_>) -> Result<Option<Date>, String> {
    match variables.get("$clock") {
        Value::Missing => Ok(None),
        Value::Date(date) => Ok(Some(date)),
        other => date(Some(&other.to_text())).map(Some),
    }
}

impl<'v> Scope<'v> for Context<'v> {
    fn variable(&self, name: &str) -> Value<'v> {
        self.variables.get(name)
    }

    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn call(&self, function: &str, _arguments: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        Err(format!("a context has no functions, `{function}` neither").into())
    }
}
