//! JavaScript's regular expression syntax to fancy-regex's.
//!
//! `\d`, `\w`, `\s`, `\b` and `.` have JavaScript's meaning, a brace that is no quantifier and a bracket inside a class
//! stand for themselves, letters that only fancy-regex gives a meaning to do so too, and a back-reference to a group
//! that took no part matches nothing instead of failing.

mod class;
mod escape;

use super::{Error, Flags};

/// Which forms of `\b`, `^` and `$` to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// For ASCII texts without carriage returns, where the engine's own forms mean the same and run in linear time.
    Plain,
    /// For every text.
    Exact,
}

/// A translated pattern.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) pattern: String,
    /// Whether it needs backtracking.
    pub(super) backtracks: bool,
    pub(super) has_names: bool,
}

/// Translates a pattern, or says what is wrong with it. The engine finds the rest of the mistakes, such as a
/// parenthesis that is never closed.
pub(super) fn translate(source: &str, flags: Flags, dialect: Dialect) -> Result<Translation, Error> {
    let names = group_names(source);
    let mut translator = Translator {
        rest: source,
        flags,
        dialect,
        out: String::with_capacity(source.len() * 2),
        repeatable: false,
        backtracks: false,
        groups: &names,
    };
    translator.pattern()?;
    Ok(Translation { pattern: translator.out, backtracks: translator.backtracks, has_names: names.iter().any(Option::is_some) })
}

const LINE_BREAKS: &str = r"\n\r\x{2028}\x{2029}";
const WORD: &str = "[A-Za-z0-9_]";
/// A class that no character is in.
const NEVER: &str = r"[^\x{0}-\x{10FFFF}]";

struct Translator<'s> {
    rest: &'s str,
    flags: Flags,
    dialect: Dialect,
    out: String,
    /// Whether a quantifier may follow.
    repeatable: bool,
    backtracks: bool,
    /// The names of the capturing groups in order; `None` for those without.
    groups: &'s [Option<&'s str>],
}

impl<'s> Translator<'s> {
    fn pattern(&mut self) -> Result<(), Error> {
        while let Some(character) = self.next() {
            let repeatable = self.repeatable;
            self.repeatable = true;
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '.' => self.dot(),
                '^' | '$' => self.edge(character),
                '*' | '+' | '?' => self.quantifier(character, repeatable)?,
                '{' => self.brace(repeatable)?,
                '|' => self.structure('|', false),
                ')' => self.structure(')', true),
                other => self.literal(other),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn structure(&mut self, character: char, repeatable: bool) {
        self.out.push(character);
        self.repeatable = repeatable;
    }

    fn literal(&mut self, character: char) {
        if r"\.+*?()|[]{}^$".contains(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    fn dot(&mut self) {
        if self.flags.dot_all {
            self.out.push_str("(?s:.)");
        } else {
            self.out.push_str(&format!("[^{LINE_BREAKS}]"));
        }
    }

    fn edge(&mut self, character: char) {
        self.repeatable = false;
        let at_start = character == '^';
        match (self.flags.multiline, self.dialect) {
            (false, _) => self.out.push_str(if at_start { r"\A" } else { r"\z" }),
            (true, Dialect::Plain) => self.out.push_str(if at_start { "(?m:^)" } else { "(?m:$)" }),
            (true, Dialect::Exact) => {
                self.backtracks = true;
                let form = if at_start { format!(r"(?:\A|(?<=[{LINE_BREAKS}]))") } else { format!(r"(?=[{LINE_BREAKS}]|\z)") };
                self.out.push_str(&form);
            }
        }
    }

    fn group(&mut self) -> Result<(), Error> {
        self.repeatable = false;
        for look in ["?=", "?!", "?<=", "?<!"] {
            if self.take(look) {
                self.backtracks = true;
                self.out.push('(');
                self.out.push_str(look);
                return Ok(());
            }
        }
        if self.take("?:") {
            self.out.push_str("(?:");
            return Ok(());
        }
        if self.take("?<") {
            let end = self.rest.find('>').ok_or_else(|| syntax("a group's name is not closed"))?;
            self.rest = &self.rest[end + 1..];
        } else if self.rest.starts_with('?') {
            return Err(syntax("a group begins with (? but is of no known kind"));
        }
        self.out.push('(');
        Ok(())
    }

    fn quantifier(&mut self, character: char, repeatable: bool) -> Result<(), Error> {
        if !repeatable {
            return Err(nothing_to_repeat());
        }
        self.out.push(character);
        self.end_quantifier();
        Ok(())
    }

    /// A brace that begins `{2}`, `{2,}` or `{2,5}` repeats; any other stands for itself.
    fn brace(&mut self, repeatable: bool) -> Result<(), Error> {
        let Some(length) = counts_length(self.rest) else {
            self.literal('{');
            return Ok(());
        };
        if !repeatable {
            return Err(nothing_to_repeat());
        }
        let (counts, rest) = self.rest.split_at(length);
        self.out.push('{');
        self.out.push_str(counts);
        self.rest = rest;
        self.end_quantifier();
        Ok(())
    }

    fn end_quantifier(&mut self) {
        if self.take("?") {
            self.out.push('?');
        }
        self.repeatable = false;
    }
}

/// The length of `2}`, `2,}` or `2,5}` at the start.
fn counts_length(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (least, most) = text[..end].split_once(',').unwrap_or((&text[..end], "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(end + 1)
}

/// The capturing groups of a pattern in order, with their names.
fn group_names(source: &str) -> Vec<Option<&str>> {
    let mut groups = Vec::new();
    let mut in_class = false;
    let mut characters = source.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => groups.extend(group_name(&source[at + 1..])),
            _ => {}
        }
    }
    groups
}

/// Whether the group whose inside begins here captures, and under which name.
fn group_name(inside: &str) -> Option<Option<&str>> {
    if !inside.starts_with('?') {
        return Some(None);
    }
    let name = inside.strip_prefix("?<")?;
    if name.starts_with(['=', '!']) { None } else { Some(name.split('>').next()) }
}

fn syntax(message: &str) -> Error {
    Error::Syntax(message.to_owned())
}

fn nothing_to_repeat() -> Error {
    syntax("there is nothing to repeat before a quantifier")
}
