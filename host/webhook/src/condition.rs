//! `condition`: whether a request is an event at all, or an event for one recipient.

use hookwright_iml::json::{Kind, Node};
use hookwright_iml::{Error, Template};

use crate::reader::Reader;
use crate::scope::{Scope, is_personal};

/// A condition, of the spec or of its `verification`.
pub(crate) struct Condition {
    when: When,
    /// The one bundle when the condition is false.
    pub(crate) default: Option<Template>,
}

enum When {
    Fixed(bool),
    Computed(Template),
}

impl Condition {
    /// Reads `true`, `"{{...}}"` or `{condition, default}`.
    pub(crate) fn read(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Self> {
        if node.kind() != Kind::Object {
            return Some(Self { when: When::read(reader, node, directive)?, default: None });
        }
        let members = reader.members(node, directive, &["condition", "default"])?;
        let when = match members.get("condition") {
            Some(inner) => When::read(reader, inner, &format!("{directive}.condition"))?,
            None => When::Fixed(true),
        };
        let default = match members.get("default") {
            Some(inner) => Some(reader.template(inner)?),
            None => None,
        };
        Some(Self { when, default })
    }

    /// Whether it holds, by JavaScript's truthiness.
    pub(crate) fn holds<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<bool, Error> {
        match &self.when {
            When::Fixed(held) => Ok(*held),
            When::Computed(template) => Ok(template.evaluate(scope)?.is_truthy()),
        }
    }

    /// Whether it reads a recipient's own parameters, so that it has an answer for each recipient only.
    pub(crate) fn reads_parameters(&self, through_plugin: bool) -> bool {
        matches!(&self.when, When::Computed(template) if is_personal(template, through_plugin))
    }

    pub(crate) fn reads(&self, variable: &str) -> bool {
        matches!(&self.when, When::Computed(template) if template.reads(variable))
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        let when = match &self.when {
            When::Fixed(_) => None,
            When::Computed(template) => Some(template),
        };
        when.into_iter().chain(&self.default)
    }
}

impl When {
    fn read(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Self> {
        match node.kind() {
            Kind::Bool => Some(Self::Fixed(node.as_bool()?)),
            Kind::Text => Some(Self::Computed(reader.expression(node, directive)?)),
            _ => {
                reader.wrong_type(node, directive, "true, false or an expression");
                None
            }
        }
    }
}
