//! Moments, as they are read and as they are shown.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::duration::duration;

/// A moment to read, in UTC; nothing where it is not known.
pub(super) fn time(ms: u64) -> String {
    let known = i64::try_from(ms).ok().filter(|ms| *ms > 0);
    let time = known.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// Reads a moment: as RFC 3339 has it, a day (its beginning in UTC), or as a time ago (`2h`). Milliseconds since 1970.
pub(super) fn moment(text: &str) -> Result<u64, String> {
    moment_at(text, Timestamp::now())
}

fn moment_at(text: &str, now: Timestamp) -> Result<u64, String> {
    let day = |text: &str| Some(text.parse::<civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let ago = |text: &str| now.checked_sub(duration(text).ok()?).ok();
    let moment = ago(text).or_else(|| text.parse().ok()).or_else(|| day(text));
    let moment = moment.ok_or("write it as 2026-01-31T12:00:00Z, as 2026-01-31, or as a time ago such as 30m or 2h")?;
    u64::try_from(moment.as_millisecond()).map_err(|_| "nothing came before 1970".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_not_written_down_is_left_empty() {
        assert_eq!([time(1_790_000_000_999), time(0)], ["2026-09-21 14:13:20Z", ""]);
    }

    #[test]
    fn a_moment_is_a_time_a_day_or_so_long_ago() {
        let now = Timestamp::from_millisecond(1_790_000_000_000).unwrap();
        assert_eq!(moment_at("2026-09-21T14:13:20.5Z", now), Ok(1_790_000_000_500));
        assert_eq!(moment_at("2026-09-21", now), Ok(1_789_948_800_000));
        assert_eq!(moment_at("1h 30m", now), Ok(1_790_000_000_000 - 5_400_000));
        assert!(moment_at("yesterday", now).is_err() && moment_at("1969-01-01", now).is_err());
    }
}
