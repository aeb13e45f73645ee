//! What an expression evaluates to: JSON's kinds, and dates, bytes and "nothing there".

mod array;
mod binary;
mod collection;
mod convert;
mod date;
mod date_text;
mod measure;
mod number;
mod pairs;
mod text;
mod write;

use std::borrow::Cow;

use crate::json::{self, Kind};

pub use array::Array;
pub use binary::Binary;
pub use collection::{Collection, Fields};
pub use date::Date;
pub use number::Number;
pub use text::Text;

/// A value. Cloning it is cheap: texts and containers are borrowed or shared, never copied.
///
/// A value lives for one evaluation on one thread; it is neither `Send` nor `Sync` on purpose.
///
/// ```
/// use hookwright_iml::{Value, json};
///
/// let body = json::Document::parse(r#"{ "price": 1.50, "tags": ["a", "b"] }"#).unwrap();
/// let body = Value::from_json(body.root());
/// assert_eq!(body.get("price").to_text(), "1.5"); // as it stands in text: the shortest that reads back the same
/// assert_eq!(body.to_json(), r#"{"price":1.50,"tags":["a","b"]}"#); // passed through: every digit
/// assert_eq!(body.get("tags").to_text(), "a,b");
/// assert!(matches!(body.get("nothing"), Value::Missing));
/// ```
#[derive(Debug, Clone, Default)]
pub enum Value<'v> {
    /// Nothing there: an unknown variable, an absent member, `undefined`.
    #[default]
    Missing,
    /// JSON's `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number<'v>),
    /// A text.
    Text(Text<'v>),
    /// A point in time.
    Date(Date),
    /// Bytes.
    Binary(Binary<'v>),
    /// An array.
    Array(Array<'v>),
    /// Named values in an order: Make's word for an object.
    Collection(Collection<'v>),
}

impl<'v> Value<'v> {
    /// A JSON value. Arrays and objects stay what they are in the document until somebody looks inside.
    pub fn from_json(node: json::Node<'v>) -> Self {
        match node.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(node.as_bool() == Some(true)),
            Kind::Number => Self::Number(Number::from_json(node.source_text())),
            Kind::Text => Self::Text(Text::from(node.as_text().unwrap_or_default())),
            Kind::Array => Self::Array(Array::from_json(node)),
            Kind::Object => Self::Collection(Collection::from_json(node)),
        }
    }

    /// A text.
    pub fn text(text: impl Into<Cow<'v, str>>) -> Self {
        Self::Text(Text::from(text.into()))
    }

    /// Bytes.
    pub fn binary(bytes: impl Into<Cow<'v, [u8]>>) -> Self {
        Self::Binary(Binary::from(bytes.into()))
    }

    /// A whole number.
    pub fn integer(number: i64) -> Self {
        Self::Number(Number::from(number))
    }

    /// A number; what is not finite becomes null, as in JSON.
    pub fn number(number: f64) -> Self {
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }

    /// A number from its decimal digits, kept as written; null where the text is not a number.
    pub fn decimal_text(digits: impl Into<Cow<'v, str>>) -> Self {
        Number::from_digits(digits.into()).map_or(Self::Null, Self::Number)
    }

    /// A point in time.
    pub fn date(date: Date) -> Self {
        Self::Date(date)
    }

    /// An array of these.
    pub fn array(items: Vec<Value<'v>>) -> Self {
        Self::Array(Array::from(items))
    }

    /// A collection of these pairs. A later pair replaces the value of an earlier one with the same key.
    pub fn collection(pairs: Vec<(Cow<'v, str>, Value<'v>)>) -> Self {
        Self::Collection(Collection::from(pairs))
    }

    /// A collection that computes its members when they are asked for.
    pub fn fields(fields: &'v (dyn Fields + 'v)) -> Self {
        Self::Collection(Collection::from_fields(fields))
    }

    /// JavaScript's truthiness: false, null, nothing, 0 and `""` are false, all else is true.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Missing | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => !number.is_zero(),
            Self::Text(text) => !text.is_empty(),
            Self::Date(_) | Self::Binary(_) | Self::Array(_) | Self::Collection(_) => true,
        }
    }

    /// Whether it is missing or null.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// Whether it is missing, null or `""`: what `ifempty` passes over.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            other => other.is_nothing(),
        }
    }

    /// The member `key` of a collection; of an array the element at that position, counted from 1. Missing when absent.
    pub fn get(&self, key: &str) -> Value<'v> {
        match self {
            Self::Collection(collection) => collection.get(key),
            Self::Array(array) => key.parse().map_or(Self::Missing, |position| array.at(position)),
            _ => Self::Missing,
        }
    }

    /// The text to which a uid is compared: that of a number or of a text that is not empty. Nothing else has one.
    pub fn canonical_uid(&self) -> Option<String> {
        match self {
            Self::Number(number) => Some(number.text().into_owned()),
            Self::Text(text) if !text.is_empty() => Some(text.to_string()),
            _ => None,
        }
    }

    /// What kind of value it is, as messages call it: "text", "number", "collection" ...
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::Binary(_) => "binary",
            Self::Array(_) => "array",
            Self::Collection(_) => "collection",
        }
    }

    /// What it is, as the end of a sentence: "missing", "an array", "a date" ...
    pub(crate) fn described(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Date(_) => "a date",
            Self::Binary(_) => "binary",
            Self::Array(_) => "an array",
            Self::Collection(_) => "a collection",
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Missing => Value::Missing,
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number.into_owned()),
            Self::Text(text) => Value::Text(text.into_owned()),
            Self::Date(date) => Value::Date(date),
            Self::Binary(bytes) => Value::Binary(bytes.into_owned()),
            Self::Array(array) => Value::Array(array.into_owned()),
            Self::Collection(collection) => Value::Collection(collection.into_owned()),
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<'v> From<Text<'v>> for Value<'v> {
    fn from(text: Text<'v>) -> Self {
        Self::Text(text)
    }
}

impl<'v> From<Number<'v>> for Value<'v> {
    fn from(number: Number<'v>) -> Self {
        Self::Number(number)
    }
}

impl From<Date> for Value<'_> {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}
