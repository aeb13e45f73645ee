//! Make's local development clone of a custom app, recognised by its manifest.

use std::path::Path;

use super::files::ServiceFiles;
use super::report::Report;

/// The manifest that marks the layout.
pub(super) const MARKER: &str = "makecomapp.json";

/// Whether a directory is one.
pub(super) fn is_one(files: &ServiceFiles) -> bool {
    files.has(MARKER)
}

/// Says that the layout is known and not served.
pub(super) fn refuse(directory: &Path, report: &mut Report) {
    report.add_error(
        directory.join(MARKER).display().to_string(),
        "this is a Make app's local development clone, a layout that is not read yet",
        Some("copy the webhook's communication file to `webhook.json` in a directory of its own"),
    );
}
