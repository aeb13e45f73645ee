//! `iterate`: the items of one request.

use std::ops::Range;

use hookwright_iml::json::{Kind, Node};
use hookwright_iml::{Error, Template, Value};

use crate::condition::Condition;
use crate::limits::enough_items;
use crate::reader::Reader;
use crate::scope::Scope;

/// Where the items are, and which of them count.
pub(crate) struct Iterate {
    container: Template,
    condition: Option<Condition>,
    span: Range<usize>,
}

impl Iterate {
    /// Reads `"{{path}}"`, a bare `"path"`, or `{container, condition}`.
    pub(crate) fn read(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Self> {
        match node.kind() {
            Kind::Text => Some(Self { container: reader.path(node)?, condition: None, span: node.span() }),
            Kind::Object => Self::read_object(reader, node),
            _ => {
                reader.wrong_type(node, "iterate", "a path, an expression or `{container, condition}`");
                None
            }
        }
    }

    fn read_object(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Self> {
        let members = reader.members(node, "iterate", &["container", "condition"])?;
        let condition = members.get("condition").map(|inner| Condition::read(reader, inner, "iterate.condition"));
        let Some(container) = members.get("container") else {
            reader.error(
                node.span(),
                "`iterate` has no `container`",
                "name the array whose elements are the items: \"container\": \"{{body.events}}\"",
            );
            return None;
        };
        if container.kind() != Kind::Text {
            reader.wrong_type(container, "iterate.container", "a path or an expression");
            return None;
        }
        let path = reader.path(container)?;
        let condition = match condition {
            Some(read) => Some(read?),
            None => None,
        };
        Some(Self { container: path, condition, span: container.span() })
    }

    /// The items that count. Nothing there: no items; a lone object: one item; any other scalar, or too many items: an
    /// error of this event.
    pub(crate) fn items<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Vec<Value<'r>>, Error> {
        let items = match self.container.evaluate(scope)? {
            Value::Missing | Value::Null => Vec::new(),
            Value::Array(elements) => {
                enough_items(elements.len(), &self.span)?;
                elements.iter().collect()
            }
            object @ Value::Collection(_) => vec![object],
            scalar => return Err(self.not_an_array(&scalar)),
        };
        let Some(condition) = &self.condition else {
            return Ok(items);
        };
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if condition.holds(&scope.with_item(item.clone()))? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    fn not_an_array(&self, value: &Value<'_>) -> Error {
        let message = format!("`iterate` must give an array, and gave {}", value.kind_name());
        Error::new(message, self.span.clone())
    }

    /// Where the spec says what the items are.
    pub(crate) fn span(&self) -> &Range<usize> {
        &self.span
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.container).chain(self.condition.iter().flat_map(Condition::templates))
    }
}
