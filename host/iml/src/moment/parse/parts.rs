//! The parts of a date as tokens give them, and the instant they make.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::super::names::{MONTHS, WEEKDAYS, index_of_prefix};
use super::super::week::{ENGLISH, ISO, WeekRule, days_in};
use super::super::{instant, local};
use super::ParseError;

/// What has been read so far; `None` where nothing was.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Whether anything was read but a half of the day.
    read_any: bool,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    millisecond: Option<i64>,
    afternoon: Option<bool>,
    week: Weeks,
    offset_minutes: Option<i64>,
    instant: Option<i64>,
}

/// What week tokens gave.
#[derive(Debug, Default)]
struct Weeks {
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_weekday: Option<i64>,
    year: Option<i64>,
    week: Option<i64>,
    /// Sunday is 0.
    weekday: Option<i64>,
}

impl Parts {
    /// Takes what the token `field` found.
    pub(super) fn take(&mut self, field: &str, text: &str) -> Result<(), ParseError> {
        self.read_any |= !matches!(field, "a" | "A");
        match field.as_bytes()[0] {
            b'Y' | b'Q' | b'M' | b'D' => self.take_calendar(field, text),
            b'd' | b'e' | b'E' | b'w' | b'W' | b'g' | b'G' => self.take_week(field, text),
            b'X' | b'x' => self.take_epoch(text, field == "X"),
            _ => self.take_time(field, text),
        }
    }

    fn take_calendar(&mut self, field: &str, text: &str) -> Result<(), ParseError> {
        match field {
            "YY" => self.year = Some(two_digit_year(integer(text)?)),
            "YYYY" if text.len() == 2 => self.year = Some(two_digit_year(integer(text)?)),
            "Q" => self.month = Some((integer(text)? - 1) * 3 + 1),
            "M" | "MM" => self.month = Some(integer(text)?),
            "D" | "DD" => self.day = Some(integer(text)?),
            "Do" => {
                self.day = Some(integer(text.trim_end_matches(|letter: char| !letter.is_ascii_digit()))?);
            }
            "DDD" | "DDDD" => self.day_of_year = Some(integer(text)?),
            _ if field.starts_with('Y') => self.year = Some(integer(text)?),
            _ => {
                self.month = Some(index_of_prefix(&MONTHS, text, 3).ok_or(ParseError::UnknownName)? + 1);
            }
        }
        Ok(())
    }

    fn take_week(&mut self, field: &str, text: &str) -> Result<(), ParseError> {
        match field {
            "d" | "e" => self.week.weekday = Some(integer(text)?),
            "E" => self.week.iso_weekday = Some(integer(text)?),
            "w" | "ww" => self.week.week = Some(integer(text)?),
            "W" | "WW" => self.week.iso_week = Some(integer(text)?),
            "gg" => self.week.year = Some(two_digit_year(integer(text)?)),
            "GG" => self.week.iso_year = Some(two_digit_year(integer(text)?)),
            _ if field.starts_with('g') => self.week.year = Some(integer(text)?),
            _ if field.starts_with('G') => self.week.iso_year = Some(integer(text)?),
            _ => {
                self.week.weekday = Some(index_of_prefix(&WEEKDAYS, text, 2).ok_or(ParseError::UnknownName)?);
            }
        }
        Ok(())
    }

    fn take_time(&mut self, field: &str, text: &str) -> Result<(), ParseError> {
        match field {
            "a" | "A" => self.afternoon = Some(text.starts_with(['p', 'P'])),
            "H" | "HH" | "h" | "hh" => self.hour = Some(integer(text)?),
            "k" | "kk" => self.hour = Some(in_range(integer(text)?, 0, 24)? % 24),
            "m" | "mm" => self.minute = Some(integer(text)?),
            "s" | "ss" => self.second = Some(integer(text)?),
            "Z" | "ZZ" => self.offset_minutes = Some(offset_minutes(text)?),
            _ if field.starts_with('S') => self.millisecond = Some(milliseconds(text)?),
            _ => self.take_clock(text, field.ends_with('s'))?,
        }
        Ok(())
    }

    /// `1743` or `174309`.
    fn take_clock(&mut self, text: &str, with_seconds: bool) -> Result<(), ParseError> {
        let (clock, seconds) = text.split_at(text.len() - if with_seconds { 2 } else { 0 });
        let (hour, minute) = clock.split_at(clock.len() - 2);
        self.hour = Some(integer(hour)?);
        self.minute = Some(integer(minute)?);
        if with_seconds {
            self.second = Some(integer(seconds)?);
        }
        Ok(())
    }

    fn take_epoch(&mut self, text: &str, seconds: bool) -> Result<(), ParseError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let sign = if whole.starts_with('-') { -1 } else { 1 };
        let scale = if seconds { 1000 } else { 1 };
        let whole = integer(whole)?.checked_mul(scale).ok_or(ParseError::PartOutOfRange)?;
        self.instant = Some(whole.saturating_add(sign * milliseconds(fraction)?));
        Ok(())
    }

    /// The instant these parts name, in `zone` unless an offset was read.
    pub(super) fn into_instant(mut self, zone: &TimeZone, now: i64) -> Result<i64, ParseError> {
        if !self.read_any {
            return Err(ParseError::Nothing);
        }
        if let Some(instant) = self.instant {
            return Ok(instant);
        }
        let zone = if self.offset_minutes.is_some() { &TimeZone::UTC } else { zone };
        let today = local(now, zone).map_err(|_| ParseError::PartOutOfRange)?.date();
        self.settle_weeks(today)?;
        let date = self.date(today)?;
        self.check_weekday(date)?;
        let local = self.date_time(date)?;
        let instant = instant(local, zone).map_err(|_| ParseError::PartOutOfRange)?;
        Ok(instant - self.offset_minutes.unwrap_or(0) * 60_000)
    }

    /// Turns a week and weekday into a day of the year, if nothing more exact was read.
    fn settle_weeks(&mut self, today: Date) -> Result<(), ParseError> {
        let weeks = &self.week;
        let is_iso = weeks.iso_year.or(weeks.iso_week).or(weeks.iso_weekday).is_some();
        let is_english = weeks.year.or(weeks.week).or(weeks.weekday).is_some();
        if self.day.is_some() || self.month.is_some() || self.day_of_year.is_some() || !(is_iso || is_english) {
            return Ok(());
        }
        let (year, day) = if is_iso {
            let year = weeks.iso_year.or(self.year).unwrap_or(ISO.week_of(today).0);
            let weekday = weeks.iso_weekday.unwrap_or(1);
            let weekday = in_range(weekday, 1, 7)? % 7;
            (year, week_day(ISO, year, weeks.iso_week.unwrap_or(1), weekday)?)
        } else {
            let (this_year, this_week) = ENGLISH.week_of(today);
            let year = weeks.year.or(self.year).unwrap_or(this_year);
            let weekday = in_range(weeks.weekday.unwrap_or(0), 0, 6)?;
            (year, week_day(ENGLISH, year, weeks.week.unwrap_or(this_week), weekday)?)
        };
        self.year = Some(year);
        self.day_of_year = Some(day);
        self.settle_day_outside_year();
        Ok(())
    }

    /// Weeks reach over the ends of their year: moves such a day into its neighbour.
    fn settle_day_outside_year(&mut self) {
        let (Some(year), Some(day)) = (self.year, self.day_of_year) else {
            return;
        };
        if day < 1 {
            (self.year, self.day_of_year) = (Some(year - 1), Some(day + days_in(year - 1)));
        } else if day > days_in(year) {
            (self.year, self.day_of_year) = (Some(year + 1), Some(day - days_in(year)));
        }
    }

    fn date(&self, today: Date) -> Result<Date, ParseError> {
        let year = self.year.unwrap_or(i64::from(today.year()));
        if let Some(day) = self.day_of_year {
            return day_of_year(year, day);
        }
        let given = (self.year.is_some(), self.month.is_some());
        let month = self.month.unwrap_or(if given.0 { 1 } else { i64::from(today.month()) });
        let day = self.day.unwrap_or(if given == (false, false) { i64::from(today.day()) } else { 1 });
        Date::new(narrow(year)?, narrow(month)?, narrow(day)?).map_err(|_| ParseError::PartOutOfRange)
    }

    fn check_weekday(&self, date: Date) -> Result<(), ParseError> {
        let shown = i64::from(date.weekday().to_sunday_zero_offset());
        match self.week.weekday {
            Some(weekday) if weekday != shown => Err(ParseError::WeekdayMismatch),
            _ => Ok(()),
        }
    }

    fn date_time(&self, date: Date) -> Result<DateTime, ParseError> {
        let hour = self.twenty_four_hour();
        let minute = in_range(self.minute.unwrap_or(0), 0, 59)?;
        let second = in_range(self.second.unwrap_or(0), 0, 59)?;
        let millisecond = self.millisecond.unwrap_or(0);
        if hour == 24 && minute + second + millisecond == 0 {
            let next = date.tomorrow().map_err(|_| ParseError::PartOutOfRange)?;
            return Ok(next.at(0, 0, 0, 0));
        }
        let hour = in_range(hour, 0, 23)?;
        let nanosecond = i32::try_from(millisecond * 1_000_000).map_err(|_| ParseError::PartOutOfRange)?;
        Ok(date.at(narrow(hour)?, narrow(minute)?, narrow(second)?, nanosecond))
    }

    /// A half of the day without an hour says nothing.
    fn twenty_four_hour(&self) -> i64 {
        match (self.hour, self.afternoon) {
            (None, _) | (Some(12), Some(false)) => 0,
            (Some(hour), Some(true)) if hour < 12 => hour + 12,
            (Some(hour), _) => hour,
        }
    }
}

fn week_day(rule: WeekRule, year: i64, week: i64, weekday: i64) -> Result<i64, ParseError> {
    let week = in_range(week, 1, rule.weeks_in(year))?;
    Ok(rule.day_of_year(year, week, weekday))
}

fn day_of_year(year: i64, day: i64) -> Result<Date, ParseError> {
    let day = in_range(day, 1, days_in(year))?;
    let first = Date::new(narrow(year)?, 1, 1).map_err(|_| ParseError::PartOutOfRange)?;
    first.checked_add(jiff::Span::new().days(day - 1)).map_err(|_| ParseError::PartOutOfRange)
}

/// Years up to 68 belong to this century, the others to the last.
fn two_digit_year(year: i64) -> i64 {
    year + if year > 68 { 1900 } else { 2000 }
}

fn offset_minutes(text: &str) -> Result<i64, ParseError> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Ok(0);
    }
    let (hours, minutes) = digits.split_at(2);
    let total = integer(hours)? * 60 + if minutes.is_empty() { 0 } else { integer(minutes)? };
    Ok(if text.starts_with('-') { -total } else { total })
}

/// The digits behind a decimal point as milliseconds; what is smaller is cut off.
fn milliseconds(digits: &str) -> Result<i64, ParseError> {
    integer(&format!("{digits:0<3}")[..3])
}

fn integer(text: &str) -> Result<i64, ParseError> {
    text.parse().map_err(|_| ParseError::PartOutOfRange)
}

fn in_range(value: i64, least: i64, most: i64) -> Result<i64, ParseError> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(ParseError::PartOutOfRange) }
}

fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T, ParseError> {
    T::try_from(value).map_err(|_| ParseError::PartOutOfRange)
}
