#![allow(clippy::unwrap_used)]

use super::*;
use crate::value::Collection;

fn round_trip(value: &Value) -> Value {
    let mut writer = Writer::new();
    writer.value(value);
    read(&writer.finish()).unwrap().try_into().unwrap()
}

#[test]
fn every_kind_of_value_comes_back_as_it_went() {
    let mut members = Collection::new();
    members.insert("text", "grüße");
    members.insert("long", "x".repeat(70_000));
    members.insert("integer", i64::MIN);
    members.insert("float", 0.1);
    members.insert("digits", Value::Number(Number::from_digits("123456789012345678901234567890.10")));
    members.insert("date", Date::from_milliseconds(1_700_000_000_123));
    members.insert("before 1970", Date::from_milliseconds(-1));
    members.insert("binary", Value::Binary(vec![0, 255, 128]));
    members.insert("nothing", vec![Value::Missing, Value::Null, Value::Bool(true)]);
    let value = Value::from(members);
    assert_eq!(round_trip(&value), value);
}

#[test]
fn the_shorter_timestamps_of_other_libraries_are_read() {
    let read = |bytes: &[u8]| Value::try_from(read(bytes).unwrap()).unwrap();
    assert_eq!(read(&[0xd6, 0xff, 0, 0, 0, 2]), Value::Date(Date::from_milliseconds(2000)));
    let both = (5_000_000_u64 << 34) | 7;
    let mut eight = vec![0xd7, 0xff];
    eight.extend(both.to_be_bytes());
    assert_eq!(read(&eight), Value::Date(Date::from_milliseconds(7005)));
}

#[test]
fn broken_messages_are_refused_without_harm() {
    let whole = |bytes: &[u8]| read(bytes).and_then(|node| Value::try_from(node).map(drop));
    assert_eq!(whole(&[]), Err(Malformed));
    assert_eq!(whole(&[0xdd, 0xff, 0xff, 0xff, 0xff]), Err(Malformed), "an array that claims four billion elements");
    assert_eq!(whole(&[0xa2, 0xff, 0xfe]), Err(Malformed), "text that is not UTF-8");
    assert_eq!(whole(&[0x81, 0x01, 0x01]), Err(Malformed), "a key that is not text");
    assert_eq!(whole(&[0xc0, 0xc0]), Err(Malformed), "more than one value");
    assert_eq!(whole(&[0x91; 200]), Err(Malformed), "too deep");
}
