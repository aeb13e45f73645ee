//! Bad input: each gets a clear message and leaves the host serving.

mod command_line;
mod plugins;
mod requests;
mod sinks;
mod specs;

use hookwright_tests::host::{Host, Installation};
use serde_json::json;

/// A service that has nothing wrong with it, to see that it goes on serving.
fn add_healthy(installation: &Installation) {
    installation.spec("healthy", r#"{ "uid": "{{body.u}}" }"#);
}

fn assert_healthy(host: &Host) {
    assert_eq!(host.post("/healthy", &json!({ "u": 1 })).status, 200, "the host no longer serves");
}
