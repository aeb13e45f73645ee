//! The date texts of chapter 8, recognised without a pattern.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::instant;

/// Reads one of the accepted date texts: year first with `-` or `/`, American `06/20/2016` or European `20.6.2016`,
/// each alone or with a time (`17:26`, `17:26:44.356`, `5:26 PM`) and an offset (`Z`, `+02:00`, `+0200`, `GMT+02:00`).
/// Without an offset the wall clock is that of `zone`. `None` for every other text.
pub(crate) fn detect(text: &str, zone: &TimeZone) -> Option<i64> {
    let mut cursor = Cursor { rest: text.trim() };
    let date = cursor.date()?;
    if cursor.rest.is_empty() {
        return instant(date.at(0, 0, 0, 0), zone).ok();
    }
    let time = cursor.time()?;
    let local = date.at(time.hour, time.minute, time.second, time.nanosecond);
    let offset_minutes = cursor.offset()?;
    match offset_minutes {
        None => instant(local, zone).ok(),
        Some(minutes) => Some(instant(local, &TimeZone::UTC).ok()? - minutes * 60_000),
    }
}

struct Time {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

struct Cursor<'t> {
    rest: &'t str,
}

impl Cursor<'_> {
    fn date(&mut self) -> Option<Date> {
        let first = self.digits(1, 4)?;
        let separator = self.any(&['-', '/', '.'])?;
        let second = self.digits(1, 2)?;
        self.any(&[separator])?;
        let (year, month, day) = match (first.len(), separator) {
            (4, '-' | '/') => (first, second, self.digits(1, 2)?),
            (1 | 2, '/') => (self.digits(4, 4)?, first, second),
            (1 | 2, '.') => (self.digits(4, 4)?, second, first),
            _ => return None,
        };
        Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
    }

    fn time(&mut self) -> Option<Time> {
        self.any(&['T', 't', ' '])?;
        self.skip_blanks();
        let hour: i8 = self.digits(1, 2)?.parse().ok()?;
        self.any(&[':'])?;
        let minute = self.two_digits()?;
        let second = if self.any(&[':']).is_some() { self.two_digits()? } else { 0 };
        let nanosecond = if self.any(&['.', ',']).is_some() { nanoseconds(self.digits(1, 9)?)? } else { 0 };
        self.skip_blanks();
        let hour = self.twelve_hour(hour)?;
        let is_valid = (0..24).contains(&hour) && minute < 60 && second < 60;
        is_valid.then_some(Time { hour, minute, second, nanosecond })
    }

    /// The hour with what an `AM` or `PM` here says about it.
    fn twelve_hour(&mut self, hour: i8) -> Option<i8> {
        let shift = if self.word("PM") {
            12
        } else if self.word("AM") {
            0
        } else {
            return Some(hour);
        };
        (1..=12).contains(&hour).then_some(hour % 12 + shift)
    }

    /// The offset in minutes that ends the text; the inner `None` if the text is at its end already.
    fn offset(&mut self) -> Option<Option<i64>> {
        self.skip_blanks();
        if self.rest.is_empty() {
            return Some(None);
        }
        let is_named = self.word("GMT") || self.word("UTC") || self.word("Z");
        self.skip_blanks();
        if is_named && self.rest.is_empty() {
            return Some(Some(0));
        }
        let sign = if self.any(&['+', '-'])? == '-' { -1 } else { 1 };
        let hours = self.two_digits()?;
        self.any(&[':']);
        let minutes = if self.rest.is_empty() { 0 } else { self.two_digits()? };
        let is_valid = self.rest.is_empty() && hours < 24 && minutes < 60;
        is_valid.then_some(Some(sign * (i64::from(hours) * 60 + i64::from(minutes))))
    }
}

impl<'t> Cursor<'t> {
    /// From `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let run = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if run < least || run > most {
            return None;
        }
        let (digits, rest) = self.rest.split_at(run);
        self.rest = rest;
        Some(digits)
    }

    /// The two digits that stand here; more may follow.
    fn two_digits(&mut self) -> Option<i8> {
        let digits = self.rest.get(..2)?;
        self.rest = &self.rest[2..];
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }

    fn any(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|first| wanted.contains(first))?;
        self.rest = &self.rest[first.len_utf8()..];
        Some(first)
    }

    fn word(&mut self, word: &str) -> bool {
        let stands_here = super::names::starts_with(self.rest, word);
        if stands_here {
            self.rest = &self.rest[word.len()..];
        }
        stands_here
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// Milliseconds are all that a date keeps.
fn nanoseconds(digits: &str) -> Option<i32> {
    let milliseconds: i32 = format!("{digits:0<3}")[..3].parse().ok()?;
    Some(milliseconds * 1_000_000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2016-06-20T17:26:44Z.
    const SECOND: i64 = 1_466_443_604_000;
    const MINUTE: i64 = SECOND - 44_000;
    const DAY: i64 = 1_466_380_800_000;

    #[track_caller]
    fn all_read(texts: &[&str], expected: i64) {
        for text in texts {
            assert_eq!(detect(text, &TimeZone::UTC), Some(expected), "{text}");
        }
    }

    #[test]
    fn every_listed_form_is_read() {
        all_read(&["2016-06-20T17:26:44.356Z"], SECOND + 356);
        all_read(&["2016-06-20 19:26:44 GMT+02:00", "2016-06-20 17:26:44", "2016/06/20 17:26:44", "2016/06/20 19:26:44+02:00"], SECOND);
        all_read(&["2016-06-20 19:26+0200", "2016/06/20 17:26", "2016/06/20 5:26 PM"], MINUTE);
        all_read(&["06/20/2016 17:26:44", "06/20/2016 19:26:44+02:00"], SECOND);
        all_read(&["06/20/2016 17:26", "06/20/2016 5:26 PM", "06/20/2016 5:26 pm"], MINUTE);
        all_read(&["20.6.2016 17:26:44", "20.6.2016 19:26:44+02:00"], SECOND);
        all_read(&["20.6.2016 17:26", "20.06.2016 17:26"], MINUTE);
        all_read(&["2016-06-20", "2016/06/20", "06/20/2016", "20.6.2016"], DAY);
    }

    #[test]
    fn without_an_offset_the_zone_decides() {
        let prague = super::super::zone_by_name("Europe/Prague").unwrap();
        assert_eq!(detect("2016-06-20 19:26:44", &prague), Some(SECOND));
        assert_eq!(detect("2016-06-20T17:26:44Z", &prague), Some(SECOND));
    }

    #[test]
    fn anything_else_is_refused() {
        let texts = [
            "",
            "hello",
            "2016",
            "2016-06",
            "17:26",
            "20-06-2016",
            "2016-13-01",
            "2016-02-30",
            "2016-06-20 25:00",
            "2016-06-20 17:26:44 tomorrow",
            "2016-06-20 17:26 +25:00",
            "13:00 PM",
            "2016-06-20 13:00 PM",
            "1466443604",
            "2016-06-20T",
            "06/20/16",
            "2016-06/20",
        ];
        for text in texts {
            assert_eq!(detect(text, &TimeZone::UTC), None, "{text}");
        }
    }
}
