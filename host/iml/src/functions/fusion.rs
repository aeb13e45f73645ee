//! Functions that only Workfront Fusion has, and what does the same on Make.

use std::ops::Range;

use crate::error::Warning;

/// The way that Make offers instead of a function of Fusion's.
pub(crate) fn instead_of(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(fusion, _)| *fusion == name).map(|(_, instead)| *instead)
}

/// The doubt about a function that is here although Make lacks it.
pub(crate) fn warning(name: &str, span: &Range<usize>) -> Option<Warning> {
    let message = format!("`{name}` is Workfront Fusion's; Make does not have it");
    let instead = TOLERATED.iter().find(|(fusion, _)| *fusion == name)?.1;
    Some(Warning::new(message, format!("Make's way is {instead}"), span.clone()))
}

/// In the tables because published specs call them.
static TOLERATED: &[(&str, &str)] = &[("arrayDifference", "`arrayDiff(a; b)`"), ("dateDiff", "`dateDifference(end; start; unit)`")];

static INSTEAD: &[(&str, &str)] = &[
    ("isBlank", "`ifempty(value; otherwise)`, or `if(length(value) = 0; ...)`"),
    ("in", "`contains(array; value)`"),
    ("ifin", "`if(contains(array; value); then; else)`"),
    ("case", "`switch(value; case; result; ...; else)`"),
    ("mergeCollections", "`toCollection(merge(toArray(a); toArray(b)); \"key\"; \"value\")`"),
    ("div", "`a / b`"),
    ("ln", "a custom function"),
    ("log", "a custom function"),
    ("number", "`parseNumber(text; \".\")`"),
    ("power", "`a * a`"),
    ("prod", "`a * b`"),
    ("sqrt", "a custom function"),
    ("sub", "`a - b`"),
    ("sortAscNum", "`sort(array; \"asc\")`"),
    ("sortDescNum", "`sort(array; \"desc\")`"),
    ("concat", "`a + b`"),
    ("left", "`substring(text; 0; count)`"),
    ("right", "`substring(text; length(text) - count; length(text))`"),
    ("removeAccents", "`ascii(text; true)`"),
    ("replacePattern", "`replace(text; \"/pattern/g\"; replacement)`"),
    ("sortAscString", "`sort(array; \"asc\")`"),
    ("sortDescString", "`sort(array; \"desc\")`"),
    ("pascal", "`replace(startcase(text); space; emptystring)`"),
    ("addWeekDays", "`addDays(date; count)`"),
    ("dayOfMonth", "`formatDate(date; \"D\")`"),
    ("dayOfWeek", "`formatDate(date; \"E\")`"),
    ("daysInMonth", "`formatDate(addDays(setDate(addMonths(date; 1); 1); -1); \"D\")`"),
    ("daysInSplitWeek", "a custom function"),
    ("daysInYear", "`formatDate(setDate(setMonth(date; 12); 31); \"DDD\")`"),
    ("dateMax", "`if(a > b; a; b)`"),
    ("dateMin", "`if(a < b; a; b)`"),
    ("endOfMonth", "`addDays(setDate(addMonths(date; 1); 1); -1)`"),
    ("startOfMonth", "`setDate(date; 1)`"),
    ("hour", "`formatDate(date; \"H\")`"),
    ("minute", "`formatDate(date; \"m\")`"),
    ("second", "`formatDate(date; \"s\")`"),
    ("month", "`formatDate(date; \"M\")`"),
    ("year", "`formatDate(date; \"YYYY\")`"),
    ("isWeekend", "`formatDate(date; \"E\") > 5`"),
    ("weekDayDiff", "a custom function"),
    ("workMinutesDiff", "a custom function"),
    ("arrayElement", "`get(array; position)`, counted from 1"),
];
