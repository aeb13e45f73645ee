//! General functions: choice, access to members, JSON.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function, LazyArguments};
use crate::error::Error;
use crate::json::Document;
use crate::operators;
use crate::path::Path;
use crate::value::{Array, Collection, Text, Value};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "if",
        family: Family::General,
        signature: "if(condition; then; [else])",
        summary: "Gives the second argument where the condition holds, else the third. Only that one is evaluated.",
        examples: &[Example::new(r#"if(1 = 1; "A"; "B")"#, r#""A""#), Example::new(r#"if(0; "A")"#, r#"{"$undefined":true}"#)],
        arity: Arity::between(2, 3),
        call: Call::Lazy(conditional),
    },
    Function {
        name: "ifempty",
        family: Family::General,
        signature: "ifempty(value; otherwise; […])",
        summary: "Gives the first argument that is not missing, null or an empty text; 0, false and [] count as something.",
        examples: &[
            Example::new(r#"ifempty(""; "B")"#, r#""B""#),
            Example::new(r#"ifempty(0; "B")"#, "0"),
            Example::new("ifempty(null; undefined; 3)", "3"),
        ],
        arity: Arity::at_least(2),
        call: Call::Lazy(first_not_empty),
    },
    Function {
        name: "switch",
        family: Family::General,
        signature: "switch(value; case; result; […]; [else])",
        summary: "Gives the result behind the first case whose text equals that of the value, else the last argument.",
        examples: &[
            Example::new(r#"switch("B"; "A"; 1; "B"; 2; 3)"#, "2"),
            Example::new(r#"switch("X"; "A"; 1; "B"; 2; 3)"#, "3"),
            Example::new(r#"switch("X"; "A"; 1)"#, r#"{"$undefined":true}"#),
        ],
        arity: Arity::at_least(3),
        call: Call::Lazy(switch),
    },
    Function {
        name: "get",
        family: Family::General,
        signature: "get(value; path)",
        summary: "Follows a path into a collection or an array: names with dots between them, positions counted from 1.",
        examples: &[
            Example::with(r#"{"users": [{"name": "Ada"}]}"#, r#"get(users; "1.name")"#, r#""Ada""#),
            Example::with(r#"{"users": ["a", "b"]}"#, "get(users; 1 + 1)", r#""b""#),
        ],
        arity: Arity::exactly(2),
        call: Call::Eager(get),
    },
    Function {
        name: "pick",
        family: Family::General,
        signature: "pick(collection; key; […])",
        summary: "Gives a collection of only these keys, in the order they are named.",
        examples: &[Example::with(r#"{"user": {"name": "n", "email": "e"}}"#, r#"pick(user; "email"; "phone")"#, r#"{"email":"e"}"#)],
        arity: Arity::at_least(2),
        call: Call::Eager(pick),
    },
    Function {
        name: "omit",
        family: Family::General,
        signature: "omit(collection; key; […])",
        summary: "Gives a collection of all keys but these.",
        examples: &[Example::with(r#"{"user": {"name": "n", "email": "e"}}"#, r#"omit(user; "email")"#, r#"{"name":"n"}"#)],
        arity: Arity::at_least(2),
        call: Call::Eager(omit),
    },
    Function {
        name: "equal",
        family: Family::General,
        signature: "equal(one; other)",
        summary: "Compares two values, as `=` does.",
        examples: &[Example::new(r#"equal(1; "1")"#, "true"), Example::new(r#"equal(true; "true")"#, "false")],
        arity: Arity::exactly(2),
        call: Call::Eager(equal),
    },
    Function {
        name: "createJSON",
        family: Family::General,
        signature: "createJSON(value)",
        summary: "Writes a value as compact JSON; keys keep their order, numbers their digits. What is missing stays so.",
        examples: &[Example::with(r#"{"a": {"b": [1, null]}}"#, "createJSON(a)", r#""{\"b\":[1,null]}""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(create_json),
    },
    Function {
        name: "parseJSON",
        family: Family::General,
        signature: "parseJSON(text)",
        summary: "Reads JSON text; what is not JSON is an error, nothing gives nothing.",
        examples: &[Example::new(r#"parseJSON("[1,2]")"#, "[1,2]")],
        arity: Arity::exactly(1),
        call: Call::Eager(parse_json),
    },
];

fn conditional<'v>(arguments: &mut dyn LazyArguments<'v>) -> Result<Value<'v>, Error> {
    let holds = arguments.evaluate(0)?.is_truthy();
    arguments.evaluate(if holds { 1 } else { 2 })
}

fn first_not_empty<'v>(arguments: &mut dyn LazyArguments<'v>) -> Result<Value<'v>, Error> {
    let mut value = Value::Missing;
    for index in 0..arguments.count() {
        value = arguments.evaluate(index)?;
        if !value.is_empty() {
            break;
        }
    }
    Ok(value)
}

fn switch<'v>(arguments: &mut dyn LazyArguments<'v>) -> Result<Value<'v>, Error> {
    let value = arguments.evaluate(0)?;
    let value = arguments.text(value)?;
    let mut index = 1;
    while index + 1 < arguments.count() {
        let case = arguments.evaluate(index)?;
        if *arguments.text(case)? == *value {
            return arguments.evaluate(index + 1);
        }
        index += 2;
    }
    arguments.evaluate(index)
}

fn get<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let value = arguments.next_value();
    let path = arguments.optional_path()?;
    Ok(path.map_or(Value::Missing, |path| Path::parse(&path).follow(&value)))
}

/// Up to this many keys, looking for each is faster than making a table of all members.
const FEW: usize = 24;

fn pick<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let collection = arguments.next_collection()?;
    let keys = keys(arguments)?;
    let members: Option<HashMap<_, _>> = (keys.len() > FEW).then(|| collection.iter().collect());
    let find = |key: &str| match &members {
        Some(members) => members.get(key).cloned(),
        None => collection.find(key),
    };
    let present = |key: Text<'v>| find(&key).map(|value| (key.into_cow(), value));
    Ok(Value::collection(keys.into_iter().filter_map(present).collect()))
}

fn omit<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let collection = arguments.next_collection()?;
    let keys = keys(arguments)?;
    let named: fn(&str) -> Cow<'_, str> = match collection.ignores_case() {
        true => |name| Cow::Owned(name.to_ascii_lowercase()),
        false => |name| Cow::Borrowed(name),
    };
    let unwanted: HashSet<Cow<'_, str>> = keys.iter().map(|key| named(key)).collect();
    let kept = collection.iter().filter(|(name, _)| !unwanted.contains(&named(name)));
    Ok(Value::Collection(Collection::from(kept.collect::<Vec<_>>())))
}

/// The remaining arguments as names; an array stands for its elements.
fn keys<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Vec<Text<'v>>, ArgumentError> {
    let mut keys = Vec::new();
    for argument in arguments.rest() {
        match argument {
            Value::Array(names) => keys.extend(texts(arguments, names)?),
            other => keys.push(arguments.text_of(other.clone())?),
        }
    }
    Ok(keys)
}

fn texts<'v>(arguments: &Arguments<'_, 'v>, names: &Array<'v>) -> Result<Vec<Text<'v>>, ArgumentError> {
    names.iter().map(|name| arguments.text_of(name)).collect()
}

fn equal<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let (one, other) = (arguments.next_value(), arguments.next_value());
    Ok(Value::Bool(operators::equal(&one, &other)))
}

fn create_json<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let value = arguments.next_value();
    if matches!(value, Value::Missing) {
        return Ok(value);
    }
    let limits = &arguments.environment().limits;
    if !value.fits(limits) {
        return Err(ArgumentError::new(operators::too_large(limits)));
    }
    Ok(Value::text(value.to_json()))
}

fn parse_json<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let Some(text) = arguments.optional_text()? else {
        return Ok(Value::Missing);
    };
    let document = Document::parse_within(&text, arguments.budget()).map_err(|error| match error.interrupt {
        Some(interrupt) => interrupt.into(),
        None => arguments.blame(0, format!("this is not JSON: {error}")),
    })?;
    Ok(Value::from_json(document.root()).into_owned())
}
