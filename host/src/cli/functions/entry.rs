//! A function as the reference shows it, wherever it comes from.

use hookwright_iml::functions::{self, Arity};
use hookwright_webhook::Exports as _;
use serde_json::{Value, json};

use crate::plugin::Description;

/// One function.
pub(super) struct Entry {
    pub(super) name: String,
    /// The family of a built-in one, or whose plugin it is in.
    pub(super) family: String,
    pub(super) signature: String,
    pub(super) summary: String,
    pub(super) examples: Vec<Example>,
    arity: Arity,
}

/// A call and what it gives.
pub(super) struct Example {
    pub(super) expression: String,
    /// The variables, a JSON object.
    pub(super) context: String,
    pub(super) result: String,
}

/// The built-in functions, family by family.
pub(super) fn built_in() -> Vec<Entry> {
    let entry = |function: &'static hookwright_iml::Function| Entry {
        name: function.name.to_owned(),
        family: function.family.name().to_owned(),
        signature: function.signature.to_owned(),
        summary: function.summary.to_owned(),
        examples: function.examples.iter().map(|example| Example::new(example.expression, example.context, example.result)).collect(),
        arity: function.arity,
    };
    functions::all().map(entry).collect()
}

/// The functions that the plugin of a service offers.
pub(super) fn of_plugin(service: &str, description: &Description) -> Vec<Entry> {
    let functions = description.functions.iter().zip(description.functions());
    let entries = functions.map(|(function, signature)| Entry {
        name: function.name.clone(),
        family: format!("the plugin of {service}"),
        signature: function.signature(),
        summary: function.summary.clone(),
        examples: function.examples.iter().map(|example| Example::new(&example.expression, "{}", &example.result)).collect(),
        arity: signature.arity(),
    });
    entries.collect()
}

impl Example {
    fn new(expression: &str, context: &str, result: &str) -> Self {
        Self { expression: expression.to_owned(), context: context.to_owned(), result: result.to_owned() }
    }

    fn json(&self) -> Value {
        let context: Value = serde_json::from_str(&self.context).unwrap_or_default();
        let result: Value = serde_json::from_str(&self.result).unwrap_or_default();
        json!({ "expression": self.expression, "context": context, "result": result })
    }
}

impl Entry {
    /// Name, family, signature, summary, how many arguments, examples.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "family": self.family,
            "signature": self.signature,
            "summary": self.summary,
            "arguments": { "required": self.arity.required, "maximum": self.arity.maximum },
            "examples": Value::from_iter(self.examples.iter().map(Example::json)),
        })
    }
}
