//! Times as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a time such as `30s`, `5m`, `2h 30m` or `7d`; a day is 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (days, rest) = match text.split_once('d').and_then(|(days, rest)| Some((days.trim().parse::<u32>().ok()?, rest.trim()))) {
        Some((days, rest)) => (Duration::from_hours(24) * days, rest),
        None => (Duration::ZERO, text),
    };
    if rest.is_empty() && !days.is_zero() {
        return Ok(days);
    }
    let read: SignedDuration = rest.parse().map_err(|error| format!("write it as 30s, 5m, 2h or 7d ({error})"))?;
    let read = Duration::try_from(read).map_err(|_| "a time cannot be negative")?;
    Ok(days + read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_units() {
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("2h 30m"), Ok(Duration::from_mins(150)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(7 * 24)));
        assert_eq!(duration("1d 12h"), Ok(Duration::from_hours(36)));
        assert!(duration("d").is_err() && duration("-1d").is_err() && duration("1d soon").is_err());
        assert!(duration("-5s").is_err() && duration("5").is_err() && duration("soon").is_err());
    }
}
