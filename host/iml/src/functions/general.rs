//! General functions: choice, access to members, JSON (iml.md 9.1 and 9.6).

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function, LazyArguments};
use crate::error::Error;
use crate::json::Document;
use crate::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "if",
        family: Family::General,
        signature: "if(condition; then; [else])",
        summary: "Gives the second argument where the condition holds, else the third. Only that one is evaluated.",
        examples: &[
            Example::new(r#"if(1 = 1; "A"; "B")"#, r#""A""#),
            Example::new(r#"if(0; "A")"#, r#"{"$undefined":true}"#),
        ],
        arity: Arity::between(2, 3),
        call: Call::Lazy(conditional),
    },
    Function {
        name: "createJSON",
        family: Family::General,
        signature: "createJSON(value)",
        summary: "Writes a value as compact JSON; keys keep their order, numbers their digits.",
        examples: &[Example::with(
            r#"{"a": {"b": [1, null]}}"#,
            "createJSON(a)",
            r#""{\"b\":[1,null]}""#,
        )],
        arity: Arity::exactly(1),
        call: Call::Eager(create_json),
    },
    Function {
        name: "parseJSON",
        family: Family::General,
        signature: "parseJSON(text)",
        summary: "Reads JSON text; what is not JSON is an error.",
        examples: &[Example::new(r#"parseJSON("[1,2]")"#, "[1,2]")],
        arity: Arity::exactly(1),
        call: Call::Eager(parse_json),
    },
];

fn conditional<'v>(arguments: &mut dyn LazyArguments<'v>) -> Result<Value<'v>, Error> {
    let holds = arguments.evaluate(0)?.is_truthy();
    arguments.evaluate(if holds { 1 } else { 2 })
}

fn create_json<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    Ok(Value::text(arguments.next_value().to_json()))
}

fn parse_json<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let text = arguments.next_text()?;
    let document = Document::parse(&text)
        .map_err(|error| ArgumentError::new(format!("this is not JSON: {error}")))?;
    Ok(Value::from_json(document.root()).into_owned())
}
