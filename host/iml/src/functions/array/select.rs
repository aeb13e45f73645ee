//! Functions that choose among the elements of arrays.

use std::collections::HashSet;

use super::super::{ArgumentError, Arguments};
use super::Outcome;
use super::identity::identity;
use crate::path;
use crate::value::{Array, Text, Value};

pub(super) fn distinct<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let key = arguments.optional_text()?;
    let mut seen = HashSet::new();
    let first_time = |element: &Value<'v>| {
        seen.insert(match &key {
            Some(key) => identity(&path::follow(element, key)),
            None => identity(element),
        })
    };
    Ok(Value::array(array.iter().filter(first_time).collect()))
}

pub(super) fn difference<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let (one, other) = (arguments.next_array()?, arguments.next_array()?);
    Ok(Value::array(only_in(&one, &other)))
}

pub(super) fn difference_by_mode<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let (one, other) = (arguments.next_array()?, arguments.next_array()?);
    let mode = arguments.optional_text()?;
    let mut elements = only_in(&one, &other);
    match mode.as_deref() {
        None | Some("" | "classic") => {}
        Some("symmetric") => elements.extend(only_in(&other, &one)),
        Some(_) => return Err(arguments.wrong("`classic` or `symmetric`", "another text")),
    }
    Ok(Value::array(elements))
}

pub(super) fn intersection<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let (one, other) = (arguments.next_array()?, arguments.next_array()?);
    let known = identities(&other);
    Ok(Value::array(one.iter().filter(|element| known.contains(&identity(element))).collect()))
}

fn only_in<'v>(one: &Array<'v>, other: &Array<'v>) -> Vec<Value<'v>> {
    let known = identities(other);
    one.iter().filter(|element| !known.contains(&identity(element))).collect()
}

fn identities(array: &Array<'_>) -> HashSet<String> {
    array.iter().map(|element| identity(&element)).collect()
}

pub(super) fn map<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let key = arguments.next_text()?;
    let filter = filter(arguments)?;
    let chosen = array.iter().filter(|element| filter.as_ref().is_none_or(|filter| filter.accepts(element)));
    Ok(Value::array(chosen.map(|element| path::follow(&element, &key)).collect()))
}

/// Which elements `map` looks at: those whose text at `key` is one of `values`.
struct Filter<'v> {
    key: Text<'v>,
    values: Vec<Text<'v>>,
}

impl Filter<'_> {
    fn accepts(&self, element: &Value<'_>) -> bool {
        let value = path::follow(element, &self.key);
        let text = value.to_text();
        self.values.iter().any(|wanted| **wanted == *text || wanted.split(',').any(|one| one == text || one.trim() == text))
    }
}

/// The filter, if the call has both of its arguments. Values that turn out to be nothing choose those
/// elements that have nothing there, not all.
fn filter<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Option<Filter<'v>>, ArgumentError> {
    let given = arguments.count() == 4;
    let key = arguments.optional_text()?;
    let values = match arguments.next_value() {
        Value::Array(values) => values.iter().map(|value| arguments.text_of(value)).collect::<Result<_, _>>()?,
        other => vec![arguments.text_of(other)?],
    };
    Ok(key.filter(|_| given).map(|key| Filter { key, values }))
}
