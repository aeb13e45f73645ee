//! Dates and times: formatting, parsing, differences.
//!
//! The `add...` functions are in [`shift`], the `set...` functions in [`set`]; both work on the wall clock of the zone.

mod set;
mod shift;

use jiff::civil::DateTime;

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::moment;
use crate::scope::Environment;
use crate::value::{Date, Text, Value};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "formatDate",
        family: Family::Date,
        signature: "formatDate(date; [format]; [zone])",
        summary: "Writes a date by moment.js tokens, in the given zone or else the scope's; a zone that is unknown \
                  is ignored. Without a format ISO 8601 with the zone's offset.",
        examples: &[
            Example::new(r#"formatDate("2018-10-01T07:32:00.000Z"; "DD.MM.YYYY HH:mm"; "Europe/Prague")"#, r#""01.10.2018 09:32""#),
            Example::new(r#"formatDate("2021-10-21T14:30:00.000Z"; "X")"#, r#""1634826600""#),
            Example::new(r#"formatDate("2021-10-21")"#, r#""2021-10-21T00:00:00.000+00:00""#),
            Example::new(r#"formatDate("2016-12-28"; "[Week] w, dddd")"#, r#""Week 53, Wednesday""#),
        ],
        arity: Arity::between(1, 3),
        call: Call::Eager(format_date),
    },
    Function {
        name: "parseDate",
        family: Family::Date,
        signature: "parseDate(text; [format]; [zone])",
        summary: "Reads a date by moment.js tokens, leniently: separators may differ, a missing date is today, a \
                  missing time midnight. An offset in the text wins over the zone. Without a format the usual forms \
                  and timestamps in seconds or milliseconds are recognised. A text that is no date is an error.",
        examples: &[
            Example::new(r#"parseDate("2016-12-28 04:03 pm"; "YYYY-MM-DD hh:mm a")"#, r#"{"$date":"2016-12-28T16:03:00.000Z"}"#),
            Example::new(r#"parseDate("28.12.2016"; "DD.MM.YYYY"; "Europe/Prague")"#, r#"{"$date":"2016-12-27T23:00:00.000Z"}"#),
            Example::new(r#"parseDate("1482940986"; "X")"#, r#"{"$date":"2016-12-28T16:03:06.000Z"}"#),
            Example::new(r#"parseDate("12/28/2016 4:03 PM")"#, r#"{"$date":"2016-12-28T16:03:00.000Z"}"#),
        ],
        arity: Arity::between(1, 3),
        call: Call::Eager(parse_date),
    },
    Function {
        name: "dateDifference",
        family: Family::Date,
        signature: "dateDifference(date; subtracted; [unit])",
        summary: "Gives how much later the first date is, in whole milliseconds or the named unit: seconds, minutes, \
                  hours, days, weeks, months, quarters or years.",
        examples: &[
            Example::new(r#"dateDifference("2021-05-11T18:10:00.000Z"; "2021-05-11T18:00:00.000Z")"#, "600000"),
            Example::new(r#"dateDifference("2021-06-11"; "2021-05-12"; "months")"#, "0"),
            Example::new(r#"dateDifference("2021-05-11"; "2021-05-14"; "days")"#, "-3"),
        ],
        arity: Arity::between(2, 3),
        call: Call::Eager(date_difference),
    },
    Function {
        name: "dateDiff",
        family: Family::Date,
        signature: "dateDiff(end; start; unit)",
        summary: "Gives how much later the end is, in whole days (`D`), hours (`H`), minutes (`m`) or seconds (`s`), or what is left \
                  behind the next larger unit (`RH`, `Rm`, `Rs`). Workfront Fusion's; Make has `dateDifference`.",
        examples: &[
            Example::new(r#"dateDiff("2021-05-13T21:45:00Z"; "2021-05-11T18:00:00Z"; "H")"#, "51"),
            Example::new(r#"dateDiff("2021-05-13T21:45:00Z"; "2021-05-11T18:00:00Z"; "RH")"#, "3"),
        ],
        arity: Arity::exactly(3),
        call: Call::Eager(date_diff),
    },
    shift::ADD_SECONDS,
    shift::ADD_MINUTES,
    shift::ADD_HOURS,
    shift::ADD_DAYS,
    shift::ADD_MONTHS,
    shift::ADD_YEARS,
    set::SET_SECOND,
    set::SET_MINUTE,
    set::SET_HOUR,
    set::SET_DAY,
    set::SET_DATE,
    set::SET_MONTH,
    set::SET_YEAR,
];

const DEFAULT_FORMAT: &str = "YYYY-MM-DDTHH:mm:ss.SSSZ";

fn format_date<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let date = arguments.next_date()?;
    let format = next_format(arguments)?;
    let zone = next_zone(arguments)?;
    let pattern = format.as_deref().unwrap_or(DEFAULT_FORMAT);
    let text = moment::format(date.milliseconds(), &zone, pattern).map_err(|_| beyond_calendar())?;
    Ok(Value::text(text))
}

fn parse_date<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let value = arguments.next_value();
    let text = arguments.text_of(value.clone())?;
    let not_a_date = arguments.wrong("a date", "a text that is not one");
    let format = next_format(arguments)?;
    let zone = next_zone(arguments)?;
    let Some(format) = format else {
        let date = if let Value::Date(date) = value { Some(date) } else { Date::parse(&text, &zone) };
        return date.map(Value::date).ok_or(not_a_date);
    };
    let now = arguments.environment().now.milliseconds();
    let instant = moment::parse(&text, &format, &zone, now)
        .map_err(|error| arguments.blame(0, format!("the text is not a date: {}", error.reason())))?;
    made(Some(instant))
}

fn date_difference<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let later = arguments.next_date()?;
    let earlier = arguments.next_date()?;
    let unit = arguments.optional_text()?;
    let unit = unit.as_deref().unwrap_or("milliseconds");
    let zone = &arguments.environment().zone;
    let difference = moment::difference(later.milliseconds(), earlier.milliseconds(), unit, zone);
    difference
        .map(Value::integer)
        .ok_or_else(|| arguments.wrong("milliseconds, seconds, minutes, hours, days, weeks, months, quarters or years", "another word"))
}

fn date_diff<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Value<'v>, ArgumentError> {
    let (end, start) = (arguments.next_date()?, arguments.next_date()?);
    let elapsed = end.milliseconds() - start.milliseconds();
    if elapsed < 0 {
        return Err(arguments.blame(1, "it is later than the end"));
    }
    let seconds = elapsed / 1_000;
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let difference = match arguments.optional_text()?.as_deref() {
        Some("D") => hours / 24,
        Some("H") => hours,
        Some("m") => minutes,
        Some("s") => seconds,
        Some("RH") => hours % 24,
        Some("Rm") => minutes % 60,
        Some("Rs") => seconds % 60,
        _ => return Err(arguments.wrong("D, H, m, s, RH, Rm or Rs", "another text")),
    };
    Ok(Value::integer(difference))
}

/// No format is longer; one that is would come from a sender who wants to keep the host busy.
const FORMAT_LENGTH: usize = 1_000;

/// The format, if there is one.
fn next_format<'v>(arguments: &mut Arguments<'_, 'v>) -> Result<Option<Text<'v>>, ArgumentError> {
    let format = arguments.optional_text()?.filter(|format| !format.is_empty());
    match format {
        Some(format) if format.len() > FORMAT_LENGTH => Err(arguments.wrong(format!("at most {FORMAT_LENGTH} bytes long"), "longer")),
        format => Ok(format),
    }
}

/// The zone that the next argument names, or the scope's where it names none that exists.
fn next_zone(arguments: &mut Arguments<'_, '_>) -> Result<jiff::tz::TimeZone, ArgumentError> {
    let name = arguments.optional_text()?;
    let zone = name.and_then(|name| moment::zone_by_name(&name));
    Ok(zone.unwrap_or_else(|| arguments.environment().zone.clone()))
}

/// What the wall clock of the scope's zone shows at this date.
fn local(date: Date, environment: &Environment) -> Result<DateTime, ArgumentError> {
    moment::local(date.milliseconds(), &environment.zone).map_err(|_| beyond_calendar())
}

/// The date at which the wall clock of the scope's zone shows what `change` makes of what it shows; an error if that left the
/// calendar. Where nothing is changed the date stays, also in an hour that the clock shows twice.
fn moved<'v>(
    date: Date,
    environment: &Environment,
    change: impl FnOnce(DateTime) -> Result<DateTime, jiff::Error>,
) -> Result<Value<'v>, ArgumentError> {
    let shown = local(date, environment)?;
    let wanted = change(shown).map_err(|_| beyond_calendar())?;
    if wanted == shown {
        return Ok(Value::date(date));
    }
    made(moment::instant(wanted, &environment.zone).ok())
}

fn made<'v>(milliseconds: Option<i64>) -> Result<Value<'v>, ArgumentError> {
    let date = milliseconds.and_then(Date::from_milliseconds);
    date.map(Value::date).ok_or_else(beyond_calendar)
}

fn beyond_calendar() -> ArgumentError {
    ArgumentError::new("the result is beyond the years of a date")
}
