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
    /// As written too, and longer than [`LONG`].
    Long(Rc<Long<'v>>),
}

/// A number so long that reading its digits takes time: they are read when it is made, not again at each comparison.
#[derive(Debug)]
struct Long<'v> {
    digits: Cow<'v, str>,
    float: f64,
    decimal: Option<Decimal>,
}

/// Digits up to this many are read faster than they are remembered.
const LONG: usize = 64;

/// A text beyond this many bytes is no number: no double has more digits.
const LONGEST_TEXT: usize = 1_100;

impl<'v> Number<'v> {
    /// The number of a JSON text, which is known to be one.
    pub(crate) fn from_json(digits: &'v str) -> Self {
        if digits.len() > LONG {
            return Self::long(Cow::Borrowed(digits));
        }
        Self(plain_integer(digits).map_or(Repr::Borrowed(digits), Repr::Integer))
    }

    /// A number from its decimal digits in JSON's grammar, kept as written.
    pub fn from_digits(digits: Cow<'v, str>) -> Option<Self> {
        if !is_json_number(&digits) {
            return None;
        }
        Some(match digits {
            digits if digits.len() > LONG => Self::long(digits),
            Cow::Borrowed(digits) => Self::from_json(digits),
            Cow::Owned(digits) => Self(plain_integer(&digits).map_or(Repr::Shared(Rc::from(digits)), Repr::Integer)),
        })
    }

    fn long(digits: Cow<'v, str>) -> Self {
        let float = digits.parse().unwrap_or(f64::NAN);
        let decimal = Decimal::parse(&digits);
        Self(Repr::Long(Rc::new(Long { digits, float, decimal })))
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
        if digits.len() > LONGEST_TEXT || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
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
            _ => shortest(self.digits()),
        }
    }

    /// Writes it as JSON: the digits it was written with where it has not been computed.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Repr::Integer(integer) => {
                out.extend_from_slice(itoa::Buffer::new().format(*integer).as_bytes());
            }
            Repr::Float(float) => out.extend_from_slice(float.to_string().as_bytes()),
            _ => out.extend_from_slice(self.digits().as_bytes()),
        }
    }

    /// The nearest double; infinite where the digits of a document go beyond.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Integer(integer) => *integer as f64,
            Repr::Float(float) => *float,
            Repr::Long(long) => long.float,
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
            Repr::Long(long) => long.decimal,
            _ => Decimal::parse(self.digits()),
        }
    }

    fn digits(&self) -> &str {
        match &self.0 {
            Repr::Borrowed(digits) => digits,
            Repr::Shared(digits) => digits,
            Repr::Long(long) => &long.digits,
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
            Repr::Long(long) => {
                let digits = Cow::Owned(long.digits.clone().into_owned());
                Repr::Long(Rc::new(Long { digits, float: long.float, decimal: long.decimal }))
            }
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
