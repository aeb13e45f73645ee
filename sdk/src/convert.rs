//! From the wire to Rust types and back: what a plugin function may take and give.

use std::borrow::Cow;

use crate::Failure;
use crate::export::{Arguments, Kind};
use crate::value::{Collection, Date, Number, Value, integer_of};
use crate::wire::{Malformed, Node, Writer};

/// A type that a parameter may have. Types that implement serde's `Deserialize` may be parameters too.
///
/// The coercions are those of IML's built-in functions: a number or a date becomes text where text is
/// wanted, text that is a number counts as one, nothing becomes empty text.
pub trait FromValue<'w>: Sized {
    /// What the parameter takes, for documentation.
    const KIND: Kind;

    /// Reads the value; the error says what was wanted.
    fn from_value(node: Node<'w>) -> Result<Self, String>;
}

/// The message for a value of the wrong kind.
fn wants(wanted: &str, node: &Node<'_>) -> String {
    format!("{wanted} is wanted here, not {}", kind_name(node))
}

fn kind_name(node: &Node<'_>) -> &'static str {
    match node {
        Node::Missing => "nothing",
        Node::Null => "null",
        Node::Bool(_) => "a boolean",
        Node::Integer(_) | Node::Float(_) | Node::Digits(_) => "a number",
        Node::Text(_) => "text",
        Node::Date(_) => "a date",
        Node::Binary(_) => "binary",
        Node::Array(_) => "an array",
        Node::Collection(_) => "a collection",
    }
}

impl<'w> FromValue<'w> for Cow<'w, str> {
    const KIND: Kind = Kind::Text;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Text(text) | Node::Digits(text) => Ok(text.into()),
            Node::Missing | Node::Null => Ok("".into()),
            Node::Bool(value) => Ok(if value { "true" } else { "false" }.into()),
            Node::Integer(number) => Ok(number.to_string().into()),
            Node::Float(number) => Ok(number.to_string().into()),
            Node::Date(date) => Ok(date.to_string().into()),
            Node::Binary(bytes) => {
                std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| "text is wanted here, not binary that is no UTF-8".to_owned())
            }
            Node::Array(_) | Node::Collection(_) => Err(wants("text", &node)),
        }
    }
}

impl<'w> FromValue<'w> for String {
    const KIND: Kind = Kind::Text;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        Cow::<str>::from_value(node).map(Cow::into_owned)
    }
}

impl<'w> FromValue<'w> for Cow<'w, [u8]> {
    const KIND: Kind = Kind::Binary;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Binary(bytes) => Ok(bytes.into()),
            Node::Array(_) | Node::Collection(_) => Err(wants("binary or text", &node)),
            _ => match Cow::<str>::from_value(node)? {
                Cow::Borrowed(text) => Ok(text.as_bytes().into()),
                Cow::Owned(text) => Ok(text.into_bytes().into()),
            },
        }
    }
}

impl<'w> FromValue<'w> for Vec<u8> {
    const KIND: Kind = Kind::Binary;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        Cow::<[u8]>::from_value(node).map(Cow::into_owned)
    }
}

impl<'w> FromValue<'w> for bool {
    const KIND: Kind = Kind::Boolean;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Bool(value) => Ok(value),
            Node::Text("true") => Ok(true),
            Node::Text("false") => Ok(false),
            _ => Err(wants("a boolean", &node)),
        }
    }
}

impl<'w> FromValue<'w> for f64 {
    const KIND: Kind = Kind::Number;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Integer(number) => Ok(number as f64),
            Node::Float(number) => Ok(number),
            Node::Digits(text) | Node::Text(text) => text.trim().parse().map_err(|_| wants("a number", &node)),
            Node::Date(date) => Ok(date.milliseconds() as f64),
            _ => Err(wants("a number", &node)),
        }
    }
}

impl<'w> FromValue<'w> for i64 {
    const KIND: Kind = Kind::Number;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Integer(number) => Ok(number),
            Node::Float(number) => integer_of(number).ok_or_else(|| format!("an integer is wanted here, not {number}")),
            Node::Digits(text) | Node::Text(text) => text.trim().parse().map_err(|_| wants("an integer", &node)),
            Node::Date(date) => Ok(date.milliseconds()),
            _ => Err(wants("an integer", &node)),
        }
    }
}

/// The other integer types go through `i64`.
macro_rules! smaller_integers {
    ($($integer:ty),*) => {$(
        impl<'w> FromValue<'w> for $integer {
            const KIND: Kind = Kind::Number;

            fn from_value(node: Node<'w>) -> Result<Self, String> {
                let number = i64::from_value(node)?;
                number.try_into().map_err(|_| format!("{number} is out of range here"))
            }
        }

        impl IntoValue for $integer {
            const KIND: Kind = Kind::Number;

            fn write(&self, out: &mut Writer) {
                match i64::try_from(*self) {
                    Ok(number) => out.integer(number),
                    Err(_) => out.digits(&self.to_string()),
                }
            }
        }
    )*};
}

smaller_integers!(i32, u32, u64, usize);

impl<'w> FromValue<'w> for Date {
    const KIND: Kind = Kind::Date;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Date(date) => Ok(date),
            Node::Integer(milliseconds) => Ok(Self::from_milliseconds(milliseconds)),
            _ => Err(wants("a date (parseDate makes one of text)", &node)),
        }
    }
}

impl<'w> FromValue<'w> for Value {
    const KIND: Kind = Kind::Any;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        node.try_into().map_err(|malformed: Malformed| malformed.to_string())
    }
}

impl<'w> FromValue<'w> for Collection {
    const KIND: Kind = Kind::Collection;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match Value::from_value(node)? {
            Value::Collection(members) => Ok(members),
            other => Err(format!("a collection is wanted here, not {}", other.kind_name())),
        }
    }
}

impl<'w, T: FromValue<'w>> FromValue<'w> for Option<T> {
    const KIND: Kind = T::KIND;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        match node {
            Node::Missing | Node::Null => Ok(None),
            node => T::from_value(node).map(Some),
        }
    }
}

impl<'w, T: FromValue<'w>> FromValue<'w> for Vec<T> {
    const KIND: Kind = Kind::Array;

    fn from_value(node: Node<'w>) -> Result<Self, String> {
        let mut nodes = match node {
            Node::Array(nodes) => nodes,
            Node::Missing | Node::Null => return Ok(Self::new()),
            _ => return Err(wants("an array", &node)),
        };
        let mut out = Self::with_capacity(nodes.remaining());
        while let Some(element) = nodes.next_node().map_err(|malformed| malformed.to_string())? {
            out.push(T::from_value(element)?);
        }
        Ok(out)
    }
}

/// The last parameter of a function that takes any number of arguments; a slice of those that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest<T>(pub Vec<T>);

impl<T> std::ops::Deref for Rest<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

#[doc(hidden)]
impl<'w, T: FromValue<'w>> Rest<T> {
    pub const KIND: Kind = T::KIND;

    pub fn take(arguments: &mut Arguments<'w>) -> Result<Self, Failure> {
        let mut out = Vec::new();
        while arguments.has_more() {
            out.push(arguments.take(T::from_value)?);
        }
        Ok(Self(out))
    }
}

/// A type that a function may return. Types that implement serde's `Serialize` may be returned too.
pub trait IntoValue {
    /// What the function gives, for documentation.
    const KIND: Kind;

    /// Writes exactly one value.
    fn write(&self, out: &mut Writer);
}

/// Types that [`Writer`] has a method for.
macro_rules! written {
    ($($kind:ty, $name:ident, |$out:ident, $value:ident| $write:expr;)*) => {$(
        impl IntoValue for $kind {
            const KIND: Kind = Kind::$name;

            fn write(&self, $out: &mut Writer) {
                let $value = self;
                $write;
            }
        }
    )*};
}

written! {
    (), Null, |out, _value| out.null();
    bool, Boolean, |out, value| out.bool(*value);
    i64, Number, |out, value| out.integer(*value);
    f64, Number, |out, value| out.float(*value);
    Number, Number, |out, value| out.value(&Value::Number(value.clone()));
    str, Text, |out, value| out.text(value);
    String, Text, |out, value| out.text(value);
    Cow<'_, str>, Text, |out, value| out.text(value);
    Date, Date, |out, value| out.date(*value);
    [u8], Binary, |out, value| out.binary(value);
    Vec<u8>, Binary, |out, value| out.binary(value);
    Value, Any, |out, value| out.value(value);
    Collection, Collection, |out, value| out.collection_of(value);
}

impl<T: IntoValue + ?Sized> IntoValue for &T {
    const KIND: Kind = T::KIND;

    fn write(&self, out: &mut Writer) {
        (**self).write(out);
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    const KIND: Kind = T::KIND;

    fn write(&self, out: &mut Writer) {
        match self {
            Some(value) => value.write(out),
            None => out.null(),
        }
    }
}

impl<T: IntoValue> IntoValue for Vec<T> {
    const KIND: Kind = Kind::Array;

    fn write(&self, out: &mut Writer) {
        out.array(self.len());
        self.iter().for_each(|value| value.write(out));
    }
}

/// What an extractor may return. Empty text is no uid.
pub trait IntoUids {
    /// The uids, as text.
    fn into_uids(self) -> Vec<String>;
}

impl IntoUids for String {
    fn into_uids(self) -> Vec<String> {
        if self.is_empty() { Vec::new() } else { vec![self] }
    }
}

impl IntoUids for &str {
    fn into_uids(self) -> Vec<String> {
        self.to_owned().into_uids()
    }
}

impl IntoUids for i64 {
    fn into_uids(self) -> Vec<String> {
        vec![self.to_string()]
    }
}

/// As a spec's `uid` would be read: text and numbers are uids, arrays hold several, the rest none.
impl IntoUids for &Value {
    fn into_uids(self) -> Vec<String> {
        match self {
            Value::Text(text) => text.as_str().into_uids(),
            Value::Number(number) => vec![number.to_string()],
            Value::Array(values) => values.iter().flat_map(IntoUids::into_uids).collect(),
            _ => Vec::new(),
        }
    }
}

impl IntoUids for Value {
    fn into_uids(self) -> Vec<String> {
        (&self).into_uids()
    }
}

impl<T: IntoUids> IntoUids for Option<T> {
    fn into_uids(self) -> Vec<String> {
        self.map(T::into_uids).unwrap_or_default()
    }
}

impl<T: IntoUids> IntoUids for Vec<T> {
    fn into_uids(self) -> Vec<String> {
        self.into_iter().flat_map(T::into_uids).collect()
    }
}
