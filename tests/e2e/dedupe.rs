//! Repeats: a provider that saw no answer sends again.

use hookwright_tests::client::Request;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::samples;
use serde_json::json;

use super::installation;

#[test]
fn a_repeated_delivery_is_answered_again_and_delivered_once() {
    let installation = installation();
    installation
        .spec("orders", r#"{ "condition": "{{body.ok}}", "dedupe": "{{body.id}}", "respond": { "body": { "id": "{{body.id}}" } } }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();
    for (id, ok) in [(7, false), (7, true), (7, true), (8, true)] {
        let reply = host.post(&path, &json!({ "id": id, "ok": ok }));
        assert_eq!((reply.status, reply.text()), (200, format!("{{\"id\":{id}}}")));
    }
    receiver.wait_for("/", 2);
    host.stop();
    let mut ids: Vec<_> = receiver.bodies("/").iter().map(|bundle| bundle["id"].as_i64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [Some(7), Some(8)]);
}

#[test]
fn a_repeat_after_a_restart_is_still_a_repeat() {
    let installation = installation();
    samples::install(&installation, "stripe");
    let receiver = Receiver::start().unwrap();
    installation.connect("stripe", "acct_1EXAMPLE", &receiver.url("/"));
    let payment = samples::case("stripe", "payment-of-connected-account");
    let send = |request: &Request| {
        let host = installation.serve();
        assert_eq!(host.send(request).status, 200);
        receiver.wait_for("/", 1);
        host.stop();
    };
    send(&payment.at_present());
    send(&payment.at_present());
    assert_eq!(receiver.bodies("/").len(), 1);
}
