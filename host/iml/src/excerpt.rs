//! What a message quotes of a text that came with a request: on one line, and not all of it.

/// Characters of a text that a message quotes.
const LONGEST: usize = 200;

/// The beginning of `text`, with its control characters as escapes, so that a message that quotes it stays one short line.
pub fn excerpt(text: &str) -> String {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
    let mut quoted = String::with_capacity(end);
    for character in text[..end].chars() {
        match character {
            '\'' | '"' | '\\' => quoted.push(character),
            // Everything that cannot be printed, and nothing else.
            _ => quoted.extend(character.escape_debug()),
        }
    }
    if end < text.len() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("naïve 'q' 日本"), "naïve 'q' 日本");
        assert_eq!(excerpt("a\nb\u{1b}[2J\u{9b}\u{2028}\u{202e}\t"), "a\\nb\\u{1b}[2J\\u{9b}\\u{2028}\\u{202e}\\t");
        assert_eq!(excerpt(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
        assert_eq!(excerpt(&"é".repeat(LONGEST + 1)), "é".repeat(LONGEST) + "…");
    }
}
