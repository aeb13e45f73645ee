//! English names of months and weekdays.

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The month, 1 to 12, of an English name or its first three letters or more, in any case.
pub(crate) fn month_by_name(name: &str) -> Option<i64> {
    position(&MONTHS, name).map(|index| index + 1)
}

/// The weekday, 1 (Sunday) to 7 (Saturday), of an English name or its first three letters or more, in any case.
pub(crate) fn weekday_by_name(name: &str) -> Option<i64> {
    position(&WEEKDAYS, name).map(|index| index + 1)
}

fn position(names: &[&str], given: &str) -> Option<i64> {
    let given = given.trim().trim_end_matches('.');
    let index = names.iter().position(|name| given.len() >= 3 && starts_with(name, given))?;
    i64::try_from(index).ok()
}

/// The index of the name of which `word` begins with the first `letters` letters: moment's lenient reading of names.
pub(super) fn index_of_prefix(names: &[&str], word: &str, letters: usize) -> Option<i64> {
    let index = names.iter().position(|name| starts_with(word, &name[..letters]))?;
    i64::try_from(index).ok()
}

/// Whether `text` begins with `prefix`, ASCII letters compared without case.
pub(super) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
