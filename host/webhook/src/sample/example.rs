//! An example of a plugin's function: an expression and what it gives.

use hookwright_iml::json::Document;
use hookwright_iml::{CallError, Environment, Scope, Template, Value};

use crate::plugin::{Confidential, Exports, Plugin, PluginLibrary};

/// Evaluates `expression` (without its braces) with a plugin's functions and no variables, and compares what it gives with
/// `result`, which is JSON, dates and binary as in the case files: `{"$date": ...}`, `{"$buffer": ...}`.
///
/// None if it is as it says, else a sentence about what is wrong.
pub fn check_example(
    expression: &str,
    result: &str,
    exports: &dyn Exports,
    plugin: &dyn Plugin,
    environment: &Environment,
) -> Option<String> {
    let wrong = match (given(expression, exports, plugin, environment), compact(result)) {
        (Err(message), _) => format!("fails: {message}"),
        (Ok(_), Err(message)) => format!("is to give what is not JSON: {message}"),
        (Ok(given), Ok(expected)) if given == expected => return None,
        (Ok(given), Ok(expected)) => format!("gives {given}, not {expected}"),
    };
    Some(format!("the example `{expression}` {wrong}"))
}

fn given(expression: &str, exports: &dyn Exports, plugin: &dyn Plugin, environment: &Environment) -> Result<String, String> {
    let text = format!("{{{{{expression}}}}}");
    let compiled = Template::compile(&text, &PluginLibrary(Some(exports)));
    let (template, _) = compiled.map_err(|errors| errors.first().map(|error| error.message.clone()).unwrap_or_default())?;
    let value = template.evaluate(&Alone { plugin, environment }).map_err(|error| error.message)?;
    let mut out = Vec::new();
    value.write_notation(&mut out);
    String::from_utf8(out).map_err(|error| error.to_string())
}

/// JSON without what makes no difference.
fn compact(json: &str) -> Result<String, String> {
    let document = Document::parse(json).map_err(|error| error.message)?;
    let mut out = Vec::new();
    document.root().write_compact(&mut out);
    String::from_utf8(out).map_err(|error| error.to_string())
}

/// The scope of an expression that stands alone.
struct Alone<'a> {
    plugin: &'a dyn Plugin,
    environment: &'a Environment,
}

impl<'v> Scope<'v> for Alone<'_> {
    fn variable(&self, _: &str) -> Value<'v> {
        Value::Missing
    }

    fn environment(&self) -> &Environment {
        self.environment
    }

    fn call(&self, function: &str, arguments: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        self.plugin.call(function, arguments, &Confidential::default())
    }
}
