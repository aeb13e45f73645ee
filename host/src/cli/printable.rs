//! What strangers sent, on a terminal.

use std::borrow::Cow;

/// The text with its control characters shown instead of obeyed, but for line breaks and tabs: a body must not be able to
/// clear the operator's screen.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if obeyed(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_lines_are_kept() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}\r\n\tc"), "a\\u{1b}[2Jb\\u{9b}\\r\n\tc");
        assert!(matches!(printable("plain\nü"), Cow::Borrowed(_)));
    }
}
