//! Text to dates by a pattern, as lenient as moment's non-strict mode: each token takes the first fitting piece of what
//! is left, whatever stands before it.

mod parts;
mod scan;

use jiff::tz::TimeZone;

use super::token::{Token, tokens};
use parts::Parts;

/// Why a text is not the date that its pattern asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// No token of the pattern found anything.
    Nothing,
    /// A month's or weekday's name is none in English.
    UnknownName,
    /// A part is outside its range, such as month 13 or 31 April.
    PartOutOfRange,
    /// The weekday named is not the one of the date.
    WeekdayMismatch,
}

impl ParseError {
    /// The reason in a few words, for the end of a message.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Nothing => "nothing in it fits the format",
            Self::UnknownName => "a month or weekday in it has no English name",
            Self::PartOutOfRange => "a part of it is out of range",
            Self::WeekdayMismatch => "its weekday is not the one of its date",
        }
    }
}

/// Reads `text` by `pattern`. What the text leaves open comes from the date of `now` in `zone`, times from midnight;
/// an offset in the text wins over `zone`.
pub(crate) fn parse(text: &str, pattern: &str, zone: &TimeZone, now: i64) -> Result<i64, ParseError> {
    let mut parts = Parts::default();
    let mut rest = text;
    read_pattern(&mut parts, &mut rest, pattern)?;
    parts.into_instant(zone, now)
}

fn read_pattern(parts: &mut Parts, rest: &mut &str, pattern: &str) -> Result<(), ParseError> {
    for token in tokens(pattern) {
        match token {
            Token::Literal(literal) => skip_literal(rest, literal),
            Token::Field(field) => read_field(parts, rest, field)?,
            Token::Long(pattern) => read_pattern(parts, rest, pattern)?,
        }
    }
    Ok(())
}

fn skip_literal(rest: &mut &str, literal: &str) {
    if let Some(at) = rest.find(literal) {
        *rest = &rest[at + literal.len()..];
    }
}

fn read_field(parts: &mut Parts, rest: &mut &str, field: &str) -> Result<(), ParseError> {
    let Some(range) = scan::find(rest, field) else {
        return Ok(());
    };
    parts.take(field, &rest[range.clone()])?;
    *rest = &rest[range.end..];
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{format, zone_by_name};
    use super::*;

    /// 2023-05-05T00:00:00Z, a Friday.
    const NOW: i64 = 1_683_244_800_000;

    #[track_caller]
    fn reads(text: &str, pattern: &str, expected: &str) {
        let instant = parse(text, pattern, &TimeZone::UTC, NOW).unwrap();
        let shown = format(instant, &TimeZone::UTC, "YYYY-MM-DD[T]HH:mm:ss.SSS").unwrap();
        assert_eq!(shown, expected, "{text} by {pattern}");
    }

    #[track_caller]
    fn refuses(text: &str, pattern: &str, error: ParseError) {
        assert_eq!(parse(text, pattern, &TimeZone::UTC, NOW), Err(error), "{text} by {pattern}");
    }

    #[test]
    fn calendar_parts_are_read() {
        reads("2016-12-28", "YYYY-MM-DD", "2016-12-28T00:00:00.000");
        reads("28 December 2016", "D MMMM YYYY", "2016-12-28T00:00:00.000");
        reads("Dec 28th 16", "MMM Do YY", "2016-12-28T00:00:00.000");
        reads("28 dec. 99", "DD MMM YY", "1999-12-28T00:00:00.000");
        reads("16-2-3", "YYYY-M-D", "2016-02-03T00:00:00.000");
        reads("2016 3", "YYYY Q", "2016-07-01T00:00:00.000");
    }

    #[test]
    fn times_are_read_in_twelve_and_twenty_four_hours() {
        reads("2016-12-28 04:03 pm", "YYYY-MM-DD hh:mm a", "2016-12-28T16:03:00.000");
        reads("2016-12-28 12:03 AM", "YYYY-MM-DD hh:mm A", "2016-12-28T00:03:00.000");
        reads("2016-12-28 4p", "YYYY-MM-DD ha", "2016-12-28T16:00:00.000");
        reads("2016-12-28 24:30", "YYYY-MM-DD kk:mm", "2016-12-28T00:30:00.000");
        reads("2016-12-28 17:43:09.5", "YYYY-MM-DD HH:mm:ss.SSS", "2016-12-28T17:43:09.500");
        reads("2016-12-28 1743", "YYYY-MM-DD Hmm", "2016-12-28T17:43:00.000");
        reads("2016-12-28 24:00", "YYYY-MM-DD HH:mm", "2016-12-29T00:00:00.000");
    }

    #[test]
    fn separators_may_differ_and_hh_takes_seventeen() {
        reads("2020-02-03T17:43:09+0000", "YYYY.MM.DD hh:mm:ss", "2020-02-03T17:43:09.000");
    }

    #[test]
    fn offsets_in_the_text_win() {
        let prague = zone_by_name("Europe/Prague").unwrap();
        let pattern = "YYYY-MM-DDTHH:mmZ";
        let read = |text: &str| format(parse(text, pattern, &prague, NOW).unwrap(), &TimeZone::UTC, "HH:mm").unwrap();
        assert_eq!(read("2016-06-20T12:00Z"), "12:00");
        assert_eq!(read("2016-06-20T12:00+1200"), "00:00");
        assert_eq!(read("2016-06-20T12:00-01:30"), "13:30");
        assert_eq!(read("2016-06-20T12:00"), "10:00");
    }

    #[test]
    fn weeks_and_days_of_the_year_are_read() {
        reads("2014-W37-2", "GGGG-[W]WW-E", "2014-09-09T00:00:00.000");
        reads("200", "DDD", "2023-07-19T00:00:00.000");
        reads("2013 6 Mon", "gggg w ddd", "2013-02-04T00:00:00.000");
    }

    #[test]
    fn epochs_are_read() {
        reads("1482940986", "X", "2016-12-28T16:03:06.000");
        reads("1482940986.372", "X", "2016-12-28T16:03:06.372");
        reads("1482940986372", "x", "2016-12-28T16:03:06.372");
        reads("-1", "X", "1969-12-31T23:59:59.000");
    }

    #[test]
    fn missing_parts_come_from_today_and_midnight() {
        reads("10:15", "HH:mm", "2023-05-05T10:15:00.000");
        reads("12-24", "MM-DD", "2023-12-24T00:00:00.000");
        reads("2016", "YYYY", "2016-01-01T00:00:00.000");
    }

    #[test]
    fn what_cannot_be_a_date_is_refused() {
        refuses("hello", "YYYY-MM-DD", ParseError::Nothing);
        refuses("", "YYYY", ParseError::Nothing);
        refuses("2016-13-01", "YYYY-MM-DD", ParseError::PartOutOfRange);
        refuses("2016-04-31", "YYYY-MM-DD", ParseError::PartOutOfRange);
        refuses("2016-04-30 25:00", "YYYY-MM-DD HH:mm", ParseError::PartOutOfRange);
        refuses("2016 Foo", "YYYY MMM", ParseError::UnknownName);
        refuses("Tuesday 2023-05-05", "dddd YYYY-MM-DD", ParseError::WeekdayMismatch);
        refuses("99999999999999999999999", "X", ParseError::PartOutOfRange);
    }

    #[test]
    fn what_a_pattern_wrote_it_reads_again() {
        let zone = zone_by_name("America/New_York").unwrap();
        let patterns = [
            "YYYY-MM-DDTHH:mm:ss.SSSZ",
            "dddd, MMMM Do YYYY, h:mm:ss.SSS a ZZ",
            "x",
            "GGGG-[W]WW-E HH:mm:ss.SSS Z",
            "gggg w d k:mm:ss.SSS Z",
            "YYYY DDDD HH:mm:ss.SSS Z",
            "DD/MM/YY hh:mm:ss.SSS A Z",
        ];
        let instants = (0..500).map(|step: i64| step * 1_000_003 * 3907 + step * 7);
        for instant in instants {
            for pattern in patterns {
                let text = format(instant, &zone, pattern).unwrap();
                let read = parse(&text, pattern, &zone, NOW);
                assert_eq!(read, Ok(instant), "{text} by {pattern}");
            }
        }
    }
}
