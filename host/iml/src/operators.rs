//! What the operators do with values.

use std::cmp::Ordering;
use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::decimal::Decimal;
use crate::scope::Limits;
use crate::token::Operator;
use crate::value::{Collection, Date, Number, Value};

/// What an operator gives, or why it cannot.
type Outcome<'v> = Result<Value<'v>, Failure>;

/// Why an operator failed, and with which operand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) culprit: Culprit,
}

/// What of an operation is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Culprit {
    Left,
    Right,
    Both,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, culprit: Culprit::Both }
    }
}

/// Applies an operator of two operands; a date text without an offset is in `zone`. `And` and `Or` are the evaluator's: they may skip an operand.
pub(crate) fn apply<'v>(operator: Operator, left: Value<'v>, right: Value<'v>, zone: &TimeZone, limits: &Limits) -> Outcome<'v> {
    match operator {
        Operator::Equal => Ok(Value::Bool(equal(&left, &right))),
        Operator::NotEqual => Ok(Value::Bool(!equal(&left, &right))),
        Operator::Less => Ok(compared(&left, &right, zone, Ordering::is_lt)),
        Operator::LessOrEqual => Ok(compared(&left, &right, zone, Ordering::is_le)),
        Operator::Greater => Ok(compared(&left, &right, zone, Ordering::is_gt)),
        Operator::GreaterOrEqual => Ok(compared(&left, &right, zone, Ordering::is_ge)),
        Operator::Add => add(left, right, limits),
        _ => arithmetic(operator, &left, &right),
    }
}

/// `-value`.
pub(crate) fn negate<'v>(value: &Value<'v>) -> Outcome<'v> {
    arithmetic(Operator::Subtract, &Value::integer(0), value)
}

/// Equality by type and value, with two relaxations: a number equals a text that is exactly a number, and
/// null equals nothing. Texts of equal length are compared in constant time, so that comparing a signature
/// tells nothing about it.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Missing | Value::Null, Value::Missing | Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Number(number), Value::Text(text)) | (Value::Text(text), Value::Number(number)) => {
            text.trim().len() == text.len() && Number::parse(text).is_some_and(|parsed| same_number(number, &parsed))
        }
        (Value::Text(one), Value::Text(other)) => one.same_in_constant_time(other),
        (Value::Date(one), Value::Date(other)) => one == other,
        (Value::Binary(one), Value::Binary(other)) => one.same_in_constant_time(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| equal(&one, &other))
        }
        (Value::Collection(one), Value::Collection(other)) => same_members(one, other),
        _ => false,
    }
}

/// Whether two collections have the same members; those that are missing do not count.
fn same_members(one: &Collection<'_>, other: &Collection<'_>) -> bool {
    let is_there = |value: &Value<'_>| !matches!(value, Value::Missing);
    let others: HashMap<_, _> = other.iter().filter(|(_, value)| is_there(value)).collect();
    let mut members = one.iter().filter(|(_, value)| is_there(value));
    let mut count = 0;
    let all_found = members.all(|(key, value)| {
        count += 1;
        others.get(&key).is_some_and(|other| equal(&value, other))
    });
    all_found && count == others.len()
}

fn same_number(one: &Number<'_>, other: &Number<'_>) -> bool {
    compare_numbers(one, other) == Some(Ordering::Equal)
}

/// How two numbers compare; exactly where they have up to 38 digits.
pub(crate) fn compare_numbers(one: &Number<'_>, other: &Number<'_>) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_small(), other.as_small()) {
        return Some(one.cmp(&other));
    }
    let exact = one.decimal().zip(other.decimal()).and_then(|(one, other)| one.compare(other));
    exact.or_else(|| one.to_f64().partial_cmp(&other.to_f64()))
}

/// How two texts compare: by UTF-16 code unit, as in JavaScript.
pub(crate) fn compare_texts(one: &str, other: &str) -> Ordering {
    if one.is_ascii() || other.is_ascii() {
        return one.cmp(other);
    }
    one.encode_utf16().cmp(other.encode_utf16())
}

/// A relation between two values; false where they cannot be compared.
fn compared<'v>(left: &Value<'_>, right: &Value<'_>, zone: &TimeZone, holds: fn(Ordering) -> bool) -> Value<'v> {
    Value::Bool(compare(left, right, zone).is_some_and(holds))
}

/// JavaScript's relation: two texts by code unit, anything else as numbers. A text next to a date is read
/// as a date, in `zone` unless it has an offset.
fn compare(left: &Value<'_>, right: &Value<'_>, zone: &TimeZone) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(one), Value::Text(other)) => Some(compare_texts(one, other)),
        (Value::Date(one), Value::Text(other)) => Some(one.cmp(&Date::parse(other, zone)?)),
        (Value::Text(one), Value::Date(other)) => Some(Date::parse(one, zone)?.cmp(other)),
        _ => compare_numbers(&comparable(left)?, &comparable(right)?),
    }
}

fn comparable<'v>(value: &Value<'v>) -> Option<Number<'v>> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::Date(date) => Some(Number::from(date.milliseconds())),
        Value::Bool(value) => Some(Number::from(i64::from(*value))),
        Value::Null => Some(Number::from(0)),
        Value::Text(text) if text.trim().is_empty() => Some(Number::from(0)),
        Value::Text(text) => Number::parse(text),
        _ => None,
    }
}

/// `+`: a sum of numbers and dates; a text with anything joins; nothing with anything is that other thing.
fn add<'v>(left: Value<'v>, right: Value<'v>, limits: &Limits) -> Outcome<'v> {
    match (&left, &right) {
        (Value::Text(_), _) | (_, Value::Text(_)) => {
            let mut joined = String::new();
            append(&mut joined, &left, limits)?;
            append(&mut joined, &right, limits)?;
            Ok(Value::text(joined))
        }
        (Value::Missing, _) | (Value::Null, Value::Null) => Ok(right),
        (_, Value::Missing) => Ok(left),
        (Value::Null, _) => Ok(right),
        (_, Value::Null) => Ok(left),
        _ => arithmetic(Operator::Add, &left, &right),
    }
}

/// Appends a value's text, as in mixed text, within the limit of size.
pub(crate) fn append(joined: &mut String, value: &Value<'_>, limits: &Limits) -> Result<(), String> {
    match value {
        Value::Text(text) => joined.push_str(text),
        Value::Missing | Value::Null => {}
        other if other.fits(limits) && other.append_text(joined, limits.size).is_some() => {}
        _ => return Err(too_large(limits)),
    }
    if joined.len() > limits.size { Err(too_large(limits)) } else { Ok(()) }
}

/// The message for what grows beyond its limit.
pub(crate) fn too_large(limits: &Limits) -> String {
    format!("a text or result grows beyond the limit of {} bytes", limits.size)
}

fn arithmetic<'v>(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Outcome<'v> {
    let one = operand(operator, left, Culprit::Left)?;
    let other = operand(operator, right, Culprit::Right)?;
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    if divides && other.is_zero() {
        return Err(Failure { message: "division by zero".to_owned(), culprit: Culprit::Right });
    }
    let small = one.as_small().zip(other.as_small()).and_then(|(one, other)| whole(operator, one, other));
    let exact = || {
        let decimal = one.decimal().zip(other.decimal()).and_then(|(one, other)| decimal(operator, one, other));
        decimal.and_then(Decimal::to_number)
    };
    let number = small.map(Number::from).or_else(exact);
    let number = number.or_else(|| Number::from_f64(float(operator, one.to_f64(), other.to_f64())));
    number
        .map(|number| Value::Number(number.into_owned()))
        .ok_or_else(|| format!("the result of `{}` is too large for a number", operator.spelling()).into())
}

/// An operand as a number: numbers, texts that are one, dates as milliseconds.
fn operand<'v>(operator: Operator, value: &Value<'v>, culprit: Culprit) -> Result<Number<'v>, Failure> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        Value::Date(date) => Some(Number::from(date.milliseconds())),
        Value::Text(text) => Number::parse(text),
        _ => None,
    };
    number.ok_or_else(|| {
        let message = match value {
            Value::Text(_) => format!("`{}` wants numbers, but this text is not one", operator.spelling()),
            other => format!("`{}` wants numbers, but this is {}", operator.spelling(), other.described()),
        };
        Failure { message, culprit }
    })
}

fn whole(operator: Operator, one: i64, other: i64) -> Option<i64> {
    match operator {
        Operator::Add | Operator::AddNumbers => one.checked_add(other),
        Operator::Subtract => one.checked_sub(other),
        Operator::Multiply => one.checked_mul(other),
        Operator::Remainder => one.checked_rem(other),
        Operator::Divide if one.checked_rem(other)? == 0 => one.checked_div(other),
        _ => None,
    }
}

fn decimal(operator: Operator, one: Decimal, other: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Add | Operator::AddNumbers => one.add(other),
        Operator::Subtract => one.subtract(other),
        Operator::Multiply => one.multiply(other),
        Operator::Remainder => one.remainder(other),
        _ => one.divide(other),
    }
}

fn float(operator: Operator, one: f64, other: f64) -> f64 {
    match operator {
        Operator::Add | Operator::AddNumbers => one + other,
        Operator::Subtract => one - other,
        Operator::Multiply => one * other,
        Operator::Remainder => one % other,
        _ => one / other,
    }
}
