//! What comes for a uid that nobody has yet.

use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::installation;

/// Each item is for a team of its own.
const SPEC: &str = r#"{ "iterate": "{{body.items}}", "uid": "{{item.team}}", "output": { "n": "{{item.n}}" } }"#;

fn with_spec() -> Installation {
    let installation = installation();
    installation.spec("teams", SPEC);
    installation
}

fn send(host: &Host, items: &Value) {
    assert_eq!(host.post("/teams", &json!({ "items": items })).status, 200);
}

fn numbers(bundles: &[Value]) -> Vec<i64> {
    bundles.iter().map(|bundle| bundle["n"].as_i64().unwrap()).collect()
}

#[test]
fn what_was_held_for_a_uid_is_delivered_in_order_once_somebody_has_it_and_only_once() {
    let (installation, receiver) = (with_spec(), Receiver::start().unwrap());
    let host = installation.serve();
    for n in [1, 2, 3] {
        send(&host, &json!([{ "team": "a", "n": n }, { "team": "b", "n": 10 * n }]));
    }
    // What is held outlives the process that held it.
    host.kill();
    let host = installation.serve();
    let connect = |uid: &str, path: &str| {
        installation.run(&["connections", "add", "teams", "--uid", uid, "--to", &receiver.url(path), "--ordered"]);
    };
    connect("a", "/a");
    assert_eq!(numbers(&receiver.wait_for("/a", 3)), [1, 2, 3]);
    host.stop();
    let host = installation.serve();
    connect("b", "/b");
    assert_eq!(numbers(&receiver.wait_for("/b", 3)), [10, 20, 30]);
    send(&host, &json!([{ "team": "a", "n": 4 }]));
    assert_eq!(numbers(&receiver.wait_for("/a", 4)), [1, 2, 3, 4], "nothing came twice");
    host.stop();
}

#[test]
fn a_connection_that_is_made_without_a_server_is_found_when_it_starts() {
    let (installation, receiver) = (with_spec(), Receiver::start().unwrap());
    let host = installation.serve();
    send(&host, &json!([{ "team": "a", "n": 1 }]));
    host.stop();
    installation.connect("teams", "a", &receiver.url("/a"));
    let host = installation.serve();
    assert_eq!(numbers(&receiver.wait_for("/a", 1)), [1]);
    host.stop();
}

#[test]
fn what_was_held_and_fails_is_stored_as_failed_and_keeps_nothing_back() {
    let (installation, receiver) = (with_spec(), Receiver::start().unwrap());
    let host = installation.serve();
    for n in [0, 1] {
        send(&host, &json!([{ "team": "a", "n": n }]));
    }
    host.stop();
    let failing = r#"{ "condition": "{{1 / body.items[].n}}", "respond": { "status": "{{1 / 0}}" }, "#;
    installation.spec("teams", &SPEC.replacen("{ ", failing, 1));
    installation.connect("teams", "a", &receiver.url("/a"));
    let host = installation.serve();
    assert_eq!(numbers(&receiver.wait_for("/a", 1)), [1]);
    let failed = installation.run(&["events", "list", "--outcome", "failed", "--json"]);
    assert!(failed.contains("division by zero"), "{failed}");
    host.stop();
}

#[test]
fn nothing_is_held_where_the_operator_wants_nothing_held() {
    let (installation, receiver) = (with_spec(), Receiver::start().unwrap());
    let host = installation.serve_with(&["--hold-unmatched", "0s"]);
    send(&host, &json!([{ "team": "a", "n": 1 }]));
    installation.connect("teams", "a", &receiver.url("/a"));
    send(&host, &json!([{ "team": "a", "n": 2 }]));
    assert_eq!(numbers(&receiver.wait_for("/a", 1)), [2]);
    let metrics =
        hookwright_tests::client::Request::new("GET", "/metrics").send_to_socket(&installation.data().join("control.sock")).unwrap();
    assert!(metrics.text().contains("hookwright_held_events 0.0"), "{}", metrics.text());
    host.stop();
}
