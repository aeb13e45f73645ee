//! What a call gives back instead of a value.

use std::fmt;

use crate::wire::Malformed;

/// Why a function or an extractor gave nothing; read by whoever wrote the spec that called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The argument of that number, counted from 0, and what was wrong with it.
    Argument(u32, String),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// The failure of a function that returned an error: its message, with its causes where the error
    /// type prints them in its alternate form.
    pub fn from_error(error: impl fmt::Display) -> Self {
        Self::Other(format!("{error:#}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(index, problem) => {
                write!(formatter, "argument {}: {problem}", index + 1)
            }
            Self::Other(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::new(malformed.to_string())
    }
}
