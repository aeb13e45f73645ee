//! Templates: texts with expressions in them, and JSON trees of such texts.

use std::ops::Range;

use crate::error::{Error, Warning};
use crate::json;
use crate::library::Library;
use crate::scope::Scope;
use crate::value::Value;

/// A compiled template. Compile once, evaluate often, from as many threads as you like.
#[derive(Debug)]
pub struct Template {
    span: Range<usize>,
}

impl Template {
    /// Compiles one text. Spans count bytes of `text`.
    ///
    /// # Errors
    /// Every mistake in the text.
    pub fn from_text(
        text: &str,
        _library: &dyn Library,
    ) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        Ok((
            Self {
                span: 0..text.len(),
            },
            Vec::new(),
        ))
    }

    /// Compiles a JSON tree whose texts are templates; the value of a key `"{{...}}"` is spread into the
    /// object around it. Spans count bytes of the document's source.
    ///
    /// # Errors
    /// Every mistake in the tree.
    pub fn from_node(
        node: json::Node<'_>,
        _library: &dyn Library,
    ) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        Ok((Self { span: node.span() }, Vec::new()))
    }

    /// As [`Template::from_node`], but a text without braces is read as a path: `"iterate": "body.items"`.
    ///
    /// # Errors
    /// Every mistake in the tree.
    pub fn from_path_node(
        node: json::Node<'_>,
        library: &dyn Library,
    ) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        Self::from_node(node, library)
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// The first expression that failed; one failing expression fails its whole tree.
    pub fn evaluate<'v>(&'v self, _scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
        Err(Error::new(
            "templates are not evaluated yet",
            self.span.clone(),
        ))
    }

    /// Whether any of its expressions mentions this variable.
    pub fn reads(&self, _variable: &str) -> bool {
        false
    }

    /// Whether any of its expressions calls a custom function.
    pub fn calls_custom(&self) -> bool {
        false
    }

    /// Whether there is no expression in it.
    pub fn constant(&self) -> bool {
        false
    }
}
