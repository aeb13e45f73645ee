//! Structs of the author's as parameters and results, through serde.

use std::fmt;

use ::serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use ::serde::forward_to_deserialize_any;
use ::serde::ser::{Serialize, SerializeMap, Serializer};

use crate::value::{Collection, Date, Representation, Value};
use crate::wire::{self, Malformed, Node, Nodes, Writer, next_member};

/// The names under which our own types ask a deserializer of ours for what serde has no word for.
const VALUE: &str = "$hookwright::Value";
const DATE: &str = "$hookwright::Date";
/// The name under which rmp-serde writes an extension.
const EXTENSION: &str = "_ExtStruct";

/// Why a struct could not be read.
#[derive(Debug)]
pub(crate) struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self(malformed.to_string())
    }
}

/// A node as serde reads it.
pub(crate) struct FromNode<'w>(pub(crate) Node<'w>);

impl<'w> Deserializer<'w> for FromNode<'w> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'w>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Missing | Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Integer(number) => visitor.visit_i64(number),
            Node::Float(number) => visitor.visit_f64(number),
            Node::Digits(text) => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => visitor.visit_borrowed_str(text),
            },
            Node::Text(text) => visitor.visit_borrowed_str(text),
            Node::Date(date) => visitor.visit_string(date.to_string()),
            Node::Binary(bytes) => visitor.visit_borrowed_bytes(bytes),
            Node::Array(nodes) => visitor.visit_seq(Elements(nodes)),
            Node::Collection(nodes) => visitor.visit_map(Members { nodes, value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'w>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Missing | Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'w>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Digits(text) => visitor.visit_borrowed_str(text),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'w>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match (name, self.0) {
            (VALUE, node) => {
                let mut writer = Writer::new();
                writer.value(&Value::try_from(node)?);
                visitor.visit_byte_buf(writer.finish())
            }
            (DATE, Node::Date(date)) => visitor.visit_i64(date.milliseconds()),
            (_, node) => visitor.visit_newtype_struct(FromNode(node)),
        }
    }

    fn deserialize_enum<V: Visitor<'w>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Node::Collection(nodes) => visitor.visit_enum(de::value::MapAccessDeserializer::new(Members { nodes, value: None })),
            _ => Err(de::Error::custom("text is wanted here")),
        }
    }

    forward_to_deserialize_any! {
        <V: Visitor<'w>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'w>(Nodes<'w>);

impl<'w> SeqAccess<'w> for Elements<'w> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'w>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next_node()?.map(|node| seed.deserialize(FromNode(node))).transpose()
    }
}

/// The members of a collection; missing ones are as if they were not there.
struct Members<'w> {
    nodes: Nodes<'w>,
    value: Option<Node<'w>>,
}

impl<'w> MapAccess<'w> for Members<'w> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'w>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some((key, value)) = next_member(&mut self.nodes)? {
            if matches!(value, Node::Missing) {
                continue;
            }
            self.value = Some(value);
            return seed.deserialize(FromNode(Node::Text(key))).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'w>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let value = self.value.take().ok_or(Malformed)?;
        seed.deserialize(FromNode(value))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Encoded;
        impl Visitor<'_> for Encoded {
            type Value = Value;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value that crosses the plugin's border")
            }

            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Value, E> {
                wire::read(&bytes).and_then(Value::try_from).map_err(E::custom)
            }
        }
        deserializer.deserialize_newtype_struct(VALUE, Encoded)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Milliseconds;
        impl<'de> Visitor<'de> for Milliseconds {
            type Value = Date;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a date")
            }

            fn visit_i64<E: de::Error>(self, milliseconds: i64) -> Result<Date, E> {
                Ok(Date::from_milliseconds(milliseconds))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Date, D::Error> {
                i64::deserialize(deserializer).map(Date::from_milliseconds)
            }
        }
        deserializer.deserialize_newtype_struct(DATE, Milliseconds)
    }
}

/// Writes what serde gives as one value.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(value).map_err(|error| error.to_string())
}

struct Bytes<'b>(&'b [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// A value that only the wire has: written as the extension it is there.
fn serialize_extension<S: Serializer>(serializer: S, value: &Value) -> Result<S::Ok, S::Error> {
    let mut writer = Writer::new();
    writer.value(value);
    let (kind, content) = writer.finish_extension();
    serializer.serialize_newtype_struct(EXTENSION, &(kind, Bytes(&content)))
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serialize_extension(serializer, &Value::Date(*self)) }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing if serializer.is_human_readable() => serializer.serialize_none(),
            Self::Missing => serialize_extension(serializer, self),
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number.representation() {
                Representation::Integer(number) => serializer.serialize_i64(number),
                Representation::Float(number) => serializer.serialize_f64(number),
                Representation::Text(_) if serializer.is_human_readable() => serializer.serialize_f64(number.as_float()),
                Representation::Text(_) => serialize_extension(serializer, self),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Date(date) => date.serialize(serializer),
            Self::Binary(bytes) => serializer.serialize_bytes(bytes),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Collection(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Collection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
