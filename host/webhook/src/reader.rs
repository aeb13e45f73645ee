//! Reads the parts of a spec and keeps every mistake on the way.

use std::ops::Range;

use hookwright_iml::Template;
use hookwright_iml::json::{Kind, Node};

use crate::diagnostic::{Diagnostic, Source};
use crate::directives;
use crate::plugin::{Exports, PluginLibrary};

/// A spec being read. Its methods give `None` for a part that cannot be used and note why.
pub(crate) struct Reader<'s> {
    source: &'s Source,
    library: PluginLibrary<'s>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source, plugin: Option<&'s dyn Exports>) -> Self {
        Self { source, library: PluginLibrary(plugin), diagnostics: Vec::new() }
    }

    /// Notes an error; the help may be empty.
    pub(crate) fn error(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = self.source.error(span, message);
        self.note(diagnostic, help.into());
    }

    /// Notes a warning; the help may be empty.
    pub(crate) fn warning(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = self.source.warning(span, message);
        self.note(diagnostic, help.into());
    }

    fn note(&mut self, diagnostic: Diagnostic, help: String) {
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.with_help(help) });
    }

    /// Compiles any value as a template tree.
    pub(crate) fn template(&mut self, node: Node<'_>) -> Option<Template> {
        let compiled = Template::compile_tree(node, &self.library);
        self.compiled(compiled)
    }

    /// Compiles a text in which a path may stand without braces.
    pub(crate) fn path(&mut self, node: Node<'_>) -> Option<Template> {
        let compiled = Template::compile_path(node, &self.library);
        self.compiled(compiled)
    }

    fn compiled(&mut self, compiled: Result<(Template, Vec<hookwright_iml::Warning>), Vec<hookwright_iml::Error>>) -> Option<Template> {
        match compiled {
            Ok((template, warnings)) => {
                for warning in warnings {
                    self.warning(warning.span, warning.message, warning.help.unwrap_or_default());
                }
                Some(template)
            }
            Err(errors) => {
                for error in errors {
                    self.error(error.span, error.message, error.help.unwrap_or_default());
                }
                None
            }
        }
    }

    /// A text with an expression in it; a text without one is a warning, since it is always the same.
    pub(crate) fn expression(&mut self, node: Node<'_>, directive: &str) -> Option<Template> {
        let template = self.template(node)?;
        if template.constant() {
            let help = "put the expression in double braces: \"{{...}}\"";
            self.warning(node.span(), format!("`{directive}` has no expression, so it is the same for every request"), help);
        }
        Some(template)
    }

    /// Notes a value of the wrong type.
    pub(crate) fn wrong_type(&mut self, node: Node<'_>, directive: &str, expected: &str) {
        self.error(node.span(), format!("`{directive}` must be {expected}, not {}", name(node.kind())), "");
    }

    /// The members of an object directive, each known key once; unknown and repeated ones are noted.
    pub(crate) fn members<'d>(&mut self, node: Node<'d>, directive: &str, known: &[&str]) -> Option<Node<'d>> {
        if node.kind() != Kind::Object {
            self.wrong_type(node, directive, "an object");
            return None;
        }
        let mut seen: Vec<String> = Vec::new();
        for (key, _) in node.entries() {
            let name = key.as_text().unwrap_or_default().into_owned();
            if !known.contains(&name.as_str()) {
                directives::unknown_key(self, key, &name, directive, known);
            } else {
                directives::repeated(self, key, &name, &seen);
            }
            seen.push(name);
        }
        Some(node)
    }
}

/// What a JSON kind is called in a message.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "true or false",
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}
