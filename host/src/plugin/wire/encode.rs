//! A value as a message to a plugin, as long as the plugin has memory for it.

use std::fmt;

use hookwright_iml::{Date, Value};

use super::{DATE, DIGITS, MISSING};

/// Why writing into memory cannot fail.
const MEMORY: &str = "writing to a Vec does not fail";

/// What the sdk's form of one value takes in a plugin, beside its text: measured with arrays of small numbers, whose elements
/// are moved each time the array grows.
pub(super) const VALUE: u64 = 64;

/// The message would take more memory in the plugin than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plugin) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the plugin has no memory for what it is to be handed")
    }
}

impl std::error::Error for TooLarge {}

/// One value as a message.
pub(in crate::plugin) fn encode(value: &Value<'_>) -> Vec<u8> {
    encode_within(value, u64::MAX).expect("nothing is larger than all memory")
}

/// One value as a message of which a plugin makes no more than about so many bytes. What is larger is not encoded to its end.
pub(in crate::plugin) fn encode_within(value: &Value<'_>, room: u64) -> Result<Vec<u8>, TooLarge> {
    let mut message = Outgoing { out: Vec::new(), room };
    message.write(value)?;
    Ok(message.out)
}

/// The arguments of a call as a message, an array, of which a plugin makes no more than about so many bytes.
pub(in crate::plugin) fn encode_all(values: &[Value<'_>], room: u64) -> Result<Vec<u8>, TooLarge> {
    let mut message = Outgoing { out: Vec::new(), room };
    message.array_of(values.len());
    values.iter().try_for_each(|value| message.write(value))?;
    Ok(message.out)
}

/// A message that is being made.
struct Outgoing {
    out: Vec<u8>,
    /// What a plugin may still make of the rest.
    room: u64,
}

impl Outgoing {
    fn write(&mut self, value: &Value<'_>) -> Result<(), TooLarge> {
        match value {
            Value::Missing => self.extension(MISSING, &[])?,
            Value::Null => {
                self.takes(0)?;
                rmp::encode::write_nil(&mut self.out).expect(MEMORY);
            }
            Value::Bool(value) => {
                self.takes(0)?;
                rmp::encode::write_bool(&mut self.out, *value).expect(MEMORY);
            }
            Value::Number(_) => self.number(value)?,
            Value::Text(text) => self.text(text.as_str())?,
            Value::Date(date) => self.date(*date)?,
            Value::Binary(bytes) => {
                self.takes(bytes.as_bytes().len())?;
                rmp::encode::write_bin(&mut self.out, bytes.as_bytes()).expect(MEMORY);
            }
            Value::Array(array) => {
                self.takes(0)?;
                self.array_of(array.len());
                array.iter().try_for_each(|element| self.write(&element))?;
            }
            Value::Collection(collection) => {
                self.takes(0)?;
                // Counted while listing: what computes its members may list fewer than it has.
                let pairs: Vec<_> = collection.iter().collect();
                rmp::encode::write_map_len(&mut self.out, length(pairs.len())).expect(MEMORY);
                for (key, value) in pairs {
                    self.text(&key)?;
                    self.write(&value)?;
                }
            }
        }
        Ok(())
    }

    /// Takes what a plugin needs for one value with so many bytes of text: once in the message, once in the value.
    fn takes(&mut self, bytes: usize) -> Result<(), TooLarge> {
        let needed = VALUE.saturating_add((bytes as u64).saturating_mul(2));
        self.room = self.room.checked_sub(needed).ok_or(TooLarge)?;
        Ok(())
    }

    fn array_of(&mut self, elements: usize) {
        rmp::encode::write_array_len(&mut self.out, length(elements)).expect(MEMORY);
    }

    fn text(&mut self, text: &str) -> Result<(), TooLarge> {
        self.takes(text.len())?;
        rmp::encode::write_str(&mut self.out, text).expect(MEMORY);
        Ok(())
    }

    /// The shortest form that keeps every digit.
    fn number(&mut self, number: &Value<'_>) -> Result<(), TooLarge> {
        let mut digits = Vec::with_capacity(24);
        number.write_json(&mut digits);
        let text = std::str::from_utf8(&digits).expect("JSON numbers are ASCII");
        match (text.parse::<i64>(), text.parse::<f64>()) {
            // Neither an integer nor a float comes back as it went.
            _ if text == "-0" => self.extension(DIGITS, &digits),
            (Ok(integer), _) => {
                self.takes(0)?;
                rmp::encode::write_sint(&mut self.out, integer).expect(MEMORY);
                Ok(())
            }
            (_, Ok(float)) if float.to_string() == text => {
                self.takes(0)?;
                rmp::encode::write_f64(&mut self.out, float).expect(MEMORY);
                Ok(())
            }
            _ => self.extension(DIGITS, &digits),
        }
    }

    fn date(&mut self, date: Date) -> Result<(), TooLarge> {
        let milliseconds = date.milliseconds();
        let nanoseconds = u32::try_from(milliseconds.rem_euclid(1000) * 1_000_000).expect("less than a second");
        let mut content = [0; 12];
        content[..4].copy_from_slice(&nanoseconds.to_be_bytes());
        content[4..].copy_from_slice(&milliseconds.div_euclid(1000).to_be_bytes());
        self.extension(DATE, &content)
    }

    fn extension(&mut self, kind: i8, content: &[u8]) -> Result<(), TooLarge> {
        self.takes(content.len())?;
        rmp::encode::write_ext_meta(&mut self.out, length(content.len()), kind).expect(MEMORY);
        self.out.extend_from_slice(content);
        Ok(())
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("no value in memory has four billion parts")
}
