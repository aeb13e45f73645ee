//! What native tests show plugin functions of secrets and connection data: what the host would, granted.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;

use hookwright_sdk::testing::{Bundle, Service, confide};
use hookwright_sdk::{Request, Value, function, host, plugin, uid};

/// What it is shown.
#[function]
fn shown() -> String {
    let text = |value: Option<Value>| value.and_then(|value| value.as_text().map(str::to_owned)).unwrap_or_default();
    format!("{}/{}", text(host::secret("key")), text(host::connection_data("name")))
}

/// The secret is there for an extractor, connection data is not.
#[uid]
fn account(_: &Request) -> String {
    shown()
}

plugin! { functions: [shown], uid: [account] }

#[test]
fn a_function_called_by_a_test_sees_what_the_test_confides() {
    assert_eq!(shown(), "/");
    confide(serde_json::json!({ "key": "k" }), serde_json::json!({ "name": "Ada" }));
    assert_eq!(shown(), "k/Ada");
}

#[test]
fn a_sample_shows_the_services_common_and_the_hooks_parameters() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("common.json"), r#"{"key": "k"}"#).unwrap();
    let spec = r#"{"condition": "{{shown() = 'k/Ada'}}", "output": "{{shown()}}", "respond": {"body": "{{shown()}}"}}"#;
    fs::write(directory.path().join("webhook.json"), spec).unwrap();
    let request = b"# hook: {\"uid\": \"k/\", \"parameters\": {\"name\": \"Ada\"}}\nPOST / HTTP/1.1\n\n";
    let verdict = Service::open(directory.path(), &PLUGIN).run(request).unwrap();
    assert!(verdict.accepted, "the condition is asked for the recipient");
    assert_eq!(verdict.items[0].uid.as_deref(), Some("k/"));
    assert_eq!(verdict.items[0].bundles, [Bundle { hook: "sample".into(), json: r#""k/Ada""#.into() }]);
    assert_eq!(verdict.reply.body, br#""k/""#, "a reply is for nobody's hook");
    assert_eq!(shown(), "/", "nothing stays behind");
}
