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

/// The fields that begin with a letter, longer ones before those that begin them. Most characters of a pattern begin none.
fn fields(first: char) -> &'static [&'static str] {
    match first {
        'Y' => &["YYYYYY", "YYYYY", "YYYY", "YY", "Y"],
        'Q' => &["Qo", "Q"],
        'M' => &["MMMM", "MMM", "MM", "Mo", "M"],
        'D' => &["DDDD", "DDDo", "DDD", "DD", "Do", "D"],
        'd' => &["dddd", "ddd", "dd", "do", "d"],
        'E' => &["E"],
        'e' => &["e"],
        'w' => &["ww", "wo", "w"],
        'W' => &["WW", "Wo", "W"],
        'g' => &["ggggg", "gggg", "gg"],
        'G' => &["GGGGG", "GGGG", "GG"],
        'H' => &["Hmmss", "Hmm", "HH", "H"],
        'h' => &["hmmss", "hmm", "hh", "h"],
        'k' => &["kk", "k"],
        'A' => &["A"],
        'a' => &["a"],
        'm' => &["mm", "m"],
        's' => &["ss", "s"],
        'S' => &["SSSSSSSSS", "SSSSSSSS", "SSSSSSS", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S"],
        'X' => &["X"],
        'x' => &["x"],
        'Z' => &["ZZ", "Z"],
        'z' => &["zz", "z"],
        _ => &[],
    }
}

/// The long forms that begin with a letter, and the patterns they stand for.
fn long_forms(first: char) -> &'static [(&'static str, &'static str)] {
    match first {
        'L' => &[
            ("LTS", "h:mm:ss A"),
            ("LT", "h:mm A"),
            ("LLLL", "dddd, MMMM D, YYYY h:mm A"),
            ("LLL", "MMMM D, YYYY h:mm A"),
            ("LL", "MMMM D, YYYY"),
            ("L", "MM/DD/YYYY"),
        ],
        'l' => &[("llll", "ddd, MMM D, YYYY h:mm A"), ("lll", "MMM D, YYYY h:mm A"), ("ll", "MMM D, YYYY"), ("l", "M/D/YYYY")],
        _ => &[],
    }
}

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
        if first == '\\'
            && let Some(escaped) = self.rest[1..].chars().next()
        {
            self.take(1);
            let length = self.field(escaped).map_or(escaped.len_utf8(), str::len);
            return Some(Token::Literal(self.take(length)));
        }
        if let Some((spelling, pattern)) = long_forms(first).iter().find(|(spelling, _)| self.rest.starts_with(spelling)) {
            self.take(spelling.len());
            return Some(Token::Long(pattern));
        }
        Some(match self.field(first) {
            Some(field) => Token::Field(self.take(field.len())),
            None => Token::Literal(self.take(first.len_utf8())),
        })
    }
}

impl<'p> Tokens<'p> {
    /// The field that stands here; `first` is the character here.
    fn field(&self, first: char) -> Option<&'static str> {
        // Comparing the last letter first spares most of the comparisons.
        let last_fits = |field: &str| self.rest.as_bytes().get(field.len() - 1) == field.as_bytes().last();
        fields(first).iter().find(|field| last_fits(field) && self.rest.starts_with(**field)).copied()
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
