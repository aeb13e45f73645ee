//! When two values count as the same: for `distinct`, `deduplicate` and the set operations. And how much may be compared.

use super::super::ArgumentError;
use crate::scope::Limits;
use crate::value::{Array, Value};

/// An error if comparing every element with `search` would look at too much: each comparison may look at all of a
/// collection or array. Scalars differ at once or by their length.
pub(super) fn allow_search(array: &Array<'_>, search: &Value<'_>, limits: &Limits) -> Result<(), ArgumentError> {
    let share = limits.size.saturating_mul(4) / array.len().max(1);
    let is_scalar = !matches!(search, Value::Array(_) | Value::Collection(_));
    if is_scalar || search.fits(&Limits { size: share, depth: usize::MAX }) {
        return Ok(());
    }
    Err(ArgumentError::new("the value is too large to be looked for in an array of this length"))
}

/// A text that two values share exactly if they count as the same: scalars by their text, so that 1 and
/// "1" are the same, collections whatever the order of their keys.
pub(super) fn identity(value: &Value<'_>) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Array(array) => {
            out.push('[');
            for element in array.iter() {
                write(&element, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Collection(collection) => {
            let mut pairs: Vec<_> = collection.iter().filter(|(_, value)| !matches!(value, Value::Missing)).collect();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            out.push('{');
            for (key, value) in pairs {
                write_scalar(&key, out);
                write(&value, out);
            }
            out.push('}');
        }
        Value::Missing | Value::Null => out.push('-'),
        scalar => write_scalar(&scalar.to_text(), out),
    }
}

/// The length goes first, so that no text can be taken for the end of another or for a bracket.
fn write_scalar(text: &str, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(text.len()));
    out.push(':');
    out.push_str(text);
}
