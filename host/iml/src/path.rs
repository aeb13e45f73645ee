//! Steps into values: members, positions counted from 1, and the path texts that `get` and `map` take.

use crate::value::{Number, Value};

/// Reads the member `name`: of an array, a name that is a number is a position.
pub(crate) fn member<'v>(value: &Value<'v>, name: &str) -> Value<'v> {
    value.get(name)
}

/// `value[]`: the first element. What is not an array is itself.
pub(crate) fn first<'v>(value: &Value<'v>) -> Value<'v> {
    match value {
        Value::Array(array) => array.at(1),
        other => other.clone(),
    }
}

/// `value[position]`, counted from 1 or, negative, from the end. A collection may have that number as a
/// key; what is neither is itself.
pub(crate) fn at<'v>(value: &Value<'v>, position: i64) -> Value<'v> {
    match value {
        Value::Array(array) => array.at(position),
        Value::Collection(collection) => collection.find(itoa::Buffer::new().format(position)).unwrap_or_else(|| value.clone()),
        other => other.clone(),
    }
}

/// `value[index]` for an index that was computed.
pub(crate) fn index<'v>(value: &Value<'v>, index: &Value<'_>) -> Value<'v> {
    match index {
        Value::Text(name) => member(value, name),
        Value::Number(number) => number_index(value, number),
        _ => Value::Missing,
    }
}

fn number_index<'v>(value: &Value<'v>, number: &Number<'_>) -> Value<'v> {
    number.as_i64().map_or(Value::Missing, |position| at(value, position))
}

/// A path text such as `users[].name`, `5.raw_name` or `a[2].b`, taken apart once to be followed often.
pub(crate) struct Path<'p> {
    steps: Vec<Step<'p>>,
}

enum Step<'p> {
    Member(&'p str),
    First,
    At(i64),
}

impl<'p> Path<'p> {
    /// Any text is a path.
    pub(crate) fn parse(text: &'p str) -> Self {
        let mut steps = Vec::new();
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (segment, behind) = split_outside_quotes(text, '.');
            let (name, mut brackets) = split_outside_quotes(segment, '[');
            if !name.is_empty() || brackets.is_none() {
                steps.push(Step::Member(name.trim_matches('`')));
            }
            while let Some(text) = brackets {
                let (inside, others) = text.split_once(']').unwrap_or((text, ""));
                steps.push(Step::in_brackets(inside));
                brackets = others.split_once('[').map(|(_, others)| others);
            }
            rest = behind;
        }
        Self { steps }
    }

    /// What lies at its end; missing if it leads out of the value.
    pub(crate) fn follow<'v>(&self, value: &Value<'v>) -> Value<'v> {
        let mut current = value.clone();
        for step in &self.steps {
            current = match (step, &current) {
                (_, Value::Missing | Value::Null) => return Value::Missing,
                (Step::Member(name), current) => member(current, name),
                (Step::First, current) => first(current),
                (Step::At(position), current) => at(current, *position),
            };
        }
        current
    }
}

/// What stands before and behind the first such mark, but for marks in backticks and in brackets. An opening one that
/// nothing closes is a character like others.
fn split_outside_quotes(text: &str, mark: char) -> (&str, Option<&str>) {
    let mut from = 0;
    while let Some(found) = text[from..].find([mark, '`', '[']) {
        let at = from + found;
        let (_, behind) = text.split_at(at + 1);
        if text[at..].starts_with(mark) {
            return (&text[..at], Some(behind));
        }
        let closing = if text[at..].starts_with('`') { '`' } else { ']' };
        from = at + 1 + behind.find(closing).map_or(0, |length| length + 1);
    }
    (text, None)
}

impl<'p> Step<'p> {
    fn in_brackets(text: &'p str) -> Self {
        match text.parse() {
            Ok(position) => Self::At(position),
            Err(_) if text.is_empty() => Self::First,
            Err(_) => Self::Member(text.trim_matches(['"', '\''])),
        }
    }
}
