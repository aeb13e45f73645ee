//! Make's ZIP export of a custom app, unpacked, recognised by its `.sdk` file.

use std::path::Path;

use super::report::Report;

/// The file that marks the layout.
pub(super) const MARKER: &str = ".sdk";

/// Says that the layout is known and not served.
pub(super) fn refuse(directory: &Path, report: &mut Report) {
    report.add_error(
        directory.join(MARKER).display().to_string(),
        "this is a Make app's ZIP export, a layout that is not read yet",
        Some("copy `webhooks/<name>/api.imljson` to `webhook.json` in a directory of its own"),
    );
}
