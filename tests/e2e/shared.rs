//! A shared webhook: one URL, many users.

use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use serde_json::json;

use super::installation;

const SPEC: &str = r#"{ "iterate": "{{body.items}}", "uid": "{{item.user}}", "output": { "n": "{{item.n}}" } }"#;

#[test]
fn every_connection_with_the_uid_receives_and_no_other() {
    let installation = installation();
    samples::install(&installation, "slack");
    let receiver = Receiver::start().unwrap();
    for (uid, path) in [("T0EXAMPLE1", "/first"), ("T0EXAMPLE1", "/second"), ("T0ANOTHER", "/other")] {
        installation.connect("slack", uid, &receiver.url(path));
    }
    let host = installation.serve();

    let event = samples::case("slack", "event");
    assert_eq!(host.send(&event.at_present()).status, 200);

    let expected = vec![event.bundles[0].1.clone()];
    assert_eq!(receiver.wait_for("/first", 1), expected);
    assert_eq!(receiver.wait_for("/second", 1), expected);
    host.stop();
    assert!(receiver.bodies("/other").is_empty());
}

#[test]
fn one_request_may_hold_items_for_several_users() {
    let installation = installation();
    installation.spec("batch", SPEC);
    let receiver = Receiver::start().unwrap();
    installation.connect("batch", "7", &receiver.url("/seven"));
    installation.connect("batch", "eight", &receiver.url("/eight"));
    let host = installation.serve();

    let body =
        json!({ "items": [{ "user": 7, "n": 1 }, { "user": "eight", "n": 2 }, { "user": "nobody", "n": 3 }, { "user": "7", "n": 4 }] });
    assert_eq!(host.post("/batch", &body).status, 200);

    let mut seven = receiver.wait_for("/seven", 2);
    seven.sort_by_key(|bundle| bundle["n"].as_i64());
    assert_eq!(seven, [json!({ "n": 1 }), json!({ "n": 4 })]);
    assert_eq!(receiver.wait_for("/eight", 1), [json!({ "n": 2 })]);
}

#[test]
fn a_connection_made_while_the_host_runs_receives_at_once() {
    let installation = installation();
    installation.spec("batch", SPEC);
    let host = installation.serve();
    let receiver = Receiver::start().unwrap();
    installation.connect("batch", "new", &receiver.url("/new"));
    assert_eq!(host.post("/batch", &json!({ "items": { "user": "new", "n": 1 } })).status, 200);
    assert_eq!(receiver.wait_for("/new", 1), [json!({ "n": 1 })]);
}

#[test]
fn deliveries_bear_an_id_that_each_has_for_itself() {
    let installation = installation();
    installation.spec("batch", SPEC);
    let receiver = Receiver::start().unwrap();
    installation.connect("batch", "u", &receiver.url("/u"));
    let host = installation.serve();
    assert_eq!(host.post("/batch", &json!({ "items": [{ "user": "u", "n": 1 }, { "user": "u", "n": 2 }] })).status, 200);
    receiver.wait_for("/u", 2);
    let ids: Vec<_> = receiver.deliveries().iter().map(|delivery| delivery.header("webhook-id").map(str::to_owned)).collect();
    assert!(ids[0].is_some() && ids[1].is_some() && ids[0] != ids[1], "{ids:?}");
}
