//! Specs and service directories that are wrong: refused with their place and reason, the others serve.

use super::super::installation;
use super::{add_healthy, assert_healthy};

/// Broken specs, and what the log says about each.
const BROKEN: [(&str, &str, &str); 5] = [
    ("not-json", "condition: yes", "not-json/webhook.json:1:1"),
    ("not-object", "[]", "not-object/webhook.json:1:1"),
    ("unknown-directive", "{\n  \"respnd\": {}\n}", "`respond`"),
    ("unknown-function", r#"{ "output": "{{uper(body)}}" }"#, "there is no function `uper`"),
    ("bad-expression", r#"{ "output": "{{body.a +}}" }"#, "bad-expression/webhook.json:1:"),
];

#[test]
fn a_broken_spec_is_refused_with_file_line_and_reason_and_the_others_serve() {
    let installation = installation();
    add_healthy(&installation);
    for (service, spec, _) in BROKEN {
        installation.spec(service, spec);
    }
    let host = installation.serve();
    for (service, _, message) in BROKEN {
        host.wait_for_log(message);
        let reply = host.post(&format!("/{service}"), &serde_json::json!({}));
        assert_eq!(reply.status, 503, "{service}: a sender takes 404 for the last word");
        assert!(reply.header("retry-after").is_some());
    }
    host.wait_for_log("refused: 5 of 6 services (bad-expression, not-json,");
    assert_healthy(&host);
    host.stop();
}

#[test]
fn check_says_the_same_of_each_and_fails() {
    let installation = installation();
    for (service, spec, message) in BROKEN {
        installation.spec(service, spec);
        let directory = installation.services().join(service);
        let output = installation.output(&["check", directory.to_str().unwrap()]);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{service}: {said}");
        assert!(said.contains(message), "{message:?} is not in {said}");
    }
}

#[test]
fn all_mistakes_of_a_spec_are_said_at_once() {
    let installation = installation();
    installation.spec("many", r#"{ "output": "{{uper(body)}}", "respnd": {}, "condition": "{{1 +}}" }"#);
    let host = installation.serve();
    for message in ["there is no function `uper`", "`respnd`", "webhook.json:1:"] {
        host.wait_for_log(message);
    }
}

#[test]
fn a_service_directory_whose_name_is_not_allowed_is_refused_by_name() {
    let installation = installation();
    add_healthy(&installation);
    installation.spec("My_Service", "{}");
    installation.spec("h", "{}");
    let host = installation.serve();
    host.wait_for_log("`My_Service` has `M` in it");
    host.wait_for_log("a service cannot be called `h`");
    assert_healthy(&host);
}

#[test]
fn a_common_json_that_is_none_is_refused_with_its_place() {
    let installation = installation();
    add_healthy(&installation);
    installation.spec("secrets", "{}");
    installation.write("secrets", "common.json", "{ \"secret\": \n oops }");
    let host = installation.serve();
    host.wait_for_log("secrets/common.json:2:");
    assert_healthy(&host);
}
