//! Finds the piece of text that a token takes: the first that fits, wherever it stands.

use std::ops::Range;

/// Where `text` has something for this field; `None` if nothing fits.
pub(super) fn find(text: &str, field: &str) -> Option<Range<usize>> {
    match field {
        "X" => timestamp(text),
        "x" | "Y" => digits(text, 1, usize::MAX, true),
        "Z" | "ZZ" => offset(text),
        "a" | "A" => meridiem(text),
        "MMM" | "MMMM" | "dd" | "ddd" | "dddd" => word(text),
        "Do" => day_ordinal(text),
        _ => number(text, field),
    }
}

fn number(text: &str, field: &str) -> Option<Range<usize>> {
    match field {
        "YYYY" | "gggg" | "GGGG" => digits(text, 1, 4, false),
        "YYYYY" | "YYYYYY" | "ggggg" | "GGGGG" => digits(text, 1, 6, true),
        "DDD" | "S" | "SS" | "SSS" => digits(text, 1, 3, false),
        "DDDD" => digits(text, 3, 3, false),
        "Hmm" | "hmm" => digits(text, 3, 4, false),
        "Hmmss" | "hmmss" => digits(text, 5, 6, false),
        "Q" => digits(text, 1, 1, false),
        "z" | "zz" | "Qo" | "Mo" | "DDDo" | "do" | "wo" | "Wo" => None,
        _ if field.starts_with('S') => digits(text, 1, usize::MAX, false),
        _ => digits(text, 1, 2, false),
    }
}

/// The first run of at least `least` digits, cut at `most`, with its sign if the token has one.
fn digits(text: &str, least: usize, most: usize, signed: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = digit_run(&bytes[at..]);
        if run >= least {
            let start = if signed && at > 0 && matches!(bytes[at - 1], b'+' | b'-') { at - 1 } else { at };
            return Some(start..at + run.min(most));
        }
        at += run.max(1);
    }
    None
}

fn digit_run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Seconds with up to three decimals.
fn timestamp(text: &str) -> Option<Range<usize>> {
    let whole = digits(text, 1, usize::MAX, true)?;
    let after = &text.as_bytes()[whole.end..];
    let decimals = if after.first() == Some(&b'.') { digit_run(&after[1..]).min(3) } else { 0 };
    let length = if decimals == 0 { 0 } else { decimals + 1 };
    Some(whole.start..whole.end + length)
}

/// `Z`, `+02`, `+0200` or `+02:00`.
fn offset(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find_map(|at| Some(at..at + offset_length(&bytes[at..])?))
}

fn offset_length(bytes: &[u8]) -> Option<usize> {
    match bytes[0] {
        b'Z' | b'z' => Some(1),
        b'+' | b'-' if digit_run(&bytes[1..]) >= 2 => {
            let colon = usize::from(bytes.get(3) == Some(&b':'));
            let has_minutes = bytes.get(3 + colon..).is_some_and(|rest| digit_run(rest) >= 2);
            Some(if has_minutes { 5 + colon } else { 3 })
        }
        _ => None,
    }
}

/// The first `a` or `p`, with what belongs to it of `.m.`.
fn meridiem(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let start = bytes.iter().position(|byte| matches!(byte.to_ascii_lowercase(), b'a' | b'p'))?;
    let mut end = start + 1;
    for wanted in [b'.', b'm', b'.'] {
        end += usize::from(bytes.get(end).is_some_and(|byte| byte.to_ascii_lowercase() == wanted));
    }
    Some(start..end)
}

fn word(text: &str) -> Option<Range<usize>> {
    let start = text.find(char::is_alphabetic)?;
    let length = text[start..].find(|character: char| !character.is_alphabetic() && character != '\'');
    Some(start..length.map_or(text.len(), |length| start + length))
}

/// One or two digits and, if it stands there, their English ending.
fn day_ordinal(text: &str) -> Option<Range<usize>> {
    let day = digits(text, 1, 2, false)?;
    let has_ending = text
        .get(day.end..day.end + 2)
        .is_some_and(|ending| ["st", "nd", "rd", "th"].iter().any(|known| known.eq_ignore_ascii_case(ending)));
    Some(day.start..day.end + if has_ending { 2 } else { 0 })
}
