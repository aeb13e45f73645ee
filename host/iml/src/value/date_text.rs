//! The date texts that Make accepts where a date is wanted (Make's help, "Type coercion").

use jiff::tz::TimeZone;

use super::Date;
use crate::moment;

/// Whole numbers with more digits than this are milliseconds, the others seconds: it lasts to the year 5138.
const SECONDS_DIGITS: usize = 11;

/// See [`Date::parse`].
pub(super) fn parse(text: &str, zone: &TimeZone) -> Option<Date> {
    let text = text.trim();
    epoch(text).or_else(|| moment::detect(text, zone)).and_then(Date::from_milliseconds)
}

/// A text that holds a timestamp: seconds, which may have a fraction, or milliseconds.
fn epoch(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() < 5 || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let milliseconds =
        if whole.len() > SECONDS_DIGITS { number } else { number * 1000 + format!("{fraction:0<3}")[..3].parse::<i64>().ok()? };
    Some(if unsigned.len() < text.len() { -milliseconds } else { milliseconds })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn milliseconds(text: &str) -> Option<i64> {
        parse(text, &TimeZone::UTC).map(Date::milliseconds)
    }

    #[test]
    fn timestamps_are_seconds_or_milliseconds_by_their_length() {
        assert_eq!(milliseconds("1482940986"), Some(1_482_940_986_000));
        assert_eq!(milliseconds("1482940986.3725"), Some(1_482_940_986_372));
        assert_eq!(milliseconds("1482940986372"), Some(1_482_940_986_372));
        assert_eq!(milliseconds("-86400"), Some(-86_400_000));
    }

    #[test]
    fn a_few_digits_are_no_date() {
        assert_eq!(milliseconds("2016"), None);
        assert_eq!(milliseconds("99999999999999999999"), None);
        assert_eq!(milliseconds(""), None);
    }
}
