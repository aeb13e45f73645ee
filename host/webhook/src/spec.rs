//! A spec, read whole: its directives compiled, or every mistake in it.

use hookwright_iml::Template;
use hookwright_iml::json::{Document, Kind as JsonKind, Node};

use crate::condition::Condition;
use crate::dedupe::Dedupe;
use crate::diagnostic::{Diagnostic, Source};
use crate::directives;
use crate::iterate::Iterate;
use crate::kind::Kind;
use crate::plugin::Exports;
use crate::reader::Reader;
use crate::respond::Respond;
use crate::scope::{is_personal, reads_parameters};
use crate::uid::Uid;
use crate::verify::Verification;

/// A webhook as its spec defines it, ready to decide about requests. It is immutable and may be shared by threads.
pub struct Webhook {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    /// What the spec's `type` says.
    declared: Option<Kind>,
    pub(crate) verification: Option<Verification>,
    pub(crate) condition: Option<Condition>,
    pub(crate) iterate: Option<Iterate>,
    pub(crate) uid: Option<Uid>,
    pub(crate) output: Option<Template>,
    /// Whether `output` reads parameters, so that each recipient gets its own.
    pub(crate) output_is_personal: bool,
    pub(crate) respond: Option<Respond>,
    pub(crate) dedupe: Option<Dedupe>,
    uses_plugin: bool,
    /// Whether a call of the plugin is as good as reading parameters.
    plugin_sees_parameters: bool,
}

/// What is known about a webhook beside its spec.
#[derive(Clone, Copy, Default)]
pub struct LoadOptions<'o> {
    /// The webhook's name: which of several uid extractors of a plugin serves it.
    pub name: &'o str,
    /// What the service's plugin offers.
    pub plugin: Option<&'o dyn Exports>,
    /// A manifest says that it is shared.
    pub shared: bool,
}

impl Webhook {
    /// Reads a spec. `Ok` comes with the warnings, `Err` with every mistake at once, in the order of the file.
    pub fn load(source: &Source, options: LoadOptions<'_>) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let document = Document::parse_with_comments(&source.text)
            .map_err(|error| vec![source.error(error.offset..error.offset, format!("this is not JSON: {}", error.message))])?;
        let mut reader = Reader::new(source, options.plugin);
        let webhook = read(&mut reader, document.root(), source, options);
        let mut diagnostics = reader.diagnostics;
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        match webhook {
            Some(webhook) if !diagnostics.iter().any(Diagnostic::is_error) => Ok((webhook, diagnostics)),
            _ => Err(diagnostics),
        }
    }

    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is shared or dedicated.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a decision may call the plugin, which takes time and may block.
    pub fn uses_plugin(&self) -> bool {
        self.uses_plugin
    }

    /// The spec's text, for rendering diagnostics.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether a condition that reads parameters, itself or through the plugin, has to be asked for each recipient.
    pub(crate) fn asks_recipients(&self, condition: &Condition) -> bool {
        self.kind == Kind::Shared && condition.reads_parameters(self.plugin_sees_parameters)
    }

    pub(crate) fn has_default(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.default.is_some())
    }
}

fn read(reader: &mut Reader<'_>, root: Node<'_>, source: &Source, options: LoadOptions<'_>) -> Option<Webhook> {
    if root.kind() != JsonKind::Object {
        not_an_object(reader, root);
        return None;
    }
    directives::check(reader, root);
    let mut webhook = Webhook {
        name: options.name.to_owned(),
        source: source.clone(),
        kind: Kind::Dedicated,
        declared: None,
        verification: None,
        condition: None,
        iterate: None,
        uid: None,
        output: None,
        output_is_personal: false,
        respond: None,
        dedupe: None,
        uses_plugin: false,
        plugin_sees_parameters: options.plugin.is_some_and(Exports::sees_parameters),
    };
    for (key, value) in root.entries() {
        webhook.read_directive(reader, key, value);
    }
    webhook.settle(reader, root, options);
    Some(webhook)
}

impl Webhook {
    fn read_directive(&mut self, reader: &mut Reader<'_>, key: Node<'_>, value: Node<'_>) {
        match key.as_text().unwrap_or_default().as_ref() {
            "verification" => self.verification = Verification::read(reader, key, value),
            "condition" => self.condition = Condition::read(reader, value, "condition"),
            "iterate" => self.iterate = Iterate::read(reader, value),
            "uid" => self.uid = Uid::read(reader, value),
            "output" => self.output = reader.template(value),
            "respond" => self.respond = Respond::read(reader, value, "respond"),
            "type" => self.declared = Kind::read(reader, key, value),
            "dedupe" => self.dedupe = Dedupe::read(reader, value),
            _ => {}
        }
    }

    /// What depends on several directives together.
    fn settle(&mut self, reader: &mut Reader<'_>, root: Node<'_>, options: LoadOptions<'_>) {
        (self.kind, self.uid) = Kind::settle(reader, root, (self.declared, self.uid.take()), options);
        self.output_is_personal = self.output.as_ref().is_some_and(|output| is_personal(output, self.plugin_sees_parameters));
        self.uses_plugin = matches!(self.uid, Some(Uid::Extractor(_))) || self.templates().any(Template::calls_custom);
        self.warn_of_empty_variables(reader, root);
    }

    fn warn_of_empty_variables(&self, reader: &mut Reader<'_>, root: Node<'_>) {
        if self.kind == Kind::Shared {
            self.warn_of_parameters(reader, root);
        }
        let early = self.condition.as_ref().filter(|condition| self.iterate.is_some() && !self.asks_recipients(condition));
        if let (Some(condition), Some(node)) = (early, root.get("condition"))
            && condition.reads("item")
        {
            let help = "`condition` is asked once, before `iterate`; to leave items out, use `iterate.condition`";
            reader.warning(node.span(), "`item` is always empty here", help);
        }
    }

    fn warn_of_parameters(&self, reader: &mut Reader<'_>, root: Node<'_>) {
        let help = "in a shared webhook parameters belong to a recipient; `condition` and `output` see them, `common` is the service's own";
        let mut warn = |name: &str, reads: bool| {
            if let Some(node) = root.get(name).filter(|_| reads) {
                reader.warning(node.span(), format!("`parameters` are always empty in `{name}`"), help);
            }
        };
        warn("verification", self.verification.iter().flat_map(Verification::templates).any(reads_parameters));
        warn("iterate", self.iterate.iter().flat_map(Iterate::templates).any(reads_parameters));
        warn("uid", self.uid.iter().filter_map(Uid::template).any(reads_parameters));
        warn("respond", self.respond.iter().flat_map(Respond::templates).any(reads_parameters));
        warn("dedupe", self.dedupe.iter().any(|dedupe| reads_parameters(&dedupe.0)));
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let before = self.verification.iter().flat_map(Verification::templates);
        let condition = self.condition.iter().flat_map(Condition::templates);
        let items = self.iterate.iter().flat_map(Iterate::templates).chain(self.uid.iter().filter_map(Uid::template));
        let after = self.respond.iter().flat_map(Respond::templates).chain(self.dedupe.iter().map(|dedupe| &dedupe.0));
        before.chain(condition).chain(items).chain(&self.output).chain(after)
    }
}

fn not_an_object(reader: &mut Reader<'_>, root: Node<'_>) {
    match root.kind() {
        JsonKind::Array => reader.error(
            root.span().start..root.span().start + 1,
            "a webhook is one object, not an array of requests",
            "Make's array form is for modules and RPCs, whose requests run one after the other; a webhook makes none",
        ),
        _ => reader.wrong_type(root, "webhook", "an object of directives"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_may_be_shared_by_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Webhook>();
    }
}
