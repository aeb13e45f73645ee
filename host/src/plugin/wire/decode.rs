//! A plugin's message as a value. Nothing in it is believed.

use std::borrow::Cow;

use hookwright_iml::{Date, Number, Value};
use rmp::Marker;

use super::{DATE, DIGITS, MISSING};

/// How deep a value may nest.
const DEEPEST: u8 = 128;
/// How many values, keys included, one message may hold: a byte of a message may become fifty of the host's.
pub(super) const MOST: u32 = 100_000;

/// The value that a plugin's message is; the error says what is wrong with the message.
pub(in crate::plugin) fn decode(bytes: &[u8]) -> Result<Value<'static>, String> {
    let mut message = Message { rest: bytes, values_left: MOST };
    let value = read(&mut message, DEEPEST)?;
    if message.rest.is_empty() { Ok(value) } else { Err(malformed()) }
}

/// What is still to be read of a message, and how many values may still come.
struct Message<'b> {
    rest: &'b [u8],
    values_left: u32,
}

impl Message<'_> {
    fn count_value(&mut self) -> Result<(), String> {
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or_else(|| format!("the plugin gave more than {MOST} values in one message"))?;
        Ok(())
    }
}

fn malformed() -> String {
    "the plugin gave bytes that are not a value".to_owned()
}

fn read(message: &mut Message<'_>, depth: u8) -> Result<Value<'static>, String> {
    message.count_value()?;
    let marker = Marker::from_u8(take::<1>(message)?[0]);
    let value = match marker {
        Marker::Null => Value::Null,
        Marker::True => Value::Bool(true),
        Marker::False => Value::Bool(false),
        Marker::FixPos(number) => Value::integer(number.into()),
        Marker::FixNeg(number) => Value::integer(number.into()),
        Marker::U8 => Value::integer(take::<1>(message)?[0].into()),
        Marker::U16 => Value::integer(u16::from_be_bytes(take(message)?).into()),
        Marker::U32 => Value::integer(u32::from_be_bytes(take(message)?).into()),
        Marker::U64 => Value::decimal_text(u64::from_be_bytes(take(message)?).to_string()),
        Marker::I8 => Value::integer(i8::from_be_bytes(take(message)?).into()),
        Marker::I16 => Value::integer(i16::from_be_bytes(take(message)?).into()),
        Marker::I32 => Value::integer(i32::from_be_bytes(take(message)?).into()),
        Marker::I64 => Value::integer(i64::from_be_bytes(take(message)?)),
        Marker::F32 => Value::number(f32::from_be_bytes(take(message)?).into()),
        Marker::F64 => Value::number(f64::from_be_bytes(take(message)?)),
        Marker::FixStr(length) => Value::text(text(message, length.into())?),
        Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let length = counted(message, marker)?;
            Value::text(text(message, length)?)
        }
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
            let length = counted(message, marker)?;
            Value::binary(split(message, length)?.to_vec())
        }
        Marker::FixArray(length) => array(message, length.into(), depth)?,
        Marker::Array16 | Marker::Array32 => {
            let length = counted(message, marker)?;
            array(message, length, depth)?
        }
        Marker::FixMap(length) => collection(message, length.into(), depth)?,
        Marker::Map16 | Marker::Map32 => {
            let length = counted(message, marker)?;
            collection(message, length, depth)?
        }
        Marker::FixExt1 => extension(message, 1)?,
        Marker::FixExt2 => extension(message, 2)?,
        Marker::FixExt4 => extension(message, 4)?,
        Marker::FixExt8 => extension(message, 8)?,
        Marker::FixExt16 => extension(message, 16)?,
        Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => {
            let length = counted(message, marker)?;
            extension(message, length)?
        }
        Marker::Reserved => return Err(malformed()),
    };
    Ok(value)
}

fn array(message: &mut Message<'_>, length: usize, depth: u8) -> Result<Value<'static>, String> {
    let depth = deeper(depth)?;
    (0..length).map(|_| read(message, depth)).collect::<Result<_, _>>().map(Value::array)
}

fn collection(message: &mut Message<'_>, length: usize, depth: u8) -> Result<Value<'static>, String> {
    let depth = deeper(depth)?;
    (0..length).map(|_| member(message, depth)).collect::<Result<_, _>>().map(Value::collection)
}

fn member(message: &mut Message<'_>, depth: u8) -> Result<(Cow<'static, str>, Value<'static>), String> {
    match read(message, depth)? {
        Value::Text(key) => Ok((key.into_cow(), read(message, depth)?)),
        _ => Err(malformed()),
    }
}

fn deeper(depth: u8) -> Result<u8, String> {
    depth.checked_sub(1).ok_or_else(|| format!("the plugin gave a value that nests deeper than {DEEPEST}"))
}

fn extension(message: &mut Message<'_>, length: usize) -> Result<Value<'static>, String> {
    let kind = i8::from_be_bytes(take(message)?);
    let content = split(message, length)?;
    match kind {
        MISSING => Ok(Value::Missing),
        DIGITS => digits(content),
        DATE => date(content).map(Value::date).ok_or_else(|| "the plugin gave a date that is none".to_owned()),
        _ => Err(malformed()),
    }
}

fn digits(content: &[u8]) -> Result<Value<'static>, String> {
    let text = std::str::from_utf8(content).map_err(|_| malformed())?;
    let number = Number::from_digits(Cow::Owned(text.to_owned()));
    number.map(Value::Number).ok_or_else(|| "the plugin gave a number that is none".to_owned())
}

/// The standard timestamp in its three lengths.
fn date(content: &[u8]) -> Option<Date> {
    let (seconds, nanoseconds) = match content.len() {
        4 => (i64::from(u32::from_be_bytes(content.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(content.try_into().ok()?);
            (i64::try_from(both & 0x3_ffff_ffff).ok()?, u32::try_from(both >> 34).ok()?)
        }
        12 => (i64::from_be_bytes(content[4..].try_into().ok()?), u32::from_be_bytes(content[..4].try_into().ok()?)),
        _ => return None,
    };
    let milliseconds = seconds.checked_mul(1000)?.checked_add(i64::from(nanoseconds / 1_000_000))?;
    Date::from_milliseconds(milliseconds)
}

/// The length that follows a marker, as wide as the marker says.
fn counted(message: &mut Message<'_>, marker: Marker) -> Result<usize, String> {
    let length = match marker {
        Marker::Str8 | Marker::Bin8 | Marker::Ext8 => take::<1>(message)?[0].into(),
        Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => u16::from_be_bytes(take(message)?).into(),
        _ => u32::from_be_bytes(take(message)?),
    };
    usize::try_from(length).map_err(|_| malformed())
}

fn text(message: &mut Message<'_>, length: usize) -> Result<String, String> {
    let content = split(message, length)?;
    std::str::from_utf8(content).map(str::to_owned).map_err(|_| malformed())
}

fn take<const N: usize>(message: &mut Message<'_>) -> Result<[u8; N], String> {
    let (content, rest) = message.rest.split_first_chunk::<N>().ok_or_else(malformed)?;
    message.rest = rest;
    Ok(*content)
}

fn split<'b>(message: &mut Message<'b>, length: usize) -> Result<&'b [u8], String> {
    let (content, rest) = message.rest.split_at_checked(length).ok_or_else(malformed)?;
    message.rest = rest;
    Ok(content)
}
