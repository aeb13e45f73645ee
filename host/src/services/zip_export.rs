//! Make's ZIP export of a custom app, unpacked, recognised by its `.sdk` file, or without it by the app's base.

use std::path::Path;

use super::files::ServiceFiles;
use super::report::Report;

/// The file that marks the layout. Its name is hidden, so that it is easily lost on the way.
pub(super) const MARKER: &str = ".sdk";

/// What every app has: the settings that its requests share.
pub(super) const BASE: &str = "base.imljson";

/// Whether a directory is one.
pub(super) fn is_one(files: &ServiceFiles) -> bool {
    files.has(MARKER) || files.has(BASE)
}

/// Says that the layout is known and not served.
pub(super) fn refuse(directory: &Path, report: &mut Report) {
    report.add_error(
        directory.display().to_string(),
        "this is a Make app's ZIP export, a layout that is not read yet",
        Some("copy `webhooks/<name>/api.imljson` to `webhook.json` in a directory of its own"),
    );
}
