//! What holds of every spec, whatever stands in it. Run by the fuzzer and, on its corpus, by a test.

use hookwright_webhook::{LoadOptions, Source, Webhook};

/// Loads a spec: it is refused with a mistake or loads with warnings, and each of them can be shown.
///
/// # Panics
/// Where something does not hold.
pub(crate) fn check(input: &str) {
    let source = Source::new("webhook.json", input);
    let diagnostics = match Webhook::load(&source, LoadOptions::default()) {
        Ok((_, warnings)) => {
            assert!(!warnings.iter().any(|warning| warning.is_error()), "a spec with mistakes is refused");
            warnings
        }
        Err(mistakes) => {
            assert!(mistakes.iter().any(|mistake| mistake.is_error()), "a spec is refused for a mistake");
            mistakes
        }
    };
    for diagnostic in diagnostics {
        assert!(source.text.get(diagnostic.span.clone()).is_some(), "{:?} is no part of the spec", diagnostic.span);
        assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
        assert!(!diagnostic.render(&source.text, true).is_empty());
    }
}
