//! What can be wrong with a template, when it is compiled and when it is evaluated.

use std::ops::Range;

use crate::budget::Interrupt;

/// A mistake, with the bytes it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The bytes of the source (of the spec, escapes included) that it is about.
    pub span: Range<usize>,
    /// Set where nothing is wrong with the template: the evaluation was ended.
    pub interrupt: Option<Interrupt>,
}

/// Why a custom function gave no result. The evaluator adds its name and the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// In the function's own words.
    pub message: String,
    /// Set where it was ended before it had one.
    pub interrupt: Option<Interrupt>,
}

/// Something that works and is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What is doubtful.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The bytes of the source that it is about.
    pub span: Range<usize>,
}

impl Error {
    /// A mistake in these bytes.
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), help: None, span, interrupt: None }
    }

    /// An evaluation that was ended while it was at these bytes.
    pub fn interrupted(interrupt: Interrupt, span: Range<usize>) -> Self {
        Self { interrupt: Some(interrupt), ..Self::new(interrupt.to_string(), span) }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Warning {
    /// A doubt about these bytes.
    pub fn new(message: impl Into<String>, help: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), help: Some(help.into()), span }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<String> for CallError {
    fn from(message: String) -> Self {
        Self { message, interrupt: None }
    }
}

impl From<Interrupt> for CallError {
    fn from(interrupt: Interrupt) -> Self {
        Self { message: interrupt.to_string(), interrupt: Some(interrupt) }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}
