//! Character classes: `[a-z\d]`.

use super::super::Error;
use super::escape::Escaped;
use super::{NEVER, Translator, syntax};

impl Translator<'_> {
    /// The class whose opening bracket has been read.
    pub(super) fn class(&mut self) -> Result<(), Error> {
        if self.take("]") {
            self.out.push_str(NEVER);
            return Ok(());
        }
        if self.take("^]") {
            self.out.push_str("(?s:.)");
            return Ok(());
        }
        let negated = self.take("^");
        self.out.push_str(if negated { "[^" } else { "[" });
        while !self.take("]") {
            self.class_item()?;
        }
        self.out.push(']');
        Ok(())
    }

    /// One character, set or range. A hyphen beside a set or at an end stands for itself.
    fn class_item(&mut self) -> Result<(), Error> {
        let first = self.class_atom()?;
        let is_range = self.rest.starts_with('-') && !self.rest[1..].starts_with(']') && self.rest.len() > 1;
        let Escaped::Character(first) = first else {
            self.class_set(first);
            return Ok(());
        };
        if !is_range {
            self.class_character(first);
            return Ok(());
        }
        self.take("-");
        match self.class_atom()? {
            Escaped::Character(last) if first > last => Err(syntax("a range in a class runs backwards")),
            Escaped::Character(last) => {
                self.class_character(first);
                self.out.push('-');
                self.class_character(last);
                Ok(())
            }
            set @ Escaped::Set(_) => {
                self.class_character(first);
                self.class_character('-');
                self.class_set(set);
                Ok(())
            }
        }
    }

    fn class_atom(&mut self) -> Result<Escaped, Error> {
        match self.next() {
            None => Err(syntax("a class is not closed")),
            Some('\\') if self.take("b") => Ok(Escaped::Character('\u{8}')),
            Some('\\') => self.escaped(),
            Some(other) => Ok(Escaped::Character(other)),
        }
    }

    fn class_set(&mut self, set: Escaped) {
        if let Escaped::Set(set) = set {
            self.out.push_str(&set);
        }
    }

    fn class_character(&mut self, character: char) {
        if r"\[]^-&~".contains(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }
}
