//! `addSeconds` to `addYears`. Hours and smaller units are fixed lengths of time; days and larger ones keep the local
//! hour when the clocks change.

use jiff::Span;

use super::super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use super::{made, moved};
use crate::value::Value;

type Result<T> = std::result::Result<T, ArgumentError>;

pub(super) const ADD_SECONDS: Function = Function {
    name: "addSeconds",
    family: Family::Date,
    signature: "addSeconds(date; seconds)",
    summary: "Gives the date so many seconds later; a negative number goes back.",
    examples: &[Example::new(r#"addSeconds("2016-12-08T15:55:57.536Z"; 2)"#, r#"{"$date":"2016-12-08T15:55:59.536Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_length(arguments, 1_000.0)),
};

pub(super) const ADD_MINUTES: Function = Function {
    name: "addMinutes",
    family: Family::Date,
    signature: "addMinutes(date; minutes)",
    summary: "Gives the date so many minutes later; a negative number goes back.",
    examples: &[Example::new(r#"addMinutes("2016-12-08T15:55:57.536Z"; -2)"#, r#"{"$date":"2016-12-08T15:53:57.536Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_length(arguments, 60_000.0)),
};

pub(super) const ADD_HOURS: Function = Function {
    name: "addHours",
    family: Family::Date,
    signature: "addHours(date; hours)",
    summary: "Gives the date so many hours later; a negative number goes back.",
    examples: &[Example::new(r#"addHours("2016-12-08T15:55:57.536Z"; 2)"#, r#"{"$date":"2016-12-08T17:55:57.536Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_length(arguments, 3_600_000.0)),
};

pub(super) const ADD_DAYS: Function = Function {
    name: "addDays",
    family: Family::Date,
    signature: "addDays(date; days)",
    summary: "Gives the date so many days later at the same local time; a negative number goes back.",
    examples: &[
        Example::new(r#"addDays("2016-12-08T15:55:57.536Z"; -2)"#, r#"{"$date":"2016-12-06T15:55:57.536Z"}"#),
        Example::with(
            r#"{"environment": {"timezone": "Europe/Prague"}}"#,
            r#"addDays("2024-03-30T12:00:00.000Z"; 1)"#,
            r#"{"$date":"2024-03-31T11:00:00.000Z"}"#,
        ),
    ],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_calendar(arguments, |days| Span::new().try_days(days))),
};

pub(super) const ADD_MONTHS: Function = Function {
    name: "addMonths",
    family: Family::Date,
    signature: "addMonths(date; months)",
    summary: "Gives the date so many months later; a day that the month does not have becomes its last.",
    examples: &[
        Example::new(r#"addMonths("2016-08-08T15:55:57.536Z"; -2)"#, r#"{"$date":"2016-06-08T15:55:57.536Z"}"#),
        Example::new(r#"addMonths("2024-01-31"; 1)"#, r#"{"$date":"2024-02-29T00:00:00.000Z"}"#),
    ],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_calendar(arguments, |months| Span::new().try_months(months))),
};

pub(super) const ADD_YEARS: Function = Function {
    name: "addYears",
    family: Family::Date,
    signature: "addYears(date; years)",
    summary: "Gives the date so many years later; 29 February becomes 28 where the year has none.",
    examples: &[Example::new(r#"addYears("2016-08-08T15:55:57.536Z"; 2)"#, r#"{"$date":"2018-08-08T15:55:57.536Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| add_calendar(arguments, |years| Span::new().try_years(years))),
};

/// Adds a number of units of `milliseconds` each; a fraction of a unit counts.
fn add_length<'v>(arguments: &mut Arguments<'_, 'v>, milliseconds: f64) -> Result<Value<'v>> {
    let date = arguments.next_date()?;
    let length = (arguments.next_f64()? * milliseconds).round() as i64;
    made(date.milliseconds().checked_add(length))
}

/// Adds whole units of the calendar; a fraction of a unit is rounded.
fn add_calendar<'v>(arguments: &mut Arguments<'_, 'v>, span: impl Fn(i64) -> std::result::Result<Span, jiff::Error>) -> Result<Value<'v>> {
    let date = arguments.next_date()?;
    let count = arguments.next_f64()?.round() as i64;
    moved(date, arguments.environment(), |shown| shown.checked_add(span(count)?))
}
