//! The values of IML, owned: what a plugin holds when a typed parameter is not enough.

use std::borrow::Cow;
use std::fmt;

/// A value of IML.
///
/// ```
/// use hookwright_sdk::Value;
///
/// let body: Value = serde_json::json!({ "team": { "id": "T1" } }).into();
/// assert_eq!(body.get("team").get("id").as_text(), Some("T1"));
/// assert!(body.get("user").get("id").is_nothing());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Not there at all: an unknown name, a left-out argument. Its key is dropped from a collection.
    #[default]
    Missing,
    /// JSON's null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, with every digit it was written with.
    Number(Number),
    /// Text.
    Text(String),
    /// A point in time.
    Date(Date),
    /// Bytes.
    Binary(Vec<u8>),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by name, in order.
    Collection(Collection),
}

static MISSING: Value = Value::Missing;

impl Value {
    /// The member `key` of a collection; [`Value::Missing`] where there is none, so that paths can be
    /// walked without checks.
    pub fn get(&self, key: &str) -> &Value {
        match self {
            Self::Collection(members) => members.get(key).unwrap_or(&MISSING),
            _ => &MISSING,
        }
    }

    /// The elements of an array; nothing for other values.
    pub fn elements(&self) -> &[Value] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number as an integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_integer(),
            _ => None,
        }
    }

    /// Missing or null.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// What it is, as messages say it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Date(_) => "a date",
            Self::Binary(_) => "binary",
            Self::Array(_) => "an array",
            Self::Collection(_) => "a collection",
        }
    }
}

/// A number with its digits: an integer, a float, or decimal text that neither would keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Digits);

#[derive(Clone, Debug, PartialEq)]
enum Digits {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl Number {
    /// A number from its decimal text, kept as it is. The text is not checked here; the host does.
    pub fn from_digits(text: impl Into<String>) -> Self {
        Self(Digits::Text(text.into()))
    }

    /// The number, if it is an integer that fits.
    pub fn as_integer(&self) -> Option<i64> {
        match &self.0 {
            Digits::Integer(number) => Some(*number),
            Digits::Float(number) => integer_of(*number),
            Digits::Text(text) => text.parse().ok().or_else(|| integer_of(text.parse().ok()?)),
        }
    }

    /// The nearest float.
    pub fn as_float(&self) -> f64 {
        match &self.0 {
            Digits::Integer(number) => *number as f64,
            Digits::Float(number) => *number,
            Digits::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Its decimal text.
    pub fn digits(&self) -> Cow<'_, str> {
        match &self.0 {
            Digits::Integer(number) => Cow::Owned(number.to_string()),
            Digits::Float(number) => Cow::Owned(number.to_string()),
            Digits::Text(text) => Cow::Borrowed(text),
        }
    }

    /// The integer or float it is, unless only its text keeps it.
    pub(crate) fn representation(&self) -> Representation<'_> {
        match &self.0 {
            Digits::Integer(number) => Representation::Integer(*number),
            Digits::Float(number) => Representation::Float(*number),
            Digits::Text(text) => Representation::Text(text),
        }
    }
}

/// How a [`Number`] is held; decides how it is written.
pub(crate) enum Representation<'n> {
    Integer(i64),
    Float(f64),
    Text(&'n str),
}

/// `number` as an integer if it is one and no precision is lost.
pub(crate) fn integer_of(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.digits())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(Digits::Integer(number))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Digits::Float(number))
    }
}

/// A point in time: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// The point `milliseconds` after (or, negative, before) the start of 1970.
    pub fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }
}

/// ISO 8601, UTC, with milliseconds: `2026-11-23T10:20:30.000Z`.
impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: i64 = 86_400_000;
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        let time = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1000)
    }
}

/// Year, month and day of a day counted from 1970, by counting years from March, so that the leap
/// day is the last (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Named values in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection(Vec<(String, Value)>);

impl Collection {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member `key`; the last one where the name is repeated.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Adds a member at the end.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.0.push((key.into(), value.into()));
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Collection {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        Self(members.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Date> for Value {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Collection> for Value {
    fn from(value: Collection) -> Self {
        Self::Collection(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::Array(value)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(value) => Self::Number(number_from_json(&value)),
            serde_json::Value::String(value) => Self::Text(value),
            serde_json::Value::Array(values) => Self::Array(values.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => Self::Collection(members.into_iter().collect()),
        }
    }
}

fn number_from_json(number: &serde_json::Number) -> Number {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.into(),
        (None, Some(float)) if !number.is_u64() => float.into(),
        _ => Number::from_digits(number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn dates_print_as_iso_8601() {
        let printed = |milliseconds| Date::from_milliseconds(milliseconds).to_string();
        assert_eq!(printed(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(printed(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(printed(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(printed(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }
}
