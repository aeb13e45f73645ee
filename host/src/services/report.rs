//! What is wrong with a service directory: diagnostics together with the texts they point into.

use std::fmt;
use std::sync::Arc;

use hookwright_webhook::{Diagnostic, Severity, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::KNOWN_TO_ALL;

/// All mistakes of one service directory, in the order its files were read.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<(Diagnostic, Place)>,
}

/// How the place of a mistake is shown.
#[derive(Debug)]
enum Place {
    /// By its line with a caret.
    Line(Arc<Source>),
    /// By the numbers of line and column alone: what stands there is secret.
    Position,
    /// By the name of the file or directory, which as a whole is at fault.
    Name,
}

impl Report {
    /// Adds what was found in `source`.
    pub fn add(&mut self, source: &Arc<Source>, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.findings.extend(diagnostics.into_iter().map(|diagnostic| (diagnostic, Place::Line(source.clone()))));
    }

    /// Adds what was found in a file of which nothing may be shown.
    pub fn add_without_text(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.findings.extend(diagnostics.into_iter().map(|diagnostic| (diagnostic, Place::Position)));
    }

    /// Adds a mistake of a whole file or directory, `name`, which has no line to point at.
    pub fn add_error(&mut self, name: impl Into<String>, message: impl Into<String>, help: Option<&str>) {
        self.add_whole(Source::new(name, "").error(0..0, message), help);
    }

    /// As [`add_error`](Self::add_error), where the service can be served all the same.
    pub fn add_warning(&mut self, name: impl Into<String>, message: impl Into<String>, help: Option<&str>) {
        self.add_whole(Source::new(name, "").warning(0..0, message), help);
    }

    /// Adds that a file cannot be used, and gives nothing in its place.
    pub(super) fn refuse<T>(&mut self, name: impl Into<String>, problem: impl fmt::Display) -> Option<T> {
        self.add_error(name, problem.to_string(), None);
        None
    }

    fn add_whole(&mut self, mut diagnostic: Diagnostic, help: Option<&str>) {
        diagnostic.help = help.map(str::to_owned);
        self.findings.push((diagnostic, Place::Name));
    }

    /// Whether any of it keeps the service from being served.
    pub fn has_errors(&self) -> bool {
        self.diagnostics().any(Diagnostic::is_error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// The diagnostics alone.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter().map(|(diagnostic, _)| diagnostic)
    }

    /// Everything for a person to read: each with its source line and a caret where it has one.
    pub fn render(&self, colour: bool) -> String {
        let rendered: Vec<_> = self.findings.iter().map(|(diagnostic, place)| render(diagnostic, place, colour)).collect();
        rendered.join("\n")
    }
}

fn render(diagnostic: &Diagnostic, place: &Place, colour: bool) -> String {
    let Diagnostic { severity, message, file, line, column, .. } = diagnostic;
    let said = match place {
        Place::Line(source) => return diagnostic.render(&source.text, colour),
        Place::Position => format!("{severity}: {file}:{line}:{column}: {message}"),
        Place::Name => format!("{severity}: {file}: {message}"),
    };
    diagnostic.help.iter().fold(said, |said, help| format!("{said}\n  help: {help}"))
}

/// One line each.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (diagnostic, place)) in self.findings.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match place {
                Place::Name => write!(f, "{separator}{}: {}: {}", diagnostic.file, diagnostic.severity, diagnostic.message)?,
                Place::Line(_) | Place::Position => write!(f, "{separator}{diagnostic}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// A diagnostic as it is shown to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// First byte and the byte behind the last.
    pub span: [usize; 2],
}

impl Finding {
    /// Whether a service is refused because everybody knows its secrets.
    pub fn is_example_secrets(&self) -> bool {
        self.is_error() && self.message == KNOWN_TO_ALL
    }

    /// Whether it keeps the service from being served.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error.to_string()
    }
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity.to_string(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            file: diagnostic.file.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            span: [diagnostic.span.start, diagnostic.span.end],
        }
    }
}

/// One line, as a [`Diagnostic`]'s.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}: {}", self.file, self.line, self.column, self.severity, self.message)
    }
}
