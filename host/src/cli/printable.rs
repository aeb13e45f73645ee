//! Text that strangers wrote, in a log or on a terminal: what would be obeyed is shown instead.
//!
//! That is every control character (C0, DEL, C1), what else ends a line (U+2028, U+2029), and what turns the direction of
//! the text around (UAX #9), so that a line never looks like another one, or like two.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The text on one line.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed)
}

/// The text with its line breaks and tabs, for a body or a diagnostic of several lines.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_obeyed(character) && !matches!(character, '\n' | '\t'))
}

/// The text on one line, with the colours that we have put into it.
pub(super) fn coloured_line(text: &str) -> String {
    let parts = text.split("\u{1b}[").enumerate().map(|(place, part)| match (place, part.split_once('m')) {
        (0, _) => on_one_line(part),
        (_, Some((colour, rest))) if is_colour(colour) => Cow::Owned(format!("\u{1b}[{colour}m{}", on_one_line(rest))),
        _ => Cow::Owned(format!("\\u{{1b}}[{}", on_one_line(part))),
    });
    parts.collect()
}

/// The text with its lines and tabs, and with the colours that we have put into it.
pub(super) fn coloured_lines(text: &str) -> String {
    let words = |line: &str| line.split('\t').map(coloured_line).collect::<Vec<_>>().join("\t");
    text.split('\n').map(words).collect::<Vec<_>>().join("\n")
}

fn is_colour(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')
}

/// JSON with what JSON itself leaves alone (DEL, C1 and what turns text around) escaped. It says the same.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    // All of them stand in texts, and none is beyond 16 bits.
    let left_alone = |character: char| character >= '\u{7f}' && is_obeyed(character);
    if !text.contains(left_alone) {
        return Cow::Borrowed(text);
    }
    let shown = |character: char| match left_alone(character) {
        true => format!("\\u{:04x}", u32::from(character)),
        false => character.to_string(),
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Whether a terminal, or whoever reads a log, obeys a character instead of showing it.
pub(super) fn is_obeyed(character: char) -> bool {
    let turns = matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Passes text on and shows what would be obeyed. Line breaks become `line_break`.
pub(super) struct Escaping<W> {
    pub(super) out: W,
    pub(super) line_break: &'static str,
}

impl<W: Write> Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut clean = 0;
        for (at, character) in text.char_indices().filter(|(_, character)| is_obeyed(*character)) {
            self.out.write_str(&text[clean..at])?;
            match character {
                '\n' => self.out.write_str(self.line_break)?,
                _ => write!(self.out, "{}", character.escape_default())?,
            }
            clean = at + character.len_utf8();
        }
        self.out.write_str(&text[clean..])
    }
}

fn escaped(text: &str, is_obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |character: char| match is_obeyed(character) {
        true => Cow::Owned(character.escape_default().to_string()),
        false => Cow::Owned(character.to_string()),
    };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_lines_are_kept() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}\r\n\tc"), "a\\u{1b}[2Jb\\u{9b}\\r\n\tc");
        assert!(matches!(printable("plain\nü"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_that_is_obeyed_is_left_on_one_line() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        assert!(!on_one_line(&all).contains(is_obeyed));
        assert_eq!(on_one_line("a\n\tb\u{202e}c\u{2028}d\u{7f}"), "a\\n\\tb\\u{202e}c\\u{2028}d\\u{7f}");
        assert_eq!(on_one_line("naïve 日本 🎉"), "naïve 日本 🎉");
    }

    #[test]
    fn colours_stay_and_everything_else_is_shown() {
        let line = "\u{1b}[31mfailed\u{1b}[0m \u{1b}[2J\u{1b}]0;title\u{7}\n\u{1b}[1;31mx";
        let shown = "\u{1b}[31mfailed\u{1b}[0m \\u{1b}[2J\\u{1b}]0;title\\u{7}\\n\u{1b}[1;31mx";
        assert_eq!(coloured_line(line), shown);
    }

    #[test]
    fn escaped_json_says_the_same_and_holds_nothing_that_is_obeyed() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let written = serde_json::to_string(&all).unwrap();
        assert!(!json(&written).contains(is_obeyed));
        assert_eq!(serde_json::from_str::<String>(&json(&written)).unwrap(), all);
    }

    #[test]
    fn what_passes_through_a_writer_is_escaped_and_its_lines_are_marked() {
        let mut escaping = Escaping { out: String::new(), line_break: "\n  | " };
        escaping.write_str("a\u{1b}b\r\nc\nd").unwrap();
        assert_eq!(escaping.out, "a\\u{1b}b\\r\n  | c\n  | d");
    }
}
