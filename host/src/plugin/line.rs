//! Text of a plugin, or about one, as one line of bounded length: it can neither fill a log nor look like another line of it.

/// The text without control characters and cut at so many bytes.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    let mut line = text[..end].replace(char::is_control, " ");
    if end < text.len() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_taken_out_and_what_is_long_is_cut() {
        assert_eq!(one_line("a\nb\u{1b}c", 100), "a b c");
        assert_eq!(one_line("grüße", 3), "gr…");
        assert_eq!(one_line("", 3), "");
    }
}
