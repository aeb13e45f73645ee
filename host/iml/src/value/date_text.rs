//! The date texts that Make accepts where a date is wanted: iml.md chapter 8.

use jiff::tz::TimeZone;

use super::Date;

/// See [`Date::parse`].
pub(super) fn parse(text: &str, _zone: &TimeZone) -> Option<Date> {
    let timestamp: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Date::from_timestamp(timestamp))
}
