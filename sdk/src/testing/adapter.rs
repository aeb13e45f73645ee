//! A plugin's table as the webhook crate sees a plugin, values crossing in their encoding as they would for real.

use std::borrow::Cow;

use hookwright_iml::{self as iml, CallError, NoCustom, Scope, Signature, Template};
use hookwright_webhook::{Confidential, Exports, Plugin as Calls, Request as WebhookRequest};

use super::environment;
use super::request::Recorded;
use crate::host::native::{CONFIDED, Confided, LOOKED_AT_DATA};
use crate::wire::{self, Writer};
use crate::{Collection, Date, Number, Plugin, Request, Value};

/// The plugin under test.
#[derive(Debug)]
pub(super) struct Native {
    plugin: &'static Plugin,
    functions: Vec<Signature>,
    extractors: Vec<String>,
}

impl Native {
    pub(super) fn new(plugin: &'static Plugin) -> Self {
        let functions = plugin.functions.iter().map(|function| Signature {
            name: function.name.to_owned(),
            parameters: function.parameters.iter().map(parameter).collect(),
            summary: function.summary.to_owned(),
        });
        Self {
            plugin,
            functions: functions.collect(),
            extractors: plugin.extractors.iter().map(|extractor| extractor.name.to_owned()).collect(),
        }
    }
}

fn parameter(parameter: &crate::export::Parameter) -> iml::Parameter {
    iml::Parameter { name: parameter.name.to_owned(), optional: parameter.optional, variadic: parameter.variadic }
}

impl Exports for Native {
    fn functions(&self) -> &[Signature] {
        &self.functions
    }

    fn extractors(&self) -> &[String] {
        &self.extractors
    }

    /// The host knows from the plugin's imports; here it is known once a call has looked.
    fn sees_parameters(&self) -> bool {
        LOOKED_AT_DATA.get()
    }
}

impl Calls for Native {
    fn call(&self, function: &str, arguments: &[iml::Value<'_>], shown: &Confidential<'_>) -> Result<iml::Value<'static>, CallError> {
        let _shown = Shown::put(shown);
        let mut writer = Writer::new();
        writer.array(arguments.len());
        arguments.iter().for_each(|argument| writer.value(&from_iml(argument)));
        let result = self.plugin.call(function, &writer.finish()).map_err(|failure| failure.to_string())?;
        let result = wire::read(&result).and_then(Value::try_from).map_err(|malformed| malformed.to_string())?;
        Ok(to_iml(&result))
    }

    fn uids(
        &self,
        extractor: &str,
        request: &WebhookRequest<'_>,
        item: Option<&iml::Value<'_>>,
        shown: &Confidential<'_>,
    ) -> Result<Vec<String>, CallError> {
        let _shown = Shown::put(shown);
        let request = Request::from_source(Recorded::of(request));
        let item = item.map(from_iml);
        self.plugin.uids(extractor, &request, item.as_ref()).map_err(|failure| failure.to_string().into())
    }
}

/// What is confided to one call; when it goes, what was there before is back.
struct Shown(Confided);

impl Shown {
    fn put(shown: &Confidential<'_>) -> Self {
        let confided = Confided { secrets: from_iml(&shown.common), connection_data: from_iml(&shown.parameters) };
        Self(CONFIDED.replace(confided))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        CONFIDED.with_borrow_mut(|current| std::mem::swap(current, &mut self.0));
    }
}

pub(super) fn from_iml(value: &iml::Value<'_>) -> Value {
    match value {
        iml::Value::Missing => Value::Missing,
        iml::Value::Null => Value::Null,
        iml::Value::Bool(value) => Value::Bool(*value),
        iml::Value::Number(_) => Value::Number(number(value)),
        iml::Value::Text(text) => Value::Text(text.as_str().to_owned()),
        iml::Value::Date(date) => Value::Date(Date::from_milliseconds(date.milliseconds())),
        iml::Value::Binary(bytes) => Value::Binary(bytes.as_bytes().to_vec()),
        iml::Value::Array(elements) => Value::Array(elements.iter().map(|element| from_iml(&element)).collect()),
        iml::Value::Collection(members) => {
            let members = members.iter().map(|(key, value)| (key.into_owned(), from_iml(&value)));
            Value::Collection(members.collect())
        }
    }
}

/// The digits as JSON would have them: those that were written.
fn number(value: &iml::Value<'_>) -> Number {
    let digits = value.to_json();
    match (digits.parse::<i64>(), digits.parse::<f64>()) {
        _ if digits == "-0" => Number::from_digits(digits),
        (Ok(integer), _) => integer.into(),
        (_, Ok(float)) if float.to_string() == digits => float.into(),
        _ => Number::from_digits(digits),
    }
}

fn to_iml(value: &Value) -> iml::Value<'static> {
    match value {
        Value::Missing => iml::Value::Missing,
        Value::Null => iml::Value::Null,
        Value::Bool(value) => iml::Value::Bool(*value),
        Value::Number(number) => iml::Value::decimal_text(number.digits().into_owned()),
        Value::Text(text) => iml::Value::text(text.clone()),
        Value::Date(date) => iml::Date::from_milliseconds(date.milliseconds()).map_or(iml::Value::Null, iml::Value::date),
        Value::Binary(bytes) => iml::Value::binary(bytes.clone()),
        Value::Array(elements) => iml::Value::array(elements.iter().map(to_iml).collect()),
        Value::Collection(members) => collection(members),
    }
}

fn collection(members: &Collection) -> iml::Value<'static> {
    let members = members.iter().map(|(key, value)| (Cow::Owned(key.to_owned()), to_iml(value)));
    iml::Value::collection(members.collect())
}

/// Calls a built-in function as the host does: as an expression whose arguments are `a0`, `a1`, ...
pub(crate) fn iml(function: &str, arguments: &[Value]) -> Result<Value, String> {
    let names: Vec<String> = (0..arguments.len()).map(|index| format!("a{index}")).collect();
    let expression = format!("{{{{{function}({})}}}}", names.join("; "));
    let (template, _) = Template::compile(&expression, &NoCustom).map_err(|errors| errors[0].message.clone())?;
    let scope = Call { arguments: arguments.iter().map(to_iml).collect(), environment: environment() };
    let result = template.evaluate(&scope).map_err(|error| error.message)?;
    Ok(from_iml(&result))
}

struct Call {
    arguments: Vec<iml::Value<'static>>,
    environment: iml::Environment,
}

impl<'v> Scope<'v> for Call {
    fn variable(&self, name: &str) -> iml::Value<'v> {
        let index = name.strip_prefix('a').and_then(|index| index.parse::<usize>().ok());
        index.and_then(|index| self.arguments.get(index)).cloned().unwrap_or_default()
    }

    fn environment(&self) -> &iml::Environment {
        &self.environment
    }

    fn call(&self, function: &str, _: &[iml::Value<'v>]) -> Result<iml::Value<'v>, CallError> {
        Err(format!("{function} is not a built-in function").into())
    }
}
