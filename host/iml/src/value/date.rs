//! Points in time, in whole milliseconds.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::moment;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, within the years -9999 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The date so many milliseconds after 1970; none beyond the years it can hold.
    pub fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        moment::utc(milliseconds).is_ok().then_some(Self(milliseconds))
    }

    /// The date of a timestamp; what is below a millisecond is cut off.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp.as_nanosecond().div_euclid(1_000_000) as i64)
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// ISO 8601 in UTC with milliseconds: `2016-06-20T17:26:44.356Z`. Years before 0 have a sign and six digits, as
    /// JavaScript writes them.
    pub fn to_iso(self) -> String {
        let time = moment::utc(self.0).expect("every constructor keeps a date within the calendar");
        let year = match time.year() {
            year if year < 0 => format!("-{:06}", -i32::from(year)),
            year => format!("{year:04}"),
        };
        format!("{year}{}", time.strftime("-%m-%dT%H:%M:%S.%3fZ"))
    }

    /// Reads a text in one of the forms that Make accepts where a date is wanted: ISO
    /// 8601, `2016/06/20 17:26`, `06/20/2016`, `20.6.2016`, each with or without time and offset, and
    /// whole numbers as seconds or milliseconds. Without an offset the date is in `zone`.
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        super::date_text::parse(text, zone)
    }
}
