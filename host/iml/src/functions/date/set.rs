//! `setSecond` to `setYear`: one part of the local date and time becomes another. A number outside the part's range
//! reaches into the neighbouring minute, hour, day, week, month or year.

use jiff::Span;
use jiff::civil::DateTime;

use super::super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use super::{local, made, moved};
use crate::moment;
use crate::value::Value;

type Result<T> = std::result::Result<T, ArgumentError>;
type Changed = std::result::Result<DateTime, jiff::Error>;

pub(super) const SET_SECOND: Function = Function {
    name: "setSecond",
    family: Family::Date,
    signature: "setSecond(date; second)",
    summary: "Gives the date with its second set; outside 0 to 59 it is one of another minute.",
    examples: &[Example::new(r#"setSecond("2015-10-07T11:36:39.138Z"; 61)"#, r#"{"$date":"2015-10-07T11:37:01.138Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_on_clock(arguments, 1_000, DateTime::second)),
};

pub(super) const SET_MINUTE: Function = Function {
    name: "setMinute",
    family: Family::Date,
    signature: "setMinute(date; minute)",
    summary: "Gives the date with its minute set; outside 0 to 59 it is one of another hour.",
    examples: &[Example::new(r#"setMinute("2015-10-07T11:36:39.138Z"; 61)"#, r#"{"$date":"2015-10-07T12:01:39.138Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_on_clock(arguments, 60_000, DateTime::minute)),
};

pub(super) const SET_HOUR: Function = Function {
    name: "setHour",
    family: Family::Date,
    signature: "setHour(date; hour)",
    summary: "Gives the date with its local hour set; outside 0 to 23 it is one of another day.",
    examples: &[
        Example::new(r#"setHour("2015-08-07T11:36:39.138Z"; -6)"#, r#"{"$date":"2015-08-06T18:36:39.138Z"}"#),
        Example::with(
            r#"{"environment": {"timezone": "Europe/Prague"}}"#,
            r#"setHour("2024-03-31T10:00:00.000Z"; 0)"#,
            r#"{"$date":"2024-03-30T23:00:00.000Z"}"#,
        ),
    ],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_number(arguments, hour)),
};

pub(super) const SET_DAY: Function = Function {
    name: "setDay",
    family: Family::Date,
    signature: "setDay(date; weekday)",
    summary: "Gives the day of the same week, Sunday (1) to Saturday (7), that has this number or English name; \
              other numbers are days of other weeks.",
    examples: &[
        Example::new(r#"setDay("2018-06-27"; 1)"#, r#"{"$date":"2018-06-24T00:00:00.000Z"}"#),
        Example::new(r#"setDay("2018-06-27"; "monday")"#, r#"{"$date":"2018-06-25T00:00:00.000Z"}"#),
    ],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_named(arguments, "a weekday's number or English name", moment::weekday_by_name, weekday)),
};

pub(super) const SET_DATE: Function = Function {
    name: "setDate",
    family: Family::Date,
    signature: "setDate(date; day)",
    summary: "Gives the date with its day of the month set; outside the month it is one of another month.",
    examples: &[Example::new(r#"setDate("2015-08-07T11:36:39.138Z"; 32)"#, r#"{"$date":"2015-09-01T11:36:39.138Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_number(arguments, day)),
};

pub(super) const SET_MONTH: Function = Function {
    name: "setMonth",
    family: Family::Date,
    signature: "setMonth(date; month)",
    summary: "Gives the date in the month of this number or English name; outside 1 to 12 it is one of another year. \
              A day that the month does not have becomes its last.",
    examples: &[
        Example::new(r#"setMonth("2015-08-07T11:36:39.138Z"; 17)"#, r#"{"$date":"2016-05-07T11:36:39.138Z"}"#),
        Example::new(r#"setMonth("2015-08-31"; "february")"#, r#"{"$date":"2015-02-28T00:00:00.000Z"}"#),
    ],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_named(arguments, "a month's number or English name", moment::month_by_name, month)),
};

pub(super) const SET_YEAR: Function = Function {
    name: "setYear",
    family: Family::Date,
    signature: "setYear(date; year)",
    summary: "Gives the date with its year set; 29 February becomes 28 where the year has none.",
    examples: &[Example::new(r#"setYear("2015-08-07T11:36:39.138Z"; 2017)"#, r#"{"$date":"2017-08-07T11:36:39.138Z"}"#)],
    arity: Arity::exactly(2),
    call: Call::Eager(|arguments| set_number(arguments, year)),
};

/// Sets a part that moves by a fixed length of time, so that the second of two equal local hours stays the second.
fn set_on_clock<'v>(arguments: &mut Arguments<'_, 'v>, milliseconds: i64, part: impl Fn(DateTime) -> i8) -> Result<Value<'v>> {
    let date = arguments.next_date()?;
    let wanted = arguments.next_integer()?;
    let shown = i64::from(part(local(date, arguments.environment())?));
    let length = wanted.checked_sub(shown).and_then(|units| units.checked_mul(milliseconds));
    made(length.and_then(|length| date.milliseconds().checked_add(length)))
}

fn set_number<'v>(arguments: &mut Arguments<'_, 'v>, change: impl Fn(DateTime, i64) -> Changed) -> Result<Value<'v>> {
    let date = arguments.next_date()?;
    let wanted = arguments.next_integer()?;
    moved(date, arguments.environment(), |shown| change(shown, wanted))
}

/// As [`set_number`] for a part that may be given by its name.
fn set_named<'v>(
    arguments: &mut Arguments<'_, 'v>,
    wanted: &str,
    by_name: impl Fn(&str) -> Option<i64>,
    change: impl Fn(DateTime, i64) -> Changed,
) -> Result<Value<'v>> {
    let date = arguments.next_date()?;
    let value = arguments.next_value();
    let number = match &value {
        Value::Number(number) => number.as_i64().or(Some(number.to_f64() as i64)),
        Value::Text(text) => by_name(text).or_else(|| text.trim().parse().ok()),
        _ => None,
    };
    let number = number.ok_or_else(|| arguments.wrong(wanted, value.described()))?;
    moved(date, arguments.environment(), |shown| change(shown, number))
}

fn hour(local: DateTime, hour: i64) -> Changed {
    local.with().hour(0).build()?.checked_add(Span::new().try_hours(hour)?)
}

fn weekday(local: DateTime, weekday: i64) -> Changed {
    let shown = i64::from(local.weekday().to_sunday_one_offset());
    local.checked_add(Span::new().try_days(weekday.saturating_sub(shown))?)
}

fn day(local: DateTime, day: i64) -> Changed {
    local.first_of_month().checked_add(Span::new().try_days(day.saturating_sub(1))?)
}

fn month(local: DateTime, month: i64) -> Changed {
    let shown = i64::from(local.month());
    local.checked_add(Span::new().try_months(month.saturating_sub(shown))?)
}

fn year(local: DateTime, year: i64) -> Changed {
    let shown = i64::from(local.year());
    local.checked_add(Span::new().try_years(year.saturating_sub(shown))?)
}
