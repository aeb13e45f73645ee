//! Times as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a time such as `30s`, `5m` or `2h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let read: SignedDuration = text.parse().map_err(|error| format!("write it as 30s, 5m or 2h ({error})"))?;
    Duration::try_from(read).map_err(|_| "a time cannot be negative".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_units() {
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("2h 30m"), Ok(Duration::from_mins(150)));
        assert!(duration("-5s").is_err() && duration("5").is_err() && duration("soon").is_err());
    }
}
