//! XML in the shape Make gives it: every node an array, `_value` its text, `_attributes` its attributes.

mod read;
mod write;

use crate::budget::Interrupt;

pub use read::read;
pub use write::write;

/// As deep as values may nest at all.
const MAXIMUM_DEPTH: usize = 128;

/// How many characters of a message are said: it may quote names of the document, which go on for megabytes.
const MAXIMUM_MESSAGE: usize = 200;

/// Why a text is no XML that can be read, or a value none that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in one line.
    pub message: String,
    /// Set where nothing is wrong with the text: the reader was ended.
    pub interrupt: Option<Interrupt>,
}

impl Error {
    fn new(message: impl AsRef<str>) -> Self {
        let characters = message.as_ref().chars().take(MAXIMUM_MESSAGE);
        let message = characters.map(|character| if character.is_control() { ' ' } else { character }).collect();
        Self { message, interrupt: None }
    }
}

impl From<Interrupt> for Error {
    fn from(interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..Self::new(interrupt.to_string()) }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::budget::Unbounded;

    #[test]
    fn what_is_wrong_is_said_in_one_short_line_whatever_the_document_holds() {
        let name = "n".repeat(1000);
        for xml in [format!("<a>&{name};</a>"), format!("<{name}>"), format!("<a></{name}>"), "<a>&\r\u{1b}\n;</a>".to_owned()] {
            let message = read(&xml, &Unbounded).unwrap_err().message;
            assert!(message.chars().count() <= 200 && !message.contains(char::is_control), "{message:?}");
        }
    }
}
