//! Numbers as decimal digits: cut, rounded, grouped, read. The digits are those of a number's plain text, the shortest
//! that reads back the same, so 1.005 rounds as it is written and not as the double beneath it.

use crate::value::Number;

/// The text of a number, taken apart.
struct Digits<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Digits<'t> {
    fn of(text: &'t str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        Self { negative: unsigned.len() < text.len(), whole, fraction }
    }
}

/// The number without what lies behind so many decimals.
pub(super) fn cut(text: &str, decimals: i64) -> String {
    let digits = Digits::of(text);
    let number = match usize::try_from(decimals) {
        Ok(0) => digits.whole.to_owned(),
        Ok(kept) => {
            let fraction = &digits.fraction[..kept.min(digits.fraction.len())];
            let number = format!("{}.{fraction}", digits.whole);
            number.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Err(_) => with_zeros(digits.whole, decimals.unsigned_abs()),
    };
    signed(digits.negative, &number)
}

/// The whole number with so many of its last digits zero.
fn with_zeros(whole: &str, count: u64) -> String {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    match whole.len().checked_sub(count) {
        None | Some(0) => "0".to_owned(),
        Some(kept) => format!("{}{}", &whole[..kept], "0".repeat(count)),
    }
}

/// The number with so many decimals, rounded half away from zero, and its thousands grouped.
pub(super) fn write(text: &str, decimals: usize, decimal_separator: &str, group_separator: &str) -> String {
    let digits = Digits::of(text);
    let (whole, fraction) = rounded(digits.whole, digits.fraction, decimals);
    let mut number = grouped(&whole, group_separator);
    if decimals > 0 {
        number.push_str(decimal_separator);
        number.push_str(&fraction);
    }
    signed(digits.negative, &number)
}

/// With a minus sign if it is negative and not zero.
fn signed(negative: bool, number: &str) -> String {
    let is_zero = !number.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if negative && !is_zero { format!("-{number}") } else { number.to_owned() }
}

/// The digits before and behind the point, with exactly so many behind it.
fn rounded(whole: &str, fraction: &str, decimals: usize) -> (String, String) {
    if fraction.len() <= decimals {
        return (whole.to_owned(), format!("{fraction:0<decimals$}"));
    }
    let rounds_up = fraction.as_bytes()[decimals] >= b'5';
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(decimals)).collect();
    if rounds_up {
        increment(&mut digits);
    }
    let text: String = digits.into_iter().map(char::from).collect();
    let (whole, fraction) = text.split_at(text.len() - decimals);
    (whole.to_owned(), fraction.to_owned())
}

/// Adds one to a row of digits.
fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

fn grouped(whole: &str, separator: &str) -> String {
    let first = (whole.len() + 2) % 3 + 1;
    let mut out = whole[..first.min(whole.len())].to_owned();
    for group in whole.as_bytes()[first.min(whole.len())..].chunks(3) {
        out.push_str(separator);
        out.extend(group.iter().map(|digit| char::from(*digit)));
    }
    out
}

/// Reads a number. Blanks group digits, and so does the other one of point and comma.
pub(super) fn read(text: &str, separator: &str) -> Option<Number<'static>> {
    let other = if separator == "," { '.' } else { ',' };
    let is_group = |character: char| character.is_whitespace() || character == other;
    let (whole, fraction) = text.trim().split_once(separator).unwrap_or((text.trim(), ""));
    let digits: String = whole.chars().filter(|character| !is_group(*character)).collect();
    if fraction.is_empty() {
        return Number::parse(&digits);
    }
    let starts_with_digit = fraction.starts_with(|first: char| first.is_ascii_digit());
    if starts_with_digit { Number::parse(&format!("{digits}.{fraction}")) } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_as_they_are_written() {
        for (number, decimals, expected) in [
            ("1.005", 2, "1,01"),
            ("-1.005", 2, "-1,01"),
            ("999.995", 2, "1.000,00"),
            ("0.5", 0, "1"),
            ("-0.4", 0, "0"),
            ("-0.001", 2, "0,00"),
            ("12", 3, "12,000"),
            ("123456789012345678901", 1, "123.456.789.012.345.678.901,0"),
            ("0.05", 1, "0,1"),
        ] {
            assert_eq!(write(number, decimals, ",", "."), expected, "{number}");
        }
    }

    #[test]
    fn cutting_never_rounds() {
        for (number, decimals, expected) in [
            ("4.99", 1, "4.9"),
            ("100.05", 1, "100"),
            ("-4.99", 0, "-4"),
            ("-0.5", 0, "0"),
            ("1999", -3, "1000"),
            ("99", -2, "0"),
            ("5", 3, "5"),
        ] {
            assert_eq!(cut(number, decimals), expected, "{number}");
        }
    }

    #[test]
    fn separators_are_read_as_named() {
        let number = |text, separator| read(text, separator).map(|number| number.text().into_owned());
        assert_eq!(number("1.756,5", ",").unwrap(), "1756.5");
        assert_eq!(number("1\u{a0}756.5", ".").unwrap(), "1756.5");
        assert_eq!(number("-,5", ",").unwrap(), "-0.5");
        assert_eq!(number("12", ",").unwrap(), "12");
        for text in ["", "abc", "1.2.3", "12px", "1. 5", "."] {
            assert_eq!(number(text, "."), None, "{text}");
        }
    }
}
