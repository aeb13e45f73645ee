//! Reads JSON, strict for request bodies and with comments for specs, into a flat tape that borrows the text.
//!
//! One allocation holds the tape. Nothing is decoded until it is asked for: a number keeps its digits, a
//! text without escapes is a slice of the source, and every node knows which bytes it came from.

mod escape;
mod members;
mod node;
mod read;
mod scan;

pub use escape::write_text;
pub use node::{Elements, Entries, Kind, Node};

pub(crate) use members::{FEW, SEARCHES};

use members::Indexes;
use node::Slot;

use crate::budget::{Budget, Interrupt, Unbounded};

/// How deep arrays and objects may nest.
pub const DEPTH_LIMIT: usize = 128;

/// A JSON text that has been read: the text itself and the tape of its nodes.
#[derive(Debug)]
pub struct Document<'s> {
    source: &'s str,
    tape: Vec<Slot>,
    /// How deep its arrays and objects nest.
    depth: usize,
    indexes: Indexes,
}

impl<'s> Document<'s> {
    /// Reads strict JSON (RFC 8259). A byte order mark is skipped.
    ///
    /// # Errors
    /// What is wrong and at which byte; nesting beyond [`DEPTH_LIMIT`] is an error too.
    pub fn parse(text: &'s str) -> Result<Self, Error> {
        Self::parse_within(text, &Unbounded)
    }

    /// As [`Document::parse`], asking `budget` now and then.
    ///
    /// # Errors
    /// As [`Document::parse`], and that the budget does not allow more.
    pub fn parse_within(text: &'s str, budget: &dyn Budget) -> Result<Self, Error> {
        Self::read(text, false, budget)
    }

    /// Reads JSON that may hold `//` and `/* */` comments and trailing commas, as specs do.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_with_comments(text: &'s str) -> Result<Self, Error> {
        Self::read(text, true, &Unbounded)
    }

    fn read(source: &'s str, comments: bool, budget: &dyn Budget) -> Result<Self, Error> {
        let (tape, depth) = read::read(source, comments, budget)?;
        Ok(Self { source, tape, depth, indexes: Indexes::default() })
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// Whether any of its objects has more than `limit` members, equal keys included.
    pub fn has_wider_object_than(&self, limit: usize) -> bool {
        let enough_nodes = self.tape.len() > 2 * limit;
        enough_nodes && (0..self.tape.len()).any(|index| Node::new(self, index as u32).entries().nth(limit).is_some())
    }

    /// The text this document was read from.
    pub fn source(&self) -> &'s str {
        self.source
    }
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in words for the author of the text.
    pub message: String,
    /// The byte at which it was noticed.
    pub offset: usize,
    /// Set where nothing is wrong with the text: the reader was ended.
    pub interrupt: Option<Interrupt>,
}

impl Error {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset, interrupt: None }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} (byte {})", self.message, self.offset)
    }
}

impl std::error::Error for Error {}
