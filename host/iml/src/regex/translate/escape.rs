//! What stands behind a backslash.

use super::super::Error;
use super::{Dialect, NEVER, Translator, WORD};

/// What an escape means wherever it stands.
pub(super) enum Escaped {
    Character(char),
    /// A set of characters, as a class in brackets.
    Set(String),
}

/// JavaScript's white space.
const SPACES: &str = r"\t\n\x{B}\x{C}\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

impl Translator<'_> {
    /// Outside a class: assertions, back-references, and what [`Translator::escaped`] knows.
    pub(super) fn escape(&mut self) -> Result<(), Error> {
        match self.rest.as_bytes().first() {
            Some(b'b') => self.word_edge(true),
            Some(b'B') => self.word_edge(false),
            Some(b'1'..=b'9') if self.numbered_reference() => {}
            Some(b'k') if self.named_reference() => {}
            _ => match self.escaped()? {
                Escaped::Character(character) => self.literal(character),
                Escaped::Set(set) => self.out.push_str(&set),
            },
        }
        Ok(())
    }

    /// `\b`, or with `inside_or_outside` its opposite.
    fn word_edge(&mut self, is_edge: bool) {
        self.next();
        self.repeatable = false;
        if self.dialect == Dialect::Plain {
            self.out.push_str(if is_edge { r"\b" } else { r"\B" });
            return;
        }
        self.backtracks = true;
        let (first, second) = if is_edge { ("(?!", "(?=") } else { ("(?=", "(?!") };
        self.out.push_str(&format!("(?:(?<={WORD}){first}{WORD})|(?<!{WORD}){second}{WORD}))"));
    }

    /// `\12`, if there are so many groups.
    fn numbered_reference(&mut self) -> bool {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest[..digits].parse().unwrap_or(usize::MAX);
        if number > self.groups.len() {
            return false;
        }
        self.rest = &self.rest[digits..];
        self.reference(number);
        true
    }

    /// `\k<name>`, if there is such a group.
    fn named_reference(&mut self) -> bool {
        let Some((name, rest)) = self.rest.strip_prefix("k<").and_then(|rest| rest.split_once('>')) else {
            return false;
        };
        let Some(index) = self.groups.iter().position(|group| *group == Some(name)) else {
            return false;
        };
        self.rest = rest;
        self.reference(index + 1);
        true
    }

    fn reference(&mut self, number: usize) {
        self.backtracks = true;
        self.out.push_str(&format!(r"(?({number})\{number})"));
    }

    /// The escape behind a backslash that has been read, in a class or outside.
    pub(super) fn escaped(&mut self) -> Result<Escaped, Error> {
        let Some(letter) = self.next() else {
            return Err(super::syntax("it ends with a backslash"));
        };
        let set = match letter {
            'd' => "[0-9]".to_owned(),
            'D' => "[^0-9]".to_owned(),
            'w' => WORD.to_owned(),
            'W' => "[^A-Za-z0-9_]".to_owned(),
            's' => format!("[{SPACES}]"),
            'S' => format!("[^{SPACES}]"),
            'p' | 'P' if self.flags.unicode => return self.property(letter),
            _ => return Ok(self.escaped_character(letter)),
        };
        Ok(Escaped::Set(set))
    }

    fn escaped_character(&mut self, letter: char) -> Escaped {
        Escaped::Character(match letter {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\u{B}',
            'f' => '\u{C}',
            '0'..='7' => self.octal(letter),
            'c' => self.control(),
            'x' => self.hexadecimal(2).and_then(char::from_u32).unwrap_or('x'),
            'u' => return self.code_point(),
            other => other,
        })
    }

    /// `\p{...}` as it is: the engine knows the properties.
    fn property(&mut self, letter: char) -> Result<Escaped, Error> {
        let body = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = body.ok_or_else(|| super::syntax(r"\p wants a property in braces"))?;
        self.rest = rest;
        Ok(Escaped::Set(format!(r"[\{letter}{{{name}}}]")))
    }

    /// Up to three octal digits, at most `\377`.
    fn octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|next| next.to_digit(8)) else {
                break;
            };
            if value * 8 + digit > 0o377 {
                break;
            }
            value = value * 8 + digit;
            self.next();
        }
        char::from_u32(value).unwrap_or('\0')
    }

    /// `\cJ`; without a letter the backslash stands for itself and the `c` follows.
    fn control(&mut self) -> char {
        match self.rest.bytes().next() {
            Some(letter) if letter.is_ascii_alphabetic() => {
                self.next();
                char::from(letter % 32)
            }
            _ => {
                self.literal('\\');
                'c'
            }
        }
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest.get(..digits)?;
        let value = text.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(text, 16).ok())??;
        self.rest = &self.rest[digits..];
        Some(value)
    }

    /// `\u0041`, two of them for a surrogate pair, or with flag `u` also `\u{1F600}`.
    fn code_point(&mut self) -> Escaped {
        if self.flags.unicode
            && let Some((digits, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        {
            self.rest = rest;
            return u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map_or_else(never, Escaped::Character);
        }
        let Some(first) = self.hexadecimal(4) else {
            return Escaped::Character('u');
        };
        if let Some(character) = char::from_u32(first) {
            return Escaped::Character(character);
        }
        self.surrogate_pair(first).map_or_else(never, Escaped::Character)
    }

    fn surrogate_pair(&mut self, first: u32) -> Option<char> {
        let before = self.rest;
        let second = if self.take(r"\u") { self.hexadecimal(4) } else { None };
        let Some(second @ 0xDC00..=0xDFFF) = second.filter(|_| first < 0xDC00) else {
            self.rest = before;
            return None;
        };
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }
}

/// Half a surrogate pair: no text has one.
fn never() -> Escaped {
    Escaped::Set(NEVER.to_owned())
}
