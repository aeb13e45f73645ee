//! XML in the shape Make gives it: every node an array, `_value` its text, `_attributes` its attributes.

mod read;
mod write;

pub use read::read;
pub use write::write;

/// As deep as values may nest at all.
const MAXIMUM_DEPTH: usize = 128;

/// Why a text is no XML that can be read, or a value none that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in one line.
    pub message: String,
}

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
