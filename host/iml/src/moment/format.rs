//! Dates to text.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::names::{MONTHS, WEEKDAYS};
use super::token::{Token, tokens};
use super::week::{ENGLISH, ISO};
use super::{OutOfRange, nearest, shifted};

/// The date as `pattern` wants it, on the wall clock of `zone`.
pub(crate) fn format(instant: i64, zone: &TimeZone, pattern: &str) -> Result<String, OutOfRange> {
    let information = zone.to_offset_info(nearest(instant));
    let shown = Shown {
        instant,
        local: shifted(instant, information.offset())?,
        offset_minutes: i64::from(information.offset().seconds()) / 60,
        abbreviation: information.abbreviation(),
    };
    let mut text = String::with_capacity(pattern.len() + 8);
    shown.write_pattern(&mut text, pattern);
    Ok(text)
}

/// Everything that a token can show.
struct Shown<'z> {
    instant: i64,
    local: DateTime,
    offset_minutes: i64,
    abbreviation: &'z str,
}

impl Shown<'_> {
    fn write_pattern(&self, out: &mut String, pattern: &str) {
        for token in tokens(pattern) {
            match token {
                Token::Literal(text) => out.push_str(text),
                Token::Field(field) => self.write_field(out, field),
                Token::Long(pattern) => self.write_pattern(out, pattern),
            }
        }
    }

    fn write_field(&self, out: &mut String, field: &str) {
        match field.as_bytes()[0] {
            b'Y' | b'Q' | b'M' | b'D' => self.write_calendar(out, field),
            b'd' | b'e' | b'E' | b'w' | b'W' | b'g' | b'G' => self.write_week(out, field),
            b'S' => self.write_fraction(out, field.len()),
            b'X' | b'x' | b'Z' | b'z' => self.write_zone(out, field),
            _ => self.write_time(out, field),
        }
    }

    fn write_calendar(&self, out: &mut String, field: &str) {
        let (year, month, day) = (i64::from(self.local.year()), i64::from(self.local.month()), i64::from(self.local.day()));
        let day_of_year = || i64::from(self.local.day_of_year());
        match field {
            "YY" => padded(out, year % 100, 2),
            "YYYYYY" => {
                out.push_str(if year >= 0 { "+" } else { "" });
                padded(out, year, 6);
            }
            "YYYYY" => padded(out, year, 5),
            "YYYY" | "Y" => padded(out, year, 4),
            "Q" => number(out, (month + 2) / 3),
            "Qo" => ordinal(out, (month + 2) / 3),
            "M" => number(out, month),
            "Mo" => ordinal(out, month),
            "MM" => padded(out, month, 2),
            "MMM" => out.push_str(&self.month_name()[..3]),
            "MMMM" => out.push_str(self.month_name()),
            "D" => number(out, day),
            "Do" => ordinal(out, day),
            "DD" => padded(out, day, 2),
            "DDD" => number(out, day_of_year()),
            "DDDo" => ordinal(out, day_of_year()),
            _ => padded(out, day_of_year(), 3),
        }
    }

    fn write_week(&self, out: &mut String, field: &str) {
        let weekday = self.local.weekday();
        let name = WEEKDAYS[usize::from(weekday.to_sunday_zero_offset().unsigned_abs())];
        let (year, week) = ENGLISH.week_of(self.local.date());
        let (iso_year, iso_week) = ISO.week_of(self.local.date());
        match field {
            "d" | "e" => number(out, i64::from(weekday.to_sunday_zero_offset())),
            "do" => ordinal(out, i64::from(weekday.to_sunday_zero_offset())),
            "dd" => out.push_str(&name[..2]),
            "ddd" => out.push_str(&name[..3]),
            "dddd" => out.push_str(name),
            "E" => number(out, i64::from(weekday.to_monday_one_offset())),
            "w" => number(out, week),
            "wo" => ordinal(out, week),
            "ww" => padded(out, week, 2),
            "W" => number(out, iso_week),
            "Wo" => ordinal(out, iso_week),
            "WW" => padded(out, iso_week, 2),
            "gg" => padded(out, year % 100, 2),
            "GG" => padded(out, iso_year % 100, 2),
            _ if field.starts_with('g') => padded(out, year, field.len()),
            _ => padded(out, iso_year, field.len()),
        }
    }

    fn write_time(&self, out: &mut String, field: &str) {
        let (hour, minute, second) = (i64::from(self.local.hour()), i64::from(self.local.minute()), i64::from(self.local.second()));
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let twenty_four = if hour == 0 { 24 } else { hour };
        match field {
            "A" => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            "a" => out.push_str(if hour < 12 { "am" } else { "pm" }),
            "H" => number(out, hour),
            "HH" => padded(out, hour, 2),
            "h" => number(out, twelve),
            "hh" => padded(out, twelve, 2),
            "k" => number(out, twenty_four),
            "kk" => padded(out, twenty_four, 2),
            "m" => number(out, minute),
            "mm" => padded(out, minute, 2),
            "s" => number(out, second),
            "ss" => padded(out, second, 2),
            _ => {
                number(out, if field.starts_with('h') { twelve } else { hour });
                padded(out, minute, 2);
                if field.ends_with('s') {
                    padded(out, second, 2);
                }
            }
        }
    }

    /// As many digits of the second's fraction as asked for; behind the milliseconds there are only zeros.
    fn write_fraction(&self, out: &mut String, digits: usize) {
        let nine = format!("{:09}", self.local.subsec_nanosecond() / 1_000_000 * 1_000_000);
        out.push_str(&nine[..digits]);
    }

    fn write_zone(&self, out: &mut String, field: &str) {
        let minutes = self.offset_minutes.abs();
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        match field {
            "X" => number(out, self.instant.div_euclid(1000)),
            "x" => number(out, self.instant),
            "Z" => push(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)),
            "ZZ" => push(out, format_args!("{sign}{:02}{:02}", minutes / 60, minutes % 60)),
            _ => out.push_str(self.abbreviation),
        }
    }

    fn month_name(&self) -> &'static str {
        MONTHS[usize::from(self.local.month().unsigned_abs()) - 1]
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String cannot fail");
}

fn number(out: &mut String, value: i64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// The number with at least this many digits; a sign comes on top.
fn padded(out: &mut String, value: i64, digits: usize) {
    let mut buffer = itoa::Buffer::new();
    let unsigned = buffer.format(value.unsigned_abs());
    out.push_str(if value < 0 { "-" } else { "" });
    out.extend(std::iter::repeat_n('0', digits.saturating_sub(unsigned.len())));
    out.push_str(unsigned);
}

fn ordinal(out: &mut String, value: i64) {
    let suffix = match (value % 100 / 10, value % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    push(out, format_args!("{value}{suffix}"));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2013-02-04T22:44:30.652Z, a Monday: the example of chapter 10.
    const EXAMPLE: i64 = 1_360_017_870_652;

    #[track_caller]
    fn shows(pattern: &str, expected: &str) {
        assert_eq!(format(EXAMPLE, &TimeZone::UTC, pattern).unwrap(), expected, "{pattern}");
    }

    #[test]
    fn calendar_tokens_show_the_reference_example() {
        shows("YY YYYY Y YYYYY YYYYYY", "13 2013 2013 02013 +002013");
        shows("Q Qo M Mo MM MMM MMMM", "1 1st 2 2nd 02 Feb February");
        shows("D Do DD DDD DDDo DDDD", "4 4th 04 35 35th 035");
    }

    #[test]
    fn week_tokens_show_the_reference_example() {
        shows("d do dd ddd dddd e E", "1 1st Mo Mon Monday 1 1");
        shows("w wo ww W Wo WW", "6 6th 06 6 6th 06");
        shows("gg gggg GG GGGG", "13 2013 13 2013");
    }

    #[test]
    fn time_tokens_show_the_reference_example() {
        shows("H HH h hh k kk A a", "22 22 10 10 22 22 PM pm");
        shows("m mm s ss S SS SSS SSSS SSSSSSSSS", "44 44 30 30 6 65 652 6520 652000000");
        shows("Hmm hmmss", "2244 104430");
        shows("Z ZZ X x z", "+00:00 +0000 1360017870 1360017870652 UTC");
    }

    #[test]
    fn midnight_is_twelve_and_twenty_four() {
        assert_eq!(format(0, &TimeZone::UTC, "H h k A").unwrap(), "0 12 24 AM");
    }

    #[test]
    fn long_forms_stand_for_their_patterns() {
        shows("LLLL", "Monday, February 4, 2013 10:44 PM");
        shows("L LT", "02/04/2013 10:44 PM");
        shows("ll l", "Feb 4, 2013 2/4/2013");
    }

    #[test]
    fn eleven_to_thirteen_end_in_th() {
        let mut text = String::new();
        for value in [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111] {
            ordinal(&mut text, value);
        }
        assert_eq!(text, "1st2nd3rd4th11th12th13th21st22nd23rd101st111th");
    }

    #[test]
    fn offsets_follow_the_zone_and_its_season() {
        let prague = super::super::zone_by_name("europe/prague").unwrap();
        assert_eq!(format(EXAMPLE, &prague, "HH:mm Z ZZ z").unwrap(), "23:44 +01:00 +0100 CET");
        let kolkata = super::super::zone_by_name("Asia/Kolkata").unwrap();
        assert_eq!(format(EXAMPLE, &kolkata, "Z").unwrap(), "+05:30");
        let newfoundland = super::super::zone_by_name("America/St_Johns").unwrap();
        assert_eq!(format(EXAMPLE, &newfoundland, "Z").unwrap(), "-03:30");
    }

    #[test]
    fn an_instant_outside_the_calendar_is_refused() {
        assert_eq!(format(i64::MAX, &TimeZone::UTC, "YYYY"), Err(OutOfRange));
    }
}
