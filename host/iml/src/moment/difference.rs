//! How far two dates are apart, in whole units as moment's `diff` counts them.

use jiff::Span;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{instant, local};

/// `later - earlier` in whole units, cut toward zero; days and larger units count on the wall clock of `zone`.
/// `None` if there is no such unit.
pub(crate) fn difference(later: i64, earlier: i64, unit: &str, zone: &TimeZone) -> Option<i64> {
    let elapsed = later.checked_sub(earlier)?;
    let unit = unit.trim().to_ascii_lowercase();
    Some(match unit.strip_suffix('s').unwrap_or(&unit) {
        "millisecond" => elapsed,
        "second" => elapsed / 1_000,
        "minute" => elapsed / 60_000,
        "hour" => elapsed / 3_600_000,
        "day" => local_days(later, earlier, zone)?,
        "week" => local_days(later, earlier, zone)? / 7,
        "month" => months(later, earlier, zone)?,
        "quarter" => months(later, earlier, zone)? / 3,
        "year" => months(later, earlier, zone)? / 12,
        _ => return None,
    })
}

/// Whole days between what the wall clock shows.
fn local_days(later: i64, earlier: i64, zone: &TimeZone) -> Option<i64> {
    let shown = |at| local(at, zone).and_then(|local| instant(local, &TimeZone::UTC)).ok();
    Some((shown(later)? - shown(earlier)?) / 86_400_000)
}

fn months(later: i64, earlier: i64, zone: &TimeZone) -> Option<i64> {
    let (later, earlier) = (local(later, zone).ok()?, local(earlier, zone).ok()?);
    if later < earlier { Some(-whole_months(earlier, later)?) } else { whole_months(later, earlier) }
}

/// How many months fit in between; a month ends at the same day and time, or at the last day of a shorter one.
fn whole_months(later: DateTime, earlier: DateTime) -> Option<i64> {
    let years = i64::from(later.year()) - i64::from(earlier.year());
    let months = years * 12 + i64::from(later.month()) - i64::from(earlier.month());
    let reached = earlier.checked_add(Span::new().try_months(months).ok()?).ok()?;
    Some(if reached > later { months - 1 } else { months })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn between(later: &str, earlier: &str, unit: &str, zone: &str) -> Option<i64> {
        let zone = super::super::zone_by_name(zone).unwrap();
        let read = |text| super::super::detect(text, &zone).unwrap();
        difference(read(later), read(earlier), unit, &zone)
    }

    #[test]
    fn units_are_whole_and_cut_toward_zero() {
        let (late, early) = ("2021-05-11T18:59:59.999Z", "2021-05-11T17:00:00.000Z");
        assert_eq!(between(late, early, "hours", "UTC"), Some(1));
        assert_eq!(between(early, late, "hours", "UTC"), Some(-1));
        assert_eq!(between(late, early, "minute", "UTC"), Some(119));
        assert_eq!(between(late, early, "Milliseconds", "UTC"), Some(7_199_999));
        assert_eq!(between(late, early, "fortnights", "UTC"), None);
    }

    #[test]
    fn months_reach_to_the_last_day_of_shorter_ones() {
        assert_eq!(between("2023-02-28", "2023-01-31", "months", "UTC"), Some(1));
        assert_eq!(between("2023-02-27", "2023-01-31", "months", "UTC"), Some(0));
        assert_eq!(between("2021-05-11", "2022-06-12", "months", "UTC"), Some(-13));
        assert_eq!(between("2024-02-29", "2020-02-29", "years", "UTC"), Some(4));
        assert_eq!(between("2024-02-29", "2020-02-29", "quarters", "UTC"), Some(16));
    }

    #[test]
    fn a_day_is_a_day_though_the_clocks_change() {
        assert_eq!(between("2024-04-01", "2024-03-31", "days", "Europe/Prague"), Some(1));
        assert_eq!(between("2024-04-01", "2024-03-31", "hours", "Europe/Prague"), Some(23));
        assert_eq!(between("2024-04-14", "2024-03-31", "weeks", "Europe/Prague"), Some(2));
    }
}
