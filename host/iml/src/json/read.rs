//! The reader: one pass over the bytes, one slot on the tape for every value and key.

use super::node::{Kind, Slot, fingerprint};
use super::scan::plain_prefix;
use super::{DEPTH_LIMIT, Error, escape};
use crate::budget::Budget;

/// Reads the whole of `source` into a tape.
pub(super) fn read(source: &str, comments: bool, budget: &dyn Budget) -> Result<(Vec<Slot>, usize), Error> {
    if source.len() >= u32::MAX as usize {
        return Err(Error::new("the text is longer than 4 GiB", 0));
    }
    let start = if source.starts_with('\u{feff}') { 3 } else { 0 };
    let tape = Vec::with_capacity(source.len() / 16 + 4);
    let mut reader = Reader { source, bytes: source.as_bytes(), at: start, tape, open: Vec::new(), depth: 0, comments, budget };
    reader.document()?;
    Ok((reader.tape, reader.depth))
}

struct Reader<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    tape: Vec<Slot>,
    /// Tape indices of the arrays and objects that are still open.
    open: Vec<u32>,
    /// How many were open at once at most.
    depth: usize,
    comments: bool,
    budget: &'s dyn Budget,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Error> {
        loop {
            self.stay_within_budget()?;
            if self.value()? {
                continue;
            }
            if !self.close()? {
                break;
            }
        }
        self.space()?;
        if self.at < self.bytes.len() {
            return Err(self.unexpected("the text should end here"));
        }
        Ok(())
    }

    /// Asks the budget each time that the tape is about to grow.
    fn stay_within_budget(&self) -> Result<(), Error> {
        if self.tape.len() < self.tape.capacity() {
            return Ok(());
        }
        let ended = |interrupt| Error { interrupt: Some(interrupt), ..Error::new(format!("{interrupt}"), self.at) };
        self.budget.check_now().map_err(ended)
    }

    /// Reads one value, or the opening of a container that has members: then true, and a value follows.
    fn value(&mut self) -> Result<bool, Error> {
        self.space()?;
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.text()?,
            Some(b'{') => return self.open_object(),
            Some(b'[') => return self.open_array(),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::Bool)?,
            Some(b'f') => self.word("false", Kind::Bool)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            _ => return Err(self.unexpected("a value is missing here")),
        }
        debug_assert!(self.at > start, "a value takes at least one byte");
        Ok(false)
    }

    /// After a value: takes the separator to the next one (true), or closes what ends here (false at the very end).
    fn close(&mut self) -> Result<bool, Error> {
        while let Some(&container) = self.open.last() {
            self.space()?;
            let object = self.tape[container as usize].kind == Kind::Object;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if !self.trailing(object)? {
                        if object {
                            self.key()?;
                        }
                        return Ok(true);
                    }
                }
                Some(b'}') if object => self.end_container(container),
                Some(b']') if !object => self.end_container(container),
                _ if object => return Err(self.unexpected("expected `,` or `}` here")),
                _ => return Err(self.unexpected("expected `,` or `]` here")),
            }
        }
        Ok(false)
    }

    /// Whether a comma just read was a trailing one; where comments are allowed so are those.
    fn trailing(&mut self, object: bool) -> Result<bool, Error> {
        if !self.comments {
            return Ok(false);
        }
        self.space()?;
        Ok(self.peek() == Some(if object { b'}' } else { b']' }))
    }

    fn open_object(&mut self) -> Result<bool, Error> {
        self.open(Kind::Object)?;
        self.space()?;
        if self.peek() == Some(b'}') {
            return Ok(false);
        }
        self.key()?;
        Ok(true)
    }

    fn open_array(&mut self) -> Result<bool, Error> {
        self.open(Kind::Array)?;
        self.space()?;
        Ok(self.peek() != Some(b']'))
    }

    fn open(&mut self, kind: Kind) -> Result<(), Error> {
        if self.open.len() == DEPTH_LIMIT {
            return Err(Error::new(format!("nested deeper than {DEPTH_LIMIT} levels"), self.at));
        }
        self.open.push(self.tape.len() as u32);
        self.depth = self.depth.max(self.open.len());
        self.push(kind, self.at, self.at, false);
        self.at += 1;
        Ok(())
    }

    fn end_container(&mut self, container: u32) {
        self.at += 1;
        self.open.pop();
        let next = self.tape.len() as u32;
        let slot = &mut self.tape[container as usize];
        slot.end = self.at as u32;
        slot.next = next;
        if let Some(&around) = self.open.last()
            && self.tape[around as usize].kind == Kind::Object
        {
            self.tape[container as usize - 1].next = next;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize, escaped: bool) {
        let next = self.tape.len() as u32 + 1;
        self.tape.push(Slot { start: start as u32, end: end as u32, next, kind, escaped, fingerprint: 0 });
    }

    fn key(&mut self) -> Result<(), Error> {
        self.space()?;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes is missing here"));
        }
        let key = self.tape.len();
        self.text()?;
        self.finish_key(key);
        self.space()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("a `:` is missing here"));
        }
        self.at += 1;
        Ok(())
    }

    /// What is behind the member; where its value has members, the end of that will say so once more. And the fingerprint.
    fn finish_key(&mut self, index: usize) {
        let slot = &mut self.tape[index];
        let raw = &self.source[slot.start as usize + 1..slot.end as usize - 1];
        slot.next += 1;
        slot.fingerprint = if slot.escaped { fingerprint(&escape::decode(raw)) } else { fingerprint(raw) };
    }

    fn text(&mut self) -> Result<(), Error> {
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            at += plain_prefix(&self.bytes[at..]);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(_) => {
                    return Err(Error::new("a control character must be escaped in a text", at));
                }
                None => return Err(Error::new("this text has no closing quote", start)),
            }
        }
        self.at = at + 1;
        self.push(Kind::Text, start, at + 1, escaped);
        Ok(())
    }

    fn escape(&self, at: usize) -> Result<usize, Error> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let digits = self.bytes.get(at + 2..at + 6);
                match digits {
                    Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
                    _ => Err(Error::new("`\\u` needs four hexadecimal digits", at)),
                }
            }
            _ => Err(Error::new("this escape is not JSON's", at)),
        }
    }

    fn number(&mut self) -> Result<(), Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
            return Err(Error::new("this is not a number", start));
        }
        self.push(Kind::Number, start, self.at, false);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("a digit is missing here"));
        }
        Ok(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Error> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a value is missing here"));
        }
        self.at += word.len();
        self.push(kind, start, self.at, false);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) -> Result<(), Error> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(b'/') if self.comments => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<(), Error> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"//") {
            self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            let end = memchr::memmem::find(&rest[2..], b"*/");
            self.at += end.ok_or_else(|| Error::new("this comment has no `*/`", self.at))? + 4;
        } else {
            return Err(self.unexpected("a value is missing here"));
        }
        Ok(())
    }

    fn unexpected(&self, expected: &str) -> Error {
        let message = match self.peek() {
            Some(_) => expected.to_owned(),
            None => format!("{expected}, but the text ends"),
        };
        Error::new(message, self.at)
    }
}
