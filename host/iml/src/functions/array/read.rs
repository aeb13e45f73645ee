//! Functions that ask something of an array, a collection or a text.

use super::super::Arguments;
use super::Outcome;
use super::identity::allow_search;
use crate::functions::ArgumentError;
use crate::operators;
use crate::value::{Array, Value};

pub(super) fn first<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    Ok(arguments.next_array()?.iter().next().unwrap_or(Value::Null))
}

pub(super) fn last<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    Ok(arguments.next_array()?.iter().last().unwrap_or(Value::Null))
}

pub(super) fn is_array<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    Ok(Value::Bool(matches!(arguments.next_value(), Value::Array(_))))
}

pub(super) fn length<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let length = match arguments.next_value() {
        Value::Missing | Value::Null => 0,
        Value::Array(array) => array.len(),
        Value::Collection(collection) => collection.len(),
        Value::Binary(bytes) => bytes.len(),
        other => other.to_text().encode_utf16().count(),
    };
    Ok(Value::integer(length as i64))
}

pub(super) fn contains<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let value = arguments.next_value();
    let search = arguments.next_value();
    let ignores_case = arguments.next_boolean();
    if let Value::Array(array) = value {
        allow_search(&array, &search, &arguments.environment().limits)?;
        return Ok(Value::Bool(has_element(&array, &search, ignores_case)));
    }
    let (text, part) = (arguments.text_of(value)?, arguments.text_of(search)?);
    let found = if ignores_case { text.to_lowercase().contains(&part.to_lowercase()) } else { text.contains(&*part) };
    Ok(Value::Bool(found))
}

fn has_element(array: &Array<'_>, search: &Value<'_>, ignores_case: bool) -> bool {
    if let (true, Value::Text(search)) = (ignores_case, search) {
        let search = search.to_lowercase();
        return array.iter().any(|element| match element {
            Value::Array(_) | Value::Collection(_) => false,
            other => other.to_text().to_lowercase() == search,
        });
    }
    array.iter().any(|element| operators::equal(&element, search))
}

pub(super) fn join<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let separator = arguments.optional_text()?;
    let separator = separator.as_deref().unwrap_or(",");
    let limits = &arguments.environment().limits;
    let mut joined = String::new();
    for (index, element) in array.iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        operators::append(&mut joined, &element, limits).map_err(ArgumentError::new)?;
    }
    Ok(Value::text(joined))
}

pub(super) fn keys<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let names = match arguments.next_value() {
        Value::Missing | Value::Null => Vec::new(),
        Value::Collection(collection) => collection.iter().map(|(name, _)| Value::text(name)).collect(),
        Value::Array(array) => {
            arguments.allow_elements(array.len())?;
            (0..array.len()).map(|index| Value::text(index.to_string())).collect()
        }
        other => return Err(arguments.wrong("a collection or an array", other.described())),
    };
    Ok(Value::array(names))
}
