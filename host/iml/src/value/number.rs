//! Numbers: whole ones exactly, those of a JSON document with the digits they were written with.

use std::borrow::Cow;
use std::rc::Rc;

use crate::decimal::Decimal;

/// A number. It is always finite.
#[derive(Debug, Clone)]
pub struct Number<'v>(Repr<'v>);

#[derive(Debug, Clone)]
enum Repr<'v> {
    Integer(i64),
    Float(f64),
    /// As written, in JSON's grammar: not a whole number of 18 digits or fewer.
    Borrowed(&'v str),
    Shared(Rc<str>),
}

impl<'v> Number<'v> {
    /// The number of a JSON text, which is known to be one.
    pub(crate) fn from_json(digits: &'v str) -> Self {
        Self(plain_integer(digits).map_or(Repr::Borrowed(digits), Repr::Integer))
    }

    /// A number from its decimal digits in JSON's grammar, kept as written.
    pub fn from_digits(digits: Cow<'v, str>) -> Option<Self> {
        if !is_json_number(&digits) {
            return None;
        }
        Some(match digits {
            Cow::Borrowed(digits) => Self::from_json(digits),
            Cow::Owned(digits) => Self(plain_integer(&digits).map_or(Repr::Shared(Rc::from(digits)), Repr::Integer)),
        })
    }

    /// A number; none where it is not finite.
    pub fn from_f64(number: f64) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if !number.is_finite() {
            return None;
        }
        let whole = number.fract() == 0.0 && number.abs() <= EXACT;
        Some(Self(if whole { Repr::Integer(number as i64) } else { Repr::Float(number) }))
    }

    /// Reads a text that is exactly a number: an optional sign, digits, a fraction, an exponent; white
    /// space around it is allowed. Nothing else is a number, the empty text neither.
    pub fn parse(text: &str) -> Option<Number<'static>> {
        let digits = text.trim();
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if let Some(integer) = plain_integer(digits) {
            return Some(Number::from(integer));
        }
        if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
            return None;
        }
        match Decimal::parse(digits) {
            Some(decimal) => decimal.to_number(),
            None => digits.parse().ok().and_then(Number::from_f64),
        }
    }

    /// As plain decimal text: the shortest that reads back the same, whole numbers in full.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Integer(integer) => Cow::Owned(itoa::Buffer::new().format(*integer).to_owned()),
            Repr::Float(float) => Cow::Owned(float.to_string()),
            Repr::Borrowed(digits) => shortest(digits),
            Repr::Shared(digits) => shortest(digits),
        }
    }

    /// Writes it as JSON: the digits it was written with where it has not been computed.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Repr::Integer(integer) => {
                out.extend_from_slice(itoa::Buffer::new().format(*integer).as_bytes());
            }
            Repr::Float(float) => out.extend_from_slice(float.to_string().as_bytes()),
            Repr::Borrowed(digits) => out.extend_from_slice(digits.as_bytes()),
            Repr::Shared(digits) => out.extend_from_slice(digits.as_bytes()),
        }
    }

    /// The nearest double; infinite where the digits of a document go beyond.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Integer(integer) => *integer as f64,
            Repr::Float(float) => *float,
            _ => self.digits().parse().unwrap_or(f64::NAN),
        }
    }

    /// The whole number it is, if it is one of 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Integer(integer) => Some(*integer),
            _ => self.decimal().and_then(|decimal| decimal.to_i64()),
        }
    }

    /// The whole number, where it is kept as one.
    pub(crate) fn as_small(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// The exact decimal fraction it is, where that has up to 38 digits.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        match &self.0 {
            Repr::Integer(integer) => Some(Decimal::from(*integer)),
            Repr::Float(float) => Decimal::parse(&float.to_string()),
            _ => Decimal::parse(self.digits()),
        }
    }

    fn digits(&self) -> &str {
        match &self.0 {
            Repr::Borrowed(digits) => digits,
            Repr::Shared(digits) => digits,
            _ => "",
        }
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Integer(integer) => *integer == 0,
            Repr::Float(float) => *float == 0.0,
            _ => self.digits().bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).all(|byte| matches!(byte, b'0' | b'.' | b'-')),
        }
    }

    /// The same number, borrowing nothing.
    pub fn into_owned(self) -> Number<'static> {
        Number(match self.0 {
            Repr::Integer(integer) => Repr::Integer(integer),
            Repr::Float(float) => Repr::Float(float),
            Repr::Borrowed(digits) => Repr::Shared(Rc::from(digits)),
            Repr::Shared(digits) => Repr::Shared(digits),
        })
    }
}

impl From<i64> for Number<'_> {
    fn from(integer: i64) -> Self {
        Self(Repr::Integer(integer))
    }
}

/// A whole number that prints as exactly this text.
fn plain_integer(digits: &str) -> Option<i64> {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits).as_bytes();
    let leading_zero = unsigned.first() == Some(&b'0') && (unsigned.len() > 1 || digits.len() > 1);
    if unsigned.is_empty() || unsigned.len() > 18 || leading_zero {
        return None;
    }
    let mut sum = 0;
    for byte in unsigned {
        if !byte.is_ascii_digit() {
            return None;
        }
        sum = sum * 10 + i64::from(byte - b'0');
    }
    Some(if digits.len() > unsigned.len() { -sum } else { sum })
}

fn is_json_number(digits: &str) -> bool {
    crate::json::Document::parse(digits)
        .is_ok_and(|document| document.root().source_text().len() == digits.len() && document.root().as_number_text().is_some())
}

/// A number's digits without what means nothing: an exponent, zeros at the end of a fraction, a minus before 0.
fn shortest(digits: &str) -> Cow<'_, str> {
    if digits.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        let float: f64 = digits.parse().unwrap_or(f64::INFINITY);
        return if float.is_finite() { Cow::Owned(float.to_string()) } else { Cow::Borrowed(digits) };
    }
    let trimmed = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    if trimmed == "-0" { Cow::Borrowed("0") } else { Cow::Borrowed(trimmed) }
}
