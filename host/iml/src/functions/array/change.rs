//! Functions that make a new array, or a collection, out of one.

use std::borrow::Cow;

use super::super::{ArgumentError, Arguments};
use super::Outcome;
use super::identity::allow_search;
use super::order::Order;
use crate::operators;
use crate::path::Path;
use crate::value::{Array, Value};

/// An array, or nothing, which counts as an empty one; `add` takes no other value for an array.
pub(super) fn add<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let mut elements = match arguments.next_value() {
        Value::Array(array) => {
            arguments.allow_elements(array.len())?;
            array.to_vec()
        }
        Value::Missing | Value::Null => Vec::new(),
        other => return Err(arguments.wrong("an array", other.described())),
    };
    elements.extend_from_slice(arguments.rest());
    Ok(Value::array(elements))
}

pub(super) fn remove<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let unwanted = arguments.rest();
    for value in unwanted {
        allow_search(&array, value, &arguments.environment().limits)?;
    }
    let wanted = |element: &Value<'v>| !unwanted.iter().any(|value| operators::equal(element, value));
    Ok(Value::array(array.iter().filter(wanted).collect()))
}

pub(super) fn merge<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let arrays = arguments.rest().iter().filter_map(|argument| match argument {
        Value::Array(array) => Some(array),
        _ => None,
    });
    arguments.allow_elements(arrays.clone().map(Array::len).sum())?;
    Ok(Value::array(arrays.flat_map(Array::iter).collect()))
}

pub(super) fn flatten<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let depth = arguments.optional_integer()?.unwrap_or(1);
    let mut elements = Vec::new();
    flatten_into(&array, depth, &mut elements, arguments)?;
    Ok(Value::array(elements))
}

fn flatten_into<'v>(
    array: &Array<'v>,
    depth: i64,
    elements: &mut Vec<Value<'v>>,
    arguments: &Arguments<'_, 'v>,
) -> Result<(), ArgumentError> {
    for element in array.iter() {
        match element {
            Value::Array(inner) if depth > 0 => flatten_into(&inner, depth - 1, elements, arguments)?,
            other => elements.push(other),
        }
        arguments.allow_elements(elements.len())?;
    }
    Ok(())
}

pub(super) fn reverse<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let mut elements = arguments.next_array()?.to_vec();
    elements.reverse();
    Ok(Value::array(elements))
}

/// Fisher and Yates' shuffle, with the random bits of the environment.
pub(super) fn shuffle<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let mut elements = arguments.next_array()?.to_vec();
    let random = arguments.environment().random;
    for end in (1..elements.len()).rev() {
        elements.swap(end, (random() % (end as u64 + 1)) as usize);
    }
    Ok(Value::array(elements))
}

pub(super) fn slice<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let length = array.len();
    let start = arguments.optional_integer()?.map_or(0, |start| place(start, length));
    let end = arguments.optional_integer()?.map_or(length, |end| place(end, length));
    Ok(Value::array(array.iter().take(end).skip(start).collect()))
}

/// A place counted from 0, or from the end where it is negative, brought within the array.
fn place(position: i64, length: usize) -> usize {
    let length = length as i64;
    let place = if position < 0 { length.saturating_add(position) } else { position };
    place.clamp(0, length) as usize
}

pub(super) fn sort<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let second = arguments.optional_path()?;
    let third = arguments.optional_path()?;
    let order = second.as_deref().and_then(Order::parse);
    let key = if order.is_some() { third } else { second.filter(|key| !key.is_empty()).or(third) };
    let path = key.as_deref().map(Path::parse);
    Ok(Value::array(sorted(&array, order.unwrap_or_default(), path.as_ref())))
}

fn sorted<'v>(array: &Array<'v>, order: Order, key: Option<&Path<'_>>) -> Vec<Value<'v>> {
    let mut keyed: Vec<_> = array.iter().map(|element| (key.map(|key| key.follow(&element)), element)).collect();
    keyed.sort_by(|(one_key, one), (other_key, other)| order.compare(one_key.as_ref().unwrap_or(one), other_key.as_ref().unwrap_or(other)));
    keyed.into_iter().map(|(_, element)| element).collect()
}

pub(super) fn to_array<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let pairs = match arguments.next_value() {
        Value::Missing | Value::Null => Vec::new(),
        Value::Collection(collection) => collection.iter().map(|(key, value)| pair(key, value)).collect(),
        Value::Array(array) => {
            arguments.allow_elements(array.len())?;
            array.iter().enumerate().map(|(index, value)| pair(index.to_string().into(), value)).collect()
        }
        other => return Err(arguments.wrong("a collection", other.described())),
    };
    Ok(Value::array(pairs))
}

fn pair<'v>(key: Cow<'v, str>, value: Value<'v>) -> Value<'v> {
    Value::collection(vec![("key".into(), Value::text(key)), ("value".into(), value)])
}

pub(super) fn to_collection<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let (key_field, value_field) = (arguments.next_path()?, arguments.next_path()?);
    let (key_field, value_field) = (Path::parse(&key_field), Path::parse(&value_field));
    let mut pairs = Vec::with_capacity(array.len());
    for element in array.iter() {
        let key = key_field.follow(&element);
        if !key.is_nothing() {
            let key = arguments.text_of(key)?;
            pairs.push((key.into_cow(), value_field.follow(&element)));
        }
    }
    Ok(Value::collection(pairs))
}
