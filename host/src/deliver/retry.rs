//! When a failed attempt is made again: arithmetic only, the clock and the dice come from outside.

use std::time::Duration;

/// The longest that a destination may put us off with `Retry-After`.
const LONGEST_PUT_OFF: Duration = Duration::from_hours(24);

/// When retry number `retry` (from 0) is due, in milliseconds since 1970; `None` when the schedule has no such retry.
///
/// `random` is any number from an even distribution. A wait is never shorter than the schedule says or than the
/// destination asked for.
pub(crate) fn due(
    schedule: &[Duration],
    retry: u32,
    jitter_percent: u32,
    put_off: Option<Duration>,
    now_ms: u64,
    random: u64,
) -> Option<u64> {
    let wait = schedule.get(retry as usize)?;
    let wait = with_jitter(*wait, jitter_percent, random).max(put_off.unwrap_or_default().min(LONGEST_PUT_OFF));
    Some(now_ms.saturating_add(wait.as_millis() as u64))
}

fn with_jitter(wait: Duration, percent: u32, random: u64) -> Duration {
    let most = wait.as_millis() as u64 * u64::from(percent) / 100;
    wait + Duration::from_millis(random % (most + 1))
}

/// What a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), counted from `now_ms`.
pub(crate) fn put_off(header: &str, now_ms: u64) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(header.trim()).ok()?;
    let since_1970 = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(since_1970.saturating_sub(Duration::from_millis(now_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: [Duration; 3] = [Duration::ZERO, Duration::from_secs(5), Duration::from_mins(5)];

    #[test]
    fn each_retry_waits_as_the_schedule_says() {
        let at = |retry| due(&SCHEDULE, retry, 0, None, 1_000, 7);
        assert_eq!([at(0), at(1), at(2), at(3)], [Some(1_000), Some(6_000), Some(301_000), None]);
    }

    #[test]
    fn jitter_only_lengthens_and_is_bounded() {
        let at = |random| due(&SCHEDULE, 1, 20, None, 0, random);
        assert_eq!([at(0), at(999), at(1_000), at(1_001)], [Some(5_000), Some(5_999), Some(6_000), Some(5_000)]);
        assert_eq!(due(&SCHEDULE, 0, 20, None, 9, u64::MAX), Some(9), "no wait has no jitter");
    }

    #[test]
    fn the_longer_of_schedule_and_retry_after_counts() {
        let at = |seconds| due(&SCHEDULE, 1, 0, Some(Duration::from_secs(seconds)), 0, 0);
        assert_eq!([at(2), at(60)], [Some(5_000), Some(60_000)]);
        assert_eq!(at(u64::MAX / 2_000), Some(24 * 3_600 * 1_000), "nobody puts us off for ever");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_445_412_420_000;
        assert_eq!(put_off(" 120 ", now), Some(Duration::from_mins(2)));
        assert_eq!(put_off("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_mins(1)));
        assert_eq!(put_off("Tue, 20 Oct 2015 07:28:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(put_off("soon", now), None);
    }
}
