//! `dedupe`: the id by which a repeated delivery is known. It goes beyond Make.

use hookwright_iml::json::{Kind, Node};
use hookwright_iml::{Error, Template};

use crate::reader::Reader;
use crate::scope::Scope;

/// The expression that gives a delivery's id.
pub(crate) struct Dedupe(pub(crate) Template);

impl Dedupe {
    pub(crate) fn read(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Self> {
        if node.kind() != Kind::Text {
            reader.wrong_type(node, "dedupe", "an expression");
            return None;
        }
        reader.expression(node, "dedupe").map(Self)
    }

    /// The id: a number or a text that is not empty. Anything else is no id, and the delivery is never a repeat.
    pub(crate) fn id<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Option<String>, Error> {
        Ok(self.0.evaluate(scope)?.canonical_uid())
    }
}
