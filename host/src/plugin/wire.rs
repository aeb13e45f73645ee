//! Values across the border: MessagePack, as `sdk/wit/plugin.wit` describes it.

use std::borrow::Cow;

use hookwright_iml::{Date, Number, Value};
use rmp::Marker;
use rmp::encode;

/// The extension types of a date (MessagePack's own timestamp), a missing value, decimal digits.
const DATE: i8 = -1;
const MISSING: i8 = 1;
const DIGITS: i8 = 2;
/// How deep a value may nest.
const DEEPEST: u8 = 128;
/// How many values, keys included, one message may hold: a byte of a message may become fifty of the host's.
const MOST: u32 = 100_000;
/// Why writing into memory cannot fail.
const MEMORY: &str = "writing to a Vec does not fail";

/// One value as a message.
pub(super) fn encode(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// The arguments of a call as a message: an array.
pub(super) fn encode_all(values: &[Value<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    encode::write_array_len(&mut out, length(values.len())).expect(MEMORY);
    values.iter().for_each(|value| write(value, &mut out));
    out
}

fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing => write_extension(MISSING, &[], out),
        Value::Null => encode::write_nil(out).expect(MEMORY),
        Value::Bool(value) => encode::write_bool(out, *value).expect(MEMORY),
        Value::Number(_) => write_number(value, out),
        Value::Text(text) => encode::write_str(out, text.as_str()).expect(MEMORY),
        Value::Date(date) => write_date(*date, out),
        Value::Binary(bytes) => encode::write_bin(out, bytes.as_bytes()).expect(MEMORY),
        Value::Array(array) => {
            encode::write_array_len(out, length(array.len())).expect(MEMORY);
            array.iter().for_each(|element| write(&element, out));
        }
        Value::Collection(collection) => {
            // Counted while listing: what computes its members may list fewer than it has.
            let pairs: Vec<_> = collection.iter().collect();
            encode::write_map_len(out, length(pairs.len())).expect(MEMORY);
            for (key, value) in pairs {
                encode::write_str(out, &key).expect(MEMORY);
                write(&value, out);
            }
        }
    }
}

/// The shortest form that keeps every digit.
fn write_number(number: &Value<'_>, out: &mut Vec<u8>) {
    let mut digits = Vec::with_capacity(24);
    number.write_json(&mut digits);
    let text = std::str::from_utf8(&digits).expect("JSON numbers are ASCII");
    match (text.parse::<i64>(), text.parse::<f64>()) {
        // Neither an integer nor a float comes back as it went.
        _ if text == "-0" => write_extension(DIGITS, &digits, out),
        (Ok(integer), _) => {
            encode::write_sint(out, integer).expect(MEMORY);
        }
        (_, Ok(float)) if float.to_string() == text => encode::write_f64(out, float).expect(MEMORY),
        _ => write_extension(DIGITS, &digits, out),
    }
}

fn write_date(date: Date, out: &mut Vec<u8>) {
    let milliseconds = date.milliseconds();
    let nanoseconds = u32::try_from(milliseconds.rem_euclid(1000) * 1_000_000).expect("less than a second");
    let mut content = [0; 12];
    content[..4].copy_from_slice(&nanoseconds.to_be_bytes());
    content[4..].copy_from_slice(&milliseconds.div_euclid(1000).to_be_bytes());
    write_extension(DATE, &content, out);
}

fn write_extension(kind: i8, content: &[u8], out: &mut Vec<u8>) {
    encode::write_ext_meta(out, length(content.len()), kind).expect(MEMORY);
    out.extend_from_slice(content);
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("no value in memory has four billion parts")
}

/// The value that a plugin's message is; the error says what is wrong with the message.
pub(super) fn decode(bytes: &[u8]) -> Result<Value<'static>, String> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_iml::json::Document;

    use super::*;

    fn notation(value: &Value<'_>) -> String {
        let mut out = Vec::new();
        value.write_notation(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_comes_back_with_every_digit() {
        let text =
            r#"{"a":[1,-7,1.5,1.0,0.1,1e3,-0,123456789012345678901234567890,18446744073709551615],"b":"grüße","c":null,"d":{"e":true}}"#;
        let document = Document::parse(text).unwrap();
        let value = Value::from_json(document.root());
        let back = decode(&encode(&value)).unwrap();
        assert_eq!(notation(&back), notation(&value));
    }

    #[test]
    fn what_json_has_no_word_for_comes_back_too() {
        let date = Value::date(Date::from_milliseconds(-1).unwrap());
        let value = Value::array(vec![date, Value::binary(vec![0, 255]), Value::Missing, Value::Null]);
        assert_eq!(notation(&decode(&encode(&value)).unwrap()), notation(&value));
    }

    #[test]
    fn a_message_holds_a_bounded_number_of_values() {
        let nils = |count: u32| [&[0xdd][..], &count.to_be_bytes(), &vec![0xc0; count as usize]].concat();
        assert!(decode(&nils(MOST - 1)).is_ok(), "with the array itself");
        assert_eq!(decode(&nils(MOST)).map(|_| ()).unwrap_err(), "the plugin gave more than 100000 values in one message");
    }

    #[test]
    fn a_plugin_cannot_hand_over_what_is_not_a_value() {
        for (bytes, what) in [
            (vec![], "nothing"),
            (vec![0xdd, 0xff, 0xff, 0xff, 0xff], "an array that claims four billion elements"),
            (vec![0xa2, 0xff, 0xfe], "text that is not UTF-8"),
            (vec![0x81, 0x01, 0x01], "a key that is not text"),
            (vec![0xc0, 0xc0], "more than one value"),
            (vec![0x91; 200], "a value too deep"),
            (vec![0xd4, 0x02, b'x'], "digits that are no number"),
            (vec![0xd4, 0x07, 0], "an extension nobody knows"),
            (vec![0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a date beyond all dates"),
        ] {
            assert!(decode(&bytes).is_err(), "{what}");
        }
    }
}
