//! Values on their way across the border: MessagePack, read in place and written in one go.

use std::fmt;

use rmp::Marker;
use rmp::encode;

use crate::value::{Collection, Date, Number, Representation, Value};

/// The extension type of the standard timestamp.
const DATE: i8 = -1;
/// The extension type of a missing value.
const MISSING: i8 = 1;
/// The extension type of a number kept as its decimal text.
const DIGITS: i8 = 2;
/// How deep a value may nest, so that none can exhaust the plugin's stack.
const DEEPEST: u8 = 128;

/// Bytes that are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes that are not a value came across the border")
    }
}

impl std::error::Error for Malformed {}

/// One value of a message, read no further than its first level; borrows the message.
#[derive(Clone, Debug)]
pub enum Node<'w> {
    /// See [`Value::Missing`].
    Missing,
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number that fits.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A number kept as its decimal text.
    Digits(&'w str),
    /// Text.
    Text(&'w str),
    /// A point in time.
    Date(Date),
    /// Bytes.
    Binary(&'w [u8]),
    /// Values in order.
    Array(Nodes<'w>),
    /// Keys (text nodes) and values in turn.
    Collection(Nodes<'w>),
}

/// What follows in a message: the elements of an array, or the keys and values of a collection.
#[derive(Clone, Debug)]
pub struct Nodes<'w> {
    bytes: &'w [u8],
    left: u64,
    depth: u8,
}

/// The value that `bytes` are.
pub fn read(bytes: &[u8]) -> Result<Node<'_>, Malformed> {
    let mut rest = bytes;
    let node = read_node(&mut rest, DEEPEST)?;
    match node {
        // What follows is theirs, and is looked at when they are.
        Node::Array(_) | Node::Collection(_) => Ok(node),
        _ if rest.is_empty() => Ok(node),
        _ => Err(Malformed),
    }
}

impl<'w> Nodes<'w> {
    /// The next node, or `None` after the last.
    pub fn next_node(&mut self) -> Result<Option<Node<'w>>, Malformed> {
        if self.left == 0 {
            return Ok(None);
        }
        let node = read_node(&mut self.bytes, self.depth)?;
        self.left -= 1;
        if let Node::Array(inner) | Node::Collection(inner) = &node {
            self.bytes = inner.clone().skip()?;
        }
        Ok(Some(node))
    }

    /// How many nodes are left, as the message says.
    pub fn remaining(&self) -> usize {
        // Every node takes a byte at least: a message cannot claim more than it holds.
        usize::try_from(self.left).unwrap_or(usize::MAX).min(self.bytes.len())
    }

    /// What follows after the last node.
    fn skip(mut self) -> Result<&'w [u8], Malformed> {
        while self.next_node()?.is_some() {}
        Ok(self.bytes)
    }
}

fn read_node<'w>(bytes: &mut &'w [u8], depth: u8) -> Result<Node<'w>, Malformed> {
    let marker = Marker::from_u8(take::<1>(bytes)?[0]);
    let node = match marker {
        Marker::Null => Node::Null,
        Marker::True => Node::Bool(true),
        Marker::False => Node::Bool(false),
        Marker::FixPos(number) => Node::Integer(number.into()),
        Marker::FixNeg(number) => Node::Integer(number.into()),
        Marker::U8 => Node::Integer(take::<1>(bytes)?[0].into()),
        Marker::U16 => Node::Integer(u16::from_be_bytes(take(bytes)?).into()),
        Marker::U32 => Node::Integer(u32::from_be_bytes(take(bytes)?).into()),
        Marker::U64 => unsigned(u64::from_be_bytes(take(bytes)?)),
        Marker::I8 => Node::Integer(i8::from_be_bytes(take(bytes)?).into()),
        Marker::I16 => Node::Integer(i16::from_be_bytes(take(bytes)?).into()),
        Marker::I32 => Node::Integer(i32::from_be_bytes(take(bytes)?).into()),
        Marker::I64 => Node::Integer(i64::from_be_bytes(take(bytes)?)),
        Marker::F32 => Node::Float(f32::from_be_bytes(take(bytes)?).into()),
        Marker::F64 => Node::Float(f64::from_be_bytes(take(bytes)?)),
        Marker::FixStr(length) => Node::Text(text(bytes, length.into())?),
        Marker::Str8 | Marker::Str16 | Marker::Str32 => Node::Text(counted_text(bytes, marker)?),
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
            let length = length(bytes, marker)?;
            Node::Binary(split(bytes, length)?)
        }
        Marker::FixArray(length) => Node::Array(nodes(bytes, length.into(), depth)?),
        Marker::FixMap(length) => Node::Collection(nodes(bytes, u64::from(length) * 2, depth)?),
        Marker::Array16 | Marker::Array32 => {
            let length = length(bytes, marker)?;
            Node::Array(nodes(bytes, length as u64, depth)?)
        }
        Marker::Map16 | Marker::Map32 => {
            let length = length(bytes, marker)?;
            Node::Collection(nodes(bytes, length as u64 * 2, depth)?)
        }
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => extension(bytes, marker)?,
        Marker::Reserved => return Err(Malformed),
    };
    Ok(node)
}

fn unsigned(number: u64) -> Node<'static> {
    i64::try_from(number).map_or(Node::Float(number as f64), Node::Integer)
}

fn nodes<'w>(bytes: &&'w [u8], left: u64, depth: u8) -> Result<Nodes<'w>, Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed)?;
    Ok(Nodes { bytes, left, depth })
}

fn counted_text<'w>(bytes: &mut &'w [u8], marker: Marker) -> Result<&'w str, Malformed> {
    let length = length(bytes, marker)?;
    text(bytes, length)
}

/// The length that follows a marker, as wide as the marker says.
fn length(bytes: &mut &[u8], marker: Marker) -> Result<usize, Malformed> {
    let length = match marker {
        Marker::Str8 | Marker::Bin8 | Marker::Ext8 => u32::from(take::<1>(bytes)?[0]),
        Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => u16::from_be_bytes(take(bytes)?).into(),
        _ => u32::from_be_bytes(take(bytes)?),
    };
    Ok(length as usize)
}

fn extension<'w>(bytes: &mut &'w [u8], marker: Marker) -> Result<Node<'w>, Malformed> {
    let length = match marker {
        Marker::FixExt1 => 1,
        Marker::FixExt2 => 2,
        Marker::FixExt4 => 4,
        Marker::FixExt8 => 8,
        Marker::FixExt16 => 16,
        _ => length(bytes, marker)?,
    };
    let kind = i8::from_be_bytes(take(bytes)?);
    let content = split(bytes, length)?;
    match kind {
        MISSING => Ok(Node::Missing),
        DIGITS => std::str::from_utf8(content).map(Node::Digits).map_err(|_| Malformed),
        DATE => timestamp(content).map(Node::Date),
        _ => Err(Malformed),
    }
}

/// The standard timestamp in its three lengths.
fn timestamp(content: &[u8]) -> Result<Date, Malformed> {
    let (seconds, nanoseconds) = match content.len() {
        4 => (i64::from(u32::from_be_bytes(array(content)?)), 0),
        8 => {
            let both = u64::from_be_bytes(array(content)?);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        12 => (i64::from_be_bytes(array(&content[4..])?), u32::from_be_bytes(array(&content[..4])?)),
        _ => return Err(Malformed),
    };
    let milliseconds = seconds.checked_mul(1000).and_then(|time| time.checked_add(i64::from(nanoseconds / 1_000_000)));
    milliseconds.map(Date::from_milliseconds).ok_or(Malformed)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (content, rest) = bytes.split_first_chunk::<N>().ok_or(Malformed)?;
    *bytes = rest;
    Ok(*content)
}

fn split<'w>(bytes: &mut &'w [u8], length: usize) -> Result<&'w [u8], Malformed> {
    let (content, rest) = bytes.split_at_checked(length).ok_or(Malformed)?;
    *bytes = rest;
    Ok(content)
}

fn text<'w>(bytes: &mut &'w [u8], length: usize) -> Result<&'w str, Malformed> {
    std::str::from_utf8(split(bytes, length)?).map_err(|_| Malformed)
}

impl TryFrom<Node<'_>> for Value {
    type Error = Malformed;

    fn try_from(node: Node<'_>) -> Result<Self, Malformed> {
        let mut rest: &[u8] = match &node {
            Node::Array(nodes) | Node::Collection(nodes) => nodes.bytes,
            _ => &[],
        };
        value(node, &mut rest)
    }
}

/// The value of `node`, whose contents, if it has any, are next in `rest`: one pass, whatever the depth.
fn value(node: Node<'_>, rest: &mut &[u8]) -> Result<Value, Malformed> {
    Ok(match node {
        Node::Missing => Value::Missing,
        Node::Null => Value::Null,
        Node::Bool(value) => Value::Bool(value),
        Node::Integer(number) => Value::Number(number.into()),
        Node::Float(number) => Value::Number(number.into()),
        Node::Digits(text) => Value::Number(Number::from_digits(text)),
        Node::Text(text) => Value::Text(text.to_owned()),
        Node::Date(date) => Value::Date(date),
        Node::Binary(bytes) => Value::Binary(bytes.to_vec()),
        Node::Array(nodes) => Value::Array((0..nodes.left).map(|_| next_value(rest, nodes.depth)).collect::<Result<_, _>>()?),
        Node::Collection(nodes) => Value::Collection((0..nodes.left / 2).map(|_| next_pair(rest, nodes.depth)).collect::<Result<_, _>>()?),
    })
}

fn next_value(rest: &mut &[u8], depth: u8) -> Result<Value, Malformed> {
    let node = read_node(rest, depth)?;
    value(node, rest)
}

fn next_pair(rest: &mut &[u8], depth: u8) -> Result<(String, Value), Malformed> {
    let Node::Text(key) = read_node(rest, depth)? else {
        return Err(Malformed);
    };
    Ok((key.to_owned(), next_value(rest, depth)?))
}

/// The next key and value of a collection.
pub(crate) fn next_member<'w>(nodes: &mut Nodes<'w>) -> Result<Option<(&'w str, Node<'w>)>, Malformed> {
    match nodes.next_node()? {
        None => Ok(None),
        Some(Node::Text(key)) => Ok(Some((key, nodes.next_node()?.ok_or(Malformed)?))),
        Some(_) => Err(Malformed),
    }
}

/// Why writing into memory cannot fail.
const MEMORY: &str = "writing to a Vec does not fail";

/// A message being written, value by value.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Writes a missing value.
    pub fn missing(&mut self) {
        self.extension(MISSING, &[]);
    }

    /// Writes null.
    pub fn null(&mut self) {
        encode::write_nil(&mut self.0).expect(MEMORY);
    }

    /// Writes true or false.
    pub fn bool(&mut self, value: bool) {
        encode::write_bool(&mut self.0, value).expect(MEMORY);
    }

    /// Writes an integer.
    pub fn integer(&mut self, number: i64) {
        encode::write_sint(&mut self.0, number).expect(MEMORY);
    }

    /// Writes a float.
    pub fn float(&mut self, number: f64) {
        encode::write_f64(&mut self.0, number).expect(MEMORY);
    }

    /// Writes a number as its decimal text.
    pub fn digits(&mut self, text: &str) {
        self.extension(DIGITS, text.as_bytes());
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        encode::write_str(&mut self.0, text).expect(MEMORY);
    }

    /// Writes bytes.
    pub fn binary(&mut self, bytes: &[u8]) {
        encode::write_bin(&mut self.0, bytes).expect(MEMORY);
    }

    /// Writes a point in time.
    pub fn date(&mut self, date: Date) {
        let nanoseconds = date.milliseconds().rem_euclid(1000) as u32 * 1_000_000;
        let seconds = date.milliseconds().div_euclid(1000);
        let mut content = [0; 12];
        content[..4].copy_from_slice(&nanoseconds.to_be_bytes());
        content[4..].copy_from_slice(&seconds.to_be_bytes());
        self.extension(DATE, &content);
    }

    /// Begins an array of `length` values, which follow.
    pub fn array(&mut self, length: usize) {
        encode::write_array_len(&mut self.0, size(length)).expect(MEMORY);
    }

    /// Begins a collection of `length` members, which follow: a [`Writer::text`] and a value each.
    pub fn collection(&mut self, length: usize) {
        encode::write_map_len(&mut self.0, size(length)).expect(MEMORY);
    }

    /// Writes a value, whatever it is.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Missing => self.missing(),
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Number(number) => match number.representation() {
                Representation::Integer(number) => self.integer(number),
                Representation::Float(number) => self.float(number),
                Representation::Text(text) => self.digits(text),
            },
            Value::Text(text) => self.text(text),
            Value::Date(date) => self.date(*date),
            Value::Binary(bytes) => self.binary(bytes),
            Value::Array(values) => {
                self.array(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Value::Collection(members) => self.collection_of(members),
        }
    }

    /// Writes a collection with its members.
    pub fn collection_of(&mut self, members: &Collection) {
        self.collection(members.len());
        for (key, value) in members.iter() {
            self.text(key);
            self.value(value);
        }
    }

    /// The type and content of the one extension that was written.
    pub(crate) fn finish_extension(self) -> (i8, Vec<u8>) {
        let meta = rmp::decode::read_ext_meta(&mut self.0.as_slice()).expect("an extension was written");
        let content = self.0.len() - meta.size as usize;
        (meta.typeid, self.0[content..].to_vec())
    }

    fn extension(&mut self, kind: i8, content: &[u8]) {
        encode::write_ext_meta(&mut self.0, size(content.len()), kind).expect(MEMORY);
        self.0.extend_from_slice(content);
    }
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("no value of four billion parts fits into a plugin's memory")
}

#[cfg(test)]
mod tests;
