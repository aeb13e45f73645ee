//! Cuts a moment pattern into its tokens.

/// One piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'p> {
    /// Text that stands for itself: in square brackets, after a backslash, or no token.
    Literal(&'p str),
    /// A token such as `YYYY`, in its spelling.
    Field(&'p str),
    /// A long form such as `LT`, which stands for this pattern.
    Long(&'static str),
}

/// Every field, longer ones before those that begin them.
#[rustfmt::skip]
const FIELDS: &[&str] = &[
    "Hmmss", "hmmss", "Hmm", "hmm",
    "YYYYYY", "YYYYY", "YYYY", "YY", "Y", "Qo", "Q",
    "MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDDo", "DDD", "DD", "Do", "D",
    "dddd", "ddd", "dd", "do", "d", "E", "e",
    "ww", "wo", "w", "WW", "Wo", "W", "ggggg", "gggg", "gg", "GGGGG", "GGGG", "GG",
    "HH", "H", "hh", "h", "kk", "k", "A", "a", "mm", "m", "ss", "s",
    "SSSSSSSSS", "SSSSSSSS", "SSSSSSS", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S",
    "X", "x", "ZZ", "Z", "zz", "z",
];

const LONG_FORMS: &[(&str, &str)] = &[
    ("LTS", "h:mm:ss A"),
    ("LT", "h:mm A"),
    ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
    ("LLL", "MMMM D, YYYY h:mm A"),
    ("LL", "MMMM D, YYYY"),
    ("L", "MM/DD/YYYY"),
    ("llll", "ddd, MMM D, YYYY h:mm A"),
    ("lll", "MMM D, YYYY h:mm A"),
    ("ll", "MMM D, YYYY"),
    ("l", "M/D/YYYY"),
];

/// The tokens of a pattern from left to right; characters that are none come out as literals.
pub(super) fn tokens(pattern: &str) -> Tokens<'_> {
    Tokens { rest: pattern }
}

pub(super) struct Tokens<'p> {
    rest: &'p str,
}

impl<'p> Iterator for Tokens<'p> {
    type Item = Token<'p>;

    fn next(&mut self) -> Option<Token<'p>> {
        let first = self.rest.chars().next()?;
        if first == '['
            && let Some(end) = bracket_end(self.rest)
        {
            return Some(Token::Literal(&self.take(end + 1)[1..end]));
        }
        if first == '\\' && self.rest.len() > 1 {
            self.take(1);
            let length = self.token_length();
            return Some(Token::Literal(self.take(length)));
        }
        if let Some((spelling, pattern)) = LONG_FORMS.iter().find(|(spelling, _)| self.rest.starts_with(spelling)) {
            self.take(spelling.len());
            return Some(Token::Long(pattern));
        }
        let is_field = self.field().is_some();
        let length = self.token_length();
        let text = self.take(length);
        Some(if is_field { Token::Field(text) } else { Token::Literal(text) })
    }
}

impl<'p> Tokens<'p> {
    fn field(&self) -> Option<&'static str> {
        FIELDS.iter().find(|field| self.rest.starts_with(**field)).copied()
    }

    /// The length in bytes of the field here, or else of the character here.
    fn token_length(&self) -> usize {
        let character = || self.rest.chars().next().map_or(0, char::len_utf8);
        self.field().map_or_else(character, str::len)
    }

    fn take(&mut self, length: usize) -> &'p str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

/// Where the `]` of the bracket at the start stands: the last one before another `[`, as moment reads it.
fn bracket_end(text: &str) -> Option<usize> {
    let limit = text[1..].find('[').map_or(text.len(), |next| next + 1);
    text[..limit].rfind(']')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spelled(pattern: &str) -> Vec<Token<'_>> {
        tokens(pattern).collect()
    }

    #[test]
    fn the_longest_field_wins() {
        assert_eq!(spelled("YYYYMM"), [Token::Field("YYYY"), Token::Field("MM")]);
        assert_eq!(spelled("HHmm"), [Token::Field("HH"), Token::Field("mm")]);
        assert_eq!(spelled("Do"), [Token::Field("Do")]);
    }

    #[test]
    fn brackets_and_backslashes_make_literals() {
        assert_eq!(spelled("[W]W"), [Token::Literal("W"), Token::Field("W")]);
        assert_eq!(spelled("\\MMD"), [Token::Literal("MM"), Token::Field("D")]);
        assert_eq!(spelled("[é"), [Token::Literal("["), Token::Literal("é")]);
    }

    #[test]
    fn letters_that_are_no_token_pass_through() {
        assert_eq!(spelled("DTH"), [Token::Field("D"), Token::Literal("T"), Token::Field("H")]);
    }
}
