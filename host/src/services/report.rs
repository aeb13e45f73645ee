//! What is wrong with a service directory: diagnostics together with the texts they point into.

use std::fmt;
use std::sync::Arc;

use hookwright_webhook::{Diagnostic, Severity, Source};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All mistakes of one service directory, in the order its files were read.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<(Diagnostic, Arc<Source>)>,
}

impl Report {
    /// Adds what was found in `source`.
    pub fn add(&mut self, source: &Arc<Source>, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.findings.extend(diagnostics.into_iter().map(|diagnostic| (diagnostic, source.clone())));
    }

    /// Adds a mistake of a whole file or directory, `name`, which has no line to point at.
    pub fn add_error(&mut self, name: impl Into<String>, message: impl Into<String>, help: Option<&str>) {
        let source = Arc::new(Source::new(name, ""));
        let diagnostic = source.error(0..0, message);
        self.add(
            &source,
            [match help {
                Some(help) => diagnostic.with_help(help),
                None => diagnostic,
            }],
        );
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
        let rendered: Vec<_> = self.findings.iter().map(|(diagnostic, source)| render(diagnostic, source, colour)).collect();
        rendered.join("\n")
    }
}

fn render(diagnostic: &Diagnostic, source: &Source, colour: bool) -> String {
    match source.text.is_empty() {
        false => diagnostic.render(&source.text, colour),
        true => {
            let help = diagnostic.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
            format!("{}: {}: {}{help}", diagnostic.severity, diagnostic.file, diagnostic.message)
        }
    }
}

/// One line each.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (diagnostic, source)) in self.findings.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match source.text.is_empty() {
                false => write!(f, "{separator}{diagnostic}")?,
                true => write!(f, "{separator}{}: {}: {}", diagnostic.file, diagnostic.severity, diagnostic.message)?,
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
