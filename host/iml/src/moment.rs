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

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// An instant outside the years -9999 to 9999, which the calendar cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfRange;

/// The zone of this tz database name, in any case; `None` if there is no such zone.
pub(crate) fn zone_by_name(name: &str) -> Option<TimeZone> {
    TimeZone::get(name.trim()).ok()
}

/// What the wall clock of `zone` shows at this instant.
pub(crate) fn local(instant: i64, zone: &TimeZone) -> Result<DateTime, OutOfRange> {
    shifted(instant, zone.to_offset(nearest(instant)))
}

/// The instant at which the wall clock of `zone` shows this: the earlier one if it does so twice, and pushed forward
/// by the gap if it never does.
pub(crate) fn instant(local: DateTime, zone: &TimeZone) -> Result<i64, OutOfRange> {
    if let Ok(timestamp) = zone.to_timestamp(local) {
        return Ok(timestamp.as_millisecond());
    }
    let shown = local.duration_since(EPOCH).as_millis() as i64;
    let instant = shown - milliseconds(zone.to_offset(nearest(shown)));
    utc(instant).map(|_| instant)
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The calendar in UTC, which goes from the first day of the year -9999 to the last of 9999.
pub(crate) fn utc(instant: i64) -> Result<DateTime, OutOfRange> {
    EPOCH.checked_add(SignedDuration::from_millis(instant)).map_err(|_| OutOfRange)
}

/// The nearest instant that jiff has: its own begin and end some hours inside the calendar, so that every zone can show
/// them. The offset of a zone is taken from there.
fn nearest(instant: i64) -> Timestamp {
    Timestamp::from_millisecond(instant).unwrap_or(if instant < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// What a clock with this offset shows.
fn shifted(instant: i64, offset: Offset) -> Result<DateTime, OutOfRange> {
    utc(instant.saturating_add(milliseconds(offset)))
}

fn milliseconds(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000
}
