//! The format tokens of moment.js over jiff: dates to text, text to dates, and the date texts that are recognised unaided.
//!
//! Source: chapter 10 of the IML reference (tokens) and its chapter 8 (recognised texts). Names are English. All
//! instants are milliseconds since 1970-01-01T00:00:00Z.

mod detect;
mod difference;
mod format;
mod names;
mod parse;
mod token;
mod week;

pub(crate) use detect::detect;
pub(crate) use difference::difference;
pub(crate) use format::format;
pub(crate) use names::{month_by_name, weekday_by_name};
pub(crate) use parse::parse;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// An instant outside the years -9999 to 9999, which the calendar cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfRange;

/// The zone of this tz database name, in any case; `None` if there is no such zone.
pub(crate) fn zone_by_name(name: &str) -> Option<TimeZone> {
    TimeZone::get(name.trim()).ok()
}

/// What the wall clock of `zone` shows at this instant.
pub(crate) fn local(instant: i64, zone: &TimeZone) -> Result<DateTime, OutOfRange> {
    Ok(zone.to_datetime(timestamp(instant)?))
}

/// The instant at which the wall clock of `zone` shows this: the earlier one if it does so twice, and pushed forward
/// by the gap if it never does.
pub(crate) fn instant(local: DateTime, zone: &TimeZone) -> Result<i64, OutOfRange> {
    let timestamp = zone.to_timestamp(local).map_err(|_| OutOfRange)?;
    Ok(timestamp.as_millisecond())
}

fn timestamp(instant: i64) -> Result<Timestamp, OutOfRange> {
    Timestamp::from_millisecond(instant).map_err(|_| OutOfRange)
}
