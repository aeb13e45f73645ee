//! `uid`: whose an item is, as the spec says or as the plugin's extractor finds.

use hookwright_iml::json::{Kind, Node};
use hookwright_iml::{CallError, Error, Template, Value};

use crate::plugin::Exports;
use crate::reader::Reader;
use crate::scope::Scope;

/// Where uids come from in a shared webhook.
pub(crate) enum Uid {
    /// The spec's `uid`.
    Spec(Template),
    /// The plugin's extractor of this name.
    Extractor(String),
}

impl Uid {
    /// Reads an expression or, as Make's schema allows, a number.
    pub(crate) fn read(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Self> {
        if !matches!(node.kind(), Kind::Text | Kind::Number) {
            reader.wrong_type(node, "uid", "an expression");
            return None;
        }
        reader.expression(node, "uid").map(Self::Spec)
    }

    /// The extractor that a plugin offers for the webhook called `name`: its only one, or the one of that name.
    pub(crate) fn extractor(plugin: Option<&dyn Exports>, name: &str) -> Option<Self> {
        let found = match plugin?.extractors() {
            [only] => only,
            several => several.iter().find(|offered| *offered == name)?,
        };
        Some(Self::Extractor(found.clone()))
    }

    /// The uids of one item. A spec gives one at most; an extractor may find several, each of which gets the item.
    pub(crate) fn of<'r>(&'r self, scope: &Scope<'_, 'r>, iterating: bool) -> Result<Vec<Option<String>>, Error> {
        match self {
            Self::Spec(template) => Ok(vec![template.evaluate(scope)?.canonical_uid()]),
            Self::Extractor(name) => extracted(name, scope, iterating.then_some(&scope.item)),
        }
    }

    pub(crate) fn template(&self) -> Option<&Template> {
        match self {
            Self::Spec(template) => Some(template),
            Self::Extractor(_) => None,
        }
    }
}

fn extracted(name: &str, scope: &Scope<'_, '_>, item: Option<&Value<'_>>) -> Result<Vec<Option<String>>, Error> {
    let arrival = scope.arrival;
    let found = match arrival.plugin {
        Some(plugin) => plugin.uids(name, arrival.request, item, &scope.confidential()),
        None => Err("the service's plugin is not at hand".to_owned().into()),
    };
    let mut uids = found.map_err(|error| failed(name, error))?;
    uids.retain(|uid| !uid.is_empty());
    Ok(if uids.is_empty() { vec![None] } else { uids.into_iter().map(Some).collect() })
}

fn failed(name: &str, CallError { message, interrupt }: CallError) -> Error {
    Error { interrupt, ..Error::new(format!("the plugin's uid extractor `{name}` failed: {message}"), 0..0) }
}
