//! Functions over many numbers: the members of an array or the arguments of the call. What is no number, nor a text
//! that is one, is passed over.

use super::super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::decimal::Decimal;
use crate::operators::compare_numbers;
use crate::value::{Number, Value};

type Result<T> = std::result::Result<T, ArgumentError>;

pub(super) const SUM: Function = Function {
    name: "sum",
    family: Family::Math,
    signature: "sum(values; …)",
    summary: "Adds the numbers of an array, or the arguments; what is no number is passed over. Nothing sums to 0.",
    examples: &[Example::with(r#"{"a": [0.1, 0.2, null, "x"]}"#, "sum(a)", "0.3"), Example::new("sum(1; 2; 3)", "6")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, total)),
};

pub(super) const AVERAGE: Function = Function {
    name: "average",
    family: Family::Math,
    signature: "average(values; …)",
    summary: "Gives the mean of the numbers of an array, or of the arguments; of none null.",
    examples: &[Example::new("average(1; 6000)", "3000.5"), Example::with(r#"{"a": []}"#, "average(a)", "null")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, mean)),
};

pub(super) const MIN: Function = Function {
    name: "min",
    family: Family::Math,
    signature: "min(values; …)",
    summary: "Gives the smallest number of an array, or of the arguments; of none null.",
    examples: &[Example::new("min(1; 7; -3)", "-3")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, |numbers| sorted(numbers).into_iter().next())),
};

pub(super) const MAX: Function = Function {
    name: "max",
    family: Family::Math,
    signature: "max(values; …)",
    summary: "Gives the greatest number of an array, or of the arguments; of none null.",
    examples: &[Example::with(r#"{"a": [1, "7", 3]}"#, "max(a)", "7")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, |numbers| sorted(numbers).pop())),
};

pub(super) const MEDIAN: Function = Function {
    name: "median",
    family: Family::Math,
    signature: "median(values; …)",
    summary: "Gives the middle number of an array, or of the arguments, or the mean of the middle two; of none null.",
    examples: &[Example::new("median(2; 8; 3; 5)", "4")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, median)),
};

pub(super) const STDEV_S: Function = Function {
    name: "stdevS",
    family: Family::Math,
    signature: "stdevS(values; …)",
    summary: "Gives the standard deviation of a sample (divided by one less than there are numbers); of fewer than \
              two null.",
    examples: &[Example::new("stdevS(1; 2; 3)", "1"), Example::new("stdevS(1)", "null")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, |numbers| deviation(numbers, 1.0))),
};

pub(super) const STDEV_P: Function = Function {
    name: "stdevP",
    family: Family::Math,
    signature: "stdevP(values; …)",
    summary: "Gives the standard deviation of a whole population; of nothing null.",
    examples: &[Example::new("stdevP(2; 4; 4; 4; 5; 5; 7; 9)", "2")],
    arity: Arity::at_least(1),
    call: Call::Eager(|arguments| of_members(arguments, |numbers| deviation(numbers, 0.0))),
};

/// Applies a function to the numbers of a call. Too few have no result, which is null; many have none if it is too large.
fn of_members<'v>(arguments: &mut Arguments<'_, 'v>, function: impl Fn(&[Number<'v>]) -> Option<Number<'v>>) -> Result<Value<'v>> {
    let mut numbers = Vec::new();
    for value in arguments.rest() {
        match value {
            Value::Array(array) => numbers.extend(array.iter().filter_map(number)),
            other => numbers.extend(number(other.clone())),
        }
    }
    match function(&numbers) {
        Some(number) => Ok(Value::from(number)),
        None if numbers.len() < 2 => Ok(Value::Null),
        None => Err(ArgumentError::new("the result is beyond the range of numbers")),
    }
}

fn number(value: Value<'_>) -> Option<Number<'_>> {
    match value {
        Value::Number(number) => Some(number),
        Value::Text(text) => Number::parse(&text),
        _ => None,
    }
}

/// The sum, exact where the numbers are decimal fractions.
fn total<'v>(numbers: &[Number<'_>]) -> Option<Number<'v>> {
    let exact = exact_total(numbers).and_then(Decimal::to_number);
    exact.or_else(|| Number::from_f64(numbers.iter().map(Number::to_f64).sum()))
}

fn exact_total(numbers: &[Number<'_>]) -> Option<Decimal> {
    let mut decimals = numbers.iter().map(Number::decimal);
    decimals.try_fold(Decimal::from(0), |sum, decimal| sum.add(decimal?))
}

fn mean<'v>(numbers: &[Number<'_>]) -> Option<Number<'v>> {
    let count = i64::try_from(numbers.len()).ok().filter(|count| *count > 0)?;
    let exact = exact_total(numbers).and_then(|sum| sum.divide(Decimal::from(count)));
    let exact = exact.and_then(Decimal::to_number);
    exact.or_else(|| Number::from_f64(total(numbers)?.to_f64() / count as f64))
}

fn sorted<'v>(numbers: &[Number<'v>]) -> Vec<Number<'v>> {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(|one, other| compare_numbers(one, other).unwrap_or(std::cmp::Ordering::Equal));
    numbers
}

fn median<'v>(numbers: &[Number<'v>]) -> Option<Number<'v>> {
    let numbers = sorted(numbers);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        return numbers.get(middle).cloned();
    }
    mean(numbers.get(middle.checked_sub(1)?..=middle)?)
}

/// The standard deviation; `correction` is what is taken off the count.
fn deviation<'v>(numbers: &[Number<'_>], correction: f64) -> Option<Number<'v>> {
    let divisor = numbers.len() as f64 - correction;
    let mean = mean(numbers)?.to_f64();
    let squares: f64 = numbers.iter().map(|number| (number.to_f64() - mean).powi(2)).sum();
    if divisor > 0.0 { Number::from_f64((squares / divisor).sqrt()) } else { None }
}
