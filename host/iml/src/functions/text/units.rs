//! Texts as sequences of UTF-16 units, which is how JavaScript counts them.

/// A position as JavaScript takes one: nothing is before 0.
pub(super) fn clamp(position: i64) -> usize {
    usize::try_from(position.max(0)).unwrap_or(usize::MAX)
}

/// The units from `start` to before `end`; half a surrogate pair becomes U+FFFD.
pub(super) fn substring(text: &str, start: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().skip(start).take(end - start).collect();
    String::from_utf16_lossy(&units)
}

/// How many units stand before the first place at or after `start` where `searched` is found. A start behind the
/// end of the text counts as its end.
pub(super) fn index_of(text: &str, searched: &str, start: usize) -> Option<usize> {
    let (from, skipped) = byte_of_unit(text, start);
    let at = text[from..].find(searched)?;
    Some(skipped + text[from..from + at].encode_utf16().count())
}

/// The first byte of the character at or after a unit, and how many units stand before it.
fn byte_of_unit(text: &str, unit: usize) -> (usize, usize) {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= unit {
            return (at, units);
        }
        units += character.len_utf16();
    }
    (text.len(), units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_pair_becomes_the_replacement_character() {
        assert_eq!(substring("a😀b", 0, 2), "a\u{FFFD}");
        assert_eq!(substring("a😀b", 1, 3), "😀");
        assert_eq!(substring("a😀b", 3, usize::MAX), "b");
    }

    #[test]
    fn positions_count_units() {
        assert_eq!(index_of("😀x😀x", "x", 0), Some(2));
        assert_eq!(index_of("😀x😀x", "x", 3), Some(5));
        assert_eq!(index_of("abc", "", 9), Some(3));
        assert_eq!(index_of("abc", "a", 1), None);
    }
}
