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

/// Follows a path text such as `users[].name`, `5.raw_name` or `a[2].b`.
pub(crate) fn follow<'v>(value: &Value<'v>, path: &str) -> Value<'v> {
    let mut current = value.clone();
    for segment in path.split('.') {
        let (name, brackets) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
        if !name.is_empty() || brackets.is_empty() {
            current = member(&current, name.trim_matches('`'));
        }
        current = follow_brackets(current, brackets);
    }
    current
}

fn follow_brackets<'v>(value: Value<'v>, brackets: &str) -> Value<'v> {
    let steps = brackets.split('[').skip(1).map(|step| step.trim_end_matches(']'));
    steps.fold(value, |value, step| match step.parse() {
        Ok(position) => at(&value, position),
        Err(_) if step.is_empty() => first(&value),
        Err(_) => member(&value, step.trim_matches(['"', '\''])),
    })
}
