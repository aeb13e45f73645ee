//! A mistake in a spec, with the file, line and caret that its author needs to find it.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A spec as text, with the name that its diagnostics are to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's name as the author knows it, for example `services/slack/webhook.json`.
    pub name: String,
    /// The whole text of the file.
    pub text: String,
}

impl Source {
    /// A spec called `name` with this `text`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// An error at `span`, a range of bytes of [`Source::text`].
    pub fn error(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, span, message.into())
    }

    /// A warning at `span`, a range of bytes of [`Source::text`].
    pub fn warning(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Warning, span, message.into())
    }

    fn diagnostic(&self, severity: Severity, span: Range<usize>, message: String) -> Diagnostic {
        let span = self.on_characters(span);
        let (line, column) = self.position(span.start);
        Diagnostic { severity, message, help: None, file: self.name.clone(), span, line, column }
    }

    /// Moves both ends onto character boundaries inside the text, so that no caller's slip can make rendering panic.
    fn on_characters(&self, span: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let end = self.text.ceil_char_boundary(span.end.clamp(start, self.text.len()));
        start..end
    }

    /// Line and column of a byte offset, both counted from 1, columns in characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Whether a spec with this diagnostic can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot: the last good version keeps serving.
    Error,
    /// It can, but probably does not do what its author meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One mistake in a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the spec can still be served.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The name of the [`Source`].
    pub file: String,
    /// Where in the source's text, in bytes.
    pub span: Range<usize>,
    /// The line of the span's first character, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
}

impl Diagnostic {
    /// Adds advice, shown as its own line under the caret.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether this mistake keeps the spec from being served.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The message with the source line and a caret under the mistake, over several lines.
    /// `text` is the text of the [`Source`] that the diagnostic came from.
    pub fn render(&self, text: &str, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        if let Some(span) = self.visible_span(text) {
            let caret = AnnotationKind::Primary.span(span);
            group = group.element(Snippet::source(text).path(self.file.as_str()).annotation(caret));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    /// The span where it lies in `text`; one character wide at least where there is a character.
    fn visible_span(&self, text: &str) -> Option<Range<usize>> {
        text.get(self.span.clone())?;
        let wide = if self.span.is_empty() { text.ceil_char_boundary(self.span.start + 1) } else { self.span.end };
        Some(self.span.start..wide)
    }
}

/// One line: `webhook.json:3:5: error: unknown directive 'iterat'`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}: {}", self.file, self.line, self.column, self.severity, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_and_in_characters() {
        let source = Source::new("a.json", "{\n  \"é\": ü\n}");
        let diagnostic = source.error(10..12, "no value");
        assert_eq!((diagnostic.line, diagnostic.column), (2, 8));
        assert_eq!(diagnostic.to_string(), "a.json:2:8: error: no value");
    }

    #[test]
    fn a_span_beyond_the_text_or_inside_a_character_renders_without_panic() {
        let source = Source::new("a.json", "é");
        for span in [0..1, 1..1, 1..9, 7..9] {
            source.warning(span, "odd").render(&source.text, false);
        }
    }

    #[test]
    fn the_caret_stands_under_the_span_and_the_help_below_it() {
        let source = Source::new("a.json", "{\n  \"uidd\": 1\n}");
        let rendered = source.error(4..10, "unknown directive").with_help("did you mean `uid`?").render(&source.text, false);
        assert!(rendered.contains("--> a.json:2:3"), "{rendered}");
        assert!(rendered.contains("^^^^^^"), "{rendered}");
        assert!(rendered.contains("help: did you mean `uid`?"), "{rendered}");
    }
}
