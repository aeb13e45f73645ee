//! Functions that choose among the elements of arrays.

use std::collections::HashSet;

use super::super::{ArgumentError, Arguments};
use super::Outcome;
use super::identity::identity;
use crate::path::Path;
use crate::value::{Array, Text, Value};

pub(super) fn distinct<'v>(arguments: &mut Arguments<'_, 'v>) -> Outcome<'v> {
    let array = arguments.next_array()?;
    let key = arguments.optional_path()?;
    let path = key.as_deref().map(Path::parse);
    let mut seen = HashSet::new();
    let first_time = |element: &Value<'v>| {
        seen.insert(match &path {
            Some(path) => identity(&path.follow(element)),
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
    let key = arguments.next_path()?;
    let filter = filter(arguments)?;
    let filter = filter.as_ref().map(|(key, values)| Filter::new(key, values));
    let path = Path::parse(&key);
    let chosen = array.iter().filter(|element| filter.as_ref().is_none_or(|filter| filter.accepts(element)));
    Ok(Value::array(chosen.map(|element| path.follow(&element)).collect()))
}

/// Which elements `map` looks at: those whose text at `path` is one of `wanted`.
struct Filter<'f> {
    path: Path<'f>,
    wanted: HashSet<&'f str>,
}

impl<'f> Filter<'f> {
    /// A value is looked for whole and cut at its commas, with the blanks around the pieces and without.
    fn new(key: &'f str, values: &'f [Text<'_>]) -> Self {
        let pieces = values.iter().flat_map(|value| value.split(','));
        let wanted = values.iter().map(|value| &**value).chain(pieces.clone()).chain(pieces.map(str::trim));
        Self { path: Path::parse(key), wanted: wanted.collect() }
    }

    fn accepts(&self, element: &Value<'_>) -> bool {
        self.wanted.contains(&*self.path.follow(element).to_text())
    }
}

/// Key and values of the filter, if the call has both of its arguments. Values that turn out to be nothing choose
/// those elements that have nothing there, not all.
fn filter<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Option<(Text<'v>, Vec<Text<'v>>)>, ArgumentError> {
    if arguments.count() < 4 {
        return Ok(None);
    }
    let key = arguments.optional_path()?;
    let values = match arguments.next_value() {
        Value::Array(values) => values.iter().map(|value| arguments.text_of(value)).collect::<Result<_, _>>()?,
        other => vec![arguments.text_of(other)?],
    };
    Ok(key.map(|key| (key, values)))
}
