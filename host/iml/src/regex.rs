//! JavaScript regular expressions, written `/pattern/flags`, over fancy-regex.
//!
//! A pattern is translated where the two differ ([`translate`]) and compiled once for a thread. What needs
//! backtracking (look-around, back-references) has a limit of steps, of text length and of matches, and every
//! replacement one of time, so that no pattern can hang the host.
//!
//! Differences that remain: a pattern matches characters, never halves of a surrogate pair, and a group inside a
//! repetition keeps what it matched in an earlier round.

mod replacement;
mod translate;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fancy_regex::RegexBuilder;

use crate::budget::{Budget, Interrupt};

use replacement::Replacement;
use translate::{Dialect, Translation, translate};

/// A regular expression, ready to run.
#[derive(Debug)]
pub(crate) struct Regex {
    source: String,
    flags: Flags,
    /// For texts in which the simple and fast forms of `\b`, `^` and `$` mean the same.
    plain: OnceCell<Result<Program, Error>>,
    exact: OnceCell<Result<Program, Error>>,
}

/// The letters behind the last slash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// `g`: every match, not only the first.
    pub(crate) global: bool,
    /// `i`: without regard to case.
    pub(crate) ignore_case: bool,
    /// `m`: `^` and `$` at line breaks too.
    pub(crate) multiline: bool,
    /// `s`: `.` takes line breaks too.
    pub(crate) dot_all: bool,
    /// `u`: `\u{...}` and `\p{...}` have their meaning.
    pub(crate) unicode: bool,
}

#[derive(Debug)]
struct Program {
    regex: fancy_regex::Regex,
    backtracks: bool,
    has_names: bool,
}

/// Why a regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    /// It is not a regular expression.
    Syntax(String),
    /// It would take too many steps on this text.
    TooManySteps,
    /// It needs backtracking, and the text is too long for that.
    TextTooLong,
    /// The text grows beyond this many bytes.
    ResultTooLong(usize),
    /// It names its groups, and Make's replace refuses that.
    NamedGroups,
    /// The evaluation was ended.
    Interrupted(Interrupt),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => write!(out, "the regular expression is not valid: {message}"),
            Self::TooManySteps => out.write_str("the regular expression takes too many steps on this text"),
            Self::TextTooLong => write!(
                out,
                "the text is longer than the {BACKTRACKING_TEXT} bytes that a regular expression with look-around \
                 or back-references may search"
            ),
            Self::ResultTooLong(limit) => write!(out, "the text grows beyond {limit} bytes"),
            Self::NamedGroups => out.write_str("the regular expression has named groups; number them"),
            Self::Interrupted(interrupt) => interrupt.fmt(out),
        }
    }
}

impl std::error::Error for Error {}

/// Steps of one search with backtracking.
const BACKTRACKING_STEPS: usize = 50_000;
/// Bytes of a text that is searched with backtracking: each step may look at all of them.
const BACKTRACKING_TEXT: usize = 32 << 10;
/// Matches of one replacement with backtracking.
const BACKTRACKING_MATCHES: usize = 10_000;
/// After so long no further match of one replacement is looked for. A search that does not backtrack is linear, but
/// many of them over one text need not be (`/x*y|x/g`). This clock never changes a result, it only ends what would
/// block the host.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a pattern.
const PATTERN_LENGTH: usize = 10_000;
/// Bytes that a compiled pattern may take.
const PROGRAM_SIZE: usize = 2 << 20;
/// Patterns kept compiled for each thread.
const CACHED: usize = 128;

thread_local! {
    static CACHE: RefCell<HashMap<String, Option<Rc<Regex>>>> = RefCell::default();
}

/// The regular expression that a text `/pattern/flags` is, compiled at its first use on this thread; `None` if the
/// text is not of that form. The last slash ends the pattern.
pub(crate) fn literal(text: &str) -> Option<Rc<Regex>> {
    if !text.starts_with('/') {
        return None;
    }
    CACHE.with_borrow_mut(|cache| {
        if let Some(known) = cache.get(text) {
            return known.clone();
        }
        if cache.len() >= CACHED {
            cache.clear();
        }
        let regex = split_literal(text).map(|(source, flags)| Rc::new(Regex::new(source, flags)));
        cache.insert(text.to_owned(), regex.clone());
        regex
    })
}

fn split_literal(text: &str) -> Option<(&str, Flags)> {
    let (source, letters) = text.strip_prefix('/')?.rsplit_once('/')?;
    if source.is_empty() {
        return None;
    }
    let mut flags = Flags::default();
    for letter in letters.chars() {
        let flag = match letter {
            'g' => &mut flags.global,
            'i' => &mut flags.ignore_case,
            'm' => &mut flags.multiline,
            's' => &mut flags.dot_all,
            'u' => &mut flags.unicode,
            _ => return None,
        };
        *flag = true;
    }
    Some((source, flags))
}

impl Regex {
    fn new(source: &str, flags: Flags) -> Self {
        Self { source: source.to_owned(), flags, plain: OnceCell::new(), exact: OnceCell::new() }
    }

    /// The text with its first match, or with flag `g` every match, replaced. `$&` stands for the match, `$1` to `$99`
    /// for its groups, `$$` for a dollar. The result may have `size` bytes.
    pub(crate) fn replace(&self, text: &str, replacement: &str, size: usize, budget: &dyn Budget) -> Result<String, Error> {
        let program = self.program_for(text)?;
        if program.has_names {
            return Err(Error::NamedGroups);
        }
        let replacement = Replacement::parse(replacement, program.regex.captures_len() - 1);
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        let mut position = Some(0);
        let mut matches = 0;
        let begun = Instant::now();
        while let Some(start) = position
            && let Some(groups) = program.search(text, start, replacement.names_groups())?
        {
            let found = groups[0].clone().unwrap_or(start..start);
            out.push_str(&text[copied..found.start]);
            replacement.write(&mut out, text, &groups);
            copied = found.end;
            position = self.flags.global.then(|| next_start(text, &found)).flatten();
            matches += 1;
            program.allow_matches(matches, begun)?;
            budget.check().map_err(Error::Interrupted)?;
            if out.len() > size {
                return Err(Error::ResultTooLong(size));
            }
        }
        out.push_str(&text[copied..]);
        if out.len() > size { Err(Error::ResultTooLong(size)) } else { Ok(out) }
    }

    fn program_for(&self, text: &str) -> Result<&Program, Error> {
        let is_plain = text.is_ascii() && !text.contains('\r');
        let (cell, dialect) = if is_plain { (&self.plain, Dialect::Plain) } else { (&self.exact, Dialect::Exact) };
        let program = cell.get_or_init(|| Program::compile(&self.source, self.flags, dialect)).as_ref();
        let program = program.map_err(Clone::clone)?;
        if program.backtracks && text.len() > BACKTRACKING_TEXT {
            return Err(Error::TextTooLong);
        }
        Ok(program)
    }
}

/// Where the search goes on: behind the match, and one character further if the match is empty.
fn next_start(text: &str, found: &std::ops::Range<usize>) -> Option<usize> {
    if !found.is_empty() {
        return Some(found.end);
    }
    let skipped = text[found.end..].chars().next()?;
    Some(found.end + skipped.len_utf8())
}

/// Where the match and its groups lie; `None` for a group that took no part.
type Groups = Vec<Option<std::ops::Range<usize>>>;

impl Program {
    fn compile(source: &str, flags: Flags, dialect: Dialect) -> Result<Self, Error> {
        if source.len() > PATTERN_LENGTH {
            return Err(Error::Syntax(format!("it is longer than {PATTERN_LENGTH} bytes")));
        }
        let Translation { pattern, backtracks, has_names } = translate(source, flags, dialect)?;
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(flags.ignore_case)
            .backtrack_limit(BACKTRACKING_STEPS)
            .delegate_size_limit(PROGRAM_SIZE)
            .build()
            .map_err(|error| Error::Syntax(first_line(&error.to_string())))?;
        Ok(Self { regex, backtracks, has_names })
    }

    /// The next match; its groups only if they are asked for, because finding them takes longer.
    fn search(&self, text: &str, start: usize, with_groups: bool) -> Result<Option<Groups>, Error> {
        if !with_groups {
            let found = self.regex.find_from_pos(text, start).map_err(|_| Error::TooManySteps)?;
            return Ok(found.map(|found| vec![Some(found.range())]));
        }
        let captures = self.regex.captures_from_pos(text, start).map_err(|_| Error::TooManySteps)?;
        Ok(captures.map(|captures| captures.iter().map(|group| group.map(|group| group.range())).collect()))
    }

    fn allow_matches(&self, count: usize, begun: Instant) -> Result<(), Error> {
        let too_many = self.backtracks && count > BACKTRACKING_MATCHES;
        if too_many || begun.elapsed() > PATIENCE {
            return Err(Error::TooManySteps);
        }
        Ok(())
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
