//! Weeks of the year: ISO weeks begin on Monday, the others on Sunday.

use jiff::civil::Date;

/// How a calendar counts weeks.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeekRule {
    /// The first day of a week, Sunday being 0.
    first_weekday: i64,
    /// The day of January that always lies in week 1.
    anchor: i64,
}

/// Weeks as ISO 8601 counts them: the week with 4 January is the first.
pub(super) const ISO: WeekRule = WeekRule { first_weekday: 1, anchor: 4 };

/// Weeks as moment's English locale counts them: the week with 1 January is the first.
pub(super) const ENGLISH: WeekRule = WeekRule { first_weekday: 0, anchor: 1 };

impl WeekRule {
    /// The year that a day's week belongs to, and the week's number in it.
    pub(super) fn week_of(self, date: Date) -> (i64, i64) {
        let year = i64::from(date.year());
        let day = i64::from(date.day_of_year());
        for candidate in [year + 1, year] {
            let start = self.start(candidate) + days_before(candidate) - days_before(year);
            if day > start {
                return (candidate, (day - start - 1) / 7 + 1);
            }
        }
        let start = self.start(year - 1) - days_in(year - 1);
        (year - 1, (day - start - 1) / 7 + 1)
    }

    /// The day of `year` (1 is 1 January; less or more lie in the years around) of a weekday counted from Sunday 0.
    pub(super) fn day_of_year(self, year: i64, week: i64, weekday: i64) -> i64 {
        let offset = (weekday - self.first_weekday).rem_euclid(7);
        self.start(year) + (week - 1) * 7 + offset + 1
    }

    /// How many weeks the week year has.
    pub(super) fn weeks_in(self, year: i64) -> i64 {
        (days_in(year) - self.start(year) + self.start(year + 1)) / 7
    }

    /// How many days after 1 January week 1 begins; negative if it begins in the year before.
    fn start(self, year: i64) -> i64 {
        let weekday = (days_before(year) + self.anchor).rem_euclid(7);
        self.anchor - 1 - (weekday - self.first_weekday).rem_euclid(7)
    }
}

/// Days from 31 December of year -1 to the end of the year before `year`, a count whose remainder by 7 is the weekday
/// of the last of them (Sunday 0).
fn days_before(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)
}

/// 365, or 366 in leap years.
pub(super) fn days_in(year: i64) -> i64 {
    days_before(year + 1) - days_before(year)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn weeks_agree_with_jiff_on_every_day_of_four_centuries() {
        let mut date = jiff::civil::date(1800, 1, 1);
        while date.year() < 2200 {
            let iso = date.iso_week_date();
            let expected = (i64::from(iso.year()), i64::from(iso.week()));
            assert_eq!(ISO.week_of(date), expected, "{date}");
            let weekday = i64::from(date.weekday().to_sunday_zero_offset());
            let day = ISO.day_of_year(expected.0, expected.1, weekday);
            let days = day - i64::from(date.day_of_year());
            let shift = days_before(i64::from(date.year())) - days_before(expected.0);
            assert_eq!(days, shift, "{date}");
            date = date.tomorrow().unwrap();
        }
    }

    #[test]
    fn english_weeks_begin_with_the_week_of_the_first_of_january() {
        assert_eq!(ENGLISH.week_of(jiff::civil::date(2013, 2, 4)), (2013, 6));
        assert_eq!(ENGLISH.week_of(jiff::civil::date(2012, 12, 30)), (2013, 1));
        assert_eq!(ENGLISH.week_of(jiff::civil::date(2012, 12, 29)), (2012, 52));
        assert_eq!(ENGLISH.weeks_in(2011), 53);
        assert_eq!(ISO.weeks_in(2020), 53);
        assert_eq!(ISO.weeks_in(2021), 52);
    }
}
