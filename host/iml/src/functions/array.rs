//! Functions over arrays and collections (iml.md 9.5).

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: "first",
    family: Family::Array,
    signature: "first(array)",
    summary: "Gives the first element; of an empty array null.",
    examples: &[Example::with(r#"{"a": [1, 2]}"#, "first(a)", "1")],
    arity: Arity::exactly(1),
    call: Call::Eager(first),
}];

fn first<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    Ok(arguments.next_array()?.iter().next().unwrap_or(Value::Null))
}
