//! Values that are known when a template is compiled. They own their text, and may pass between threads.

use crate::value::{Number, Value};

/// A value known when the template is compiled.
#[derive(Debug, Clone)]
pub(crate) enum Constant {
    Missing,
    Null,
    Bool(bool),
    Integer(i64),
    /// Digits of a number that is not a whole one of 64 bits.
    Digits(Box<str>),
    Text(Box<str>),
    EmptyArray,
}

impl Constant {
    /// The constant as a value that borrows it.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(integer) => Value::integer(*integer),
            Self::Digits(digits) => Value::Number(Number::from_json(digits)),
            Self::Text(text) => Value::text(&**text),
            Self::EmptyArray => Value::array(Vec::new()),
        }
    }

    /// The constant of a value, if it is of a kind that has one.
    pub(crate) fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Missing => Self::Missing,
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::of_number(number),
            Value::Text(text) => Self::Text(Box::from(&**text)),
            Value::Array(array) if array.is_empty() => Self::EmptyArray,
            _ => return None,
        })
    }

    pub(crate) fn of_number(number: &Number<'_>) -> Self {
        let mut digits = Vec::new();
        number.write_json(&mut digits);
        match number.as_small() {
            Some(integer) => Self::Integer(integer),
            None => Self::Digits(String::from_utf8_lossy(&digits).into()),
        }
    }
}
