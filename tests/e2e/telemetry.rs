//! The way of one webhook as an OpenTelemetry collector sees it.

use hookwright_tests::client::Request;
use hookwright_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::installation;

/// How often these bytes stand in what the collector was sent: spans are protobuf, texts and ids in it are as they are.
fn times(collector: &Receiver, bytes: &[u8]) -> usize {
    let exported = collector.deliveries().into_iter().filter(|delivery| delivery.path == "/v1/traces");
    exported.map(|delivery| delivery.body.windows(bytes.len()).filter(|part| *part == bytes).count()).sum()
}

#[test]
fn an_event_is_one_trace_from_its_arrival_to_its_delivery_after_a_restart() {
    let (installation, collector, receiver) = (installation(), Receiver::start().unwrap(), Receiver::start().unwrap());
    installation.spec("shop", "{}");
    let added = installation.run(&["hooks", "add", "shop", "--to", &receiver.url("/"), "--retry", "1ms"]);
    let path = added[added.find("/h/").unwrap()..].split_whitespace().next().unwrap();
    receiver.answer(500);
    let flags = ["--otlp", &collector.url("")];
    let host = installation.serve_with(&flags);
    assert_eq!(host.post(path, &json!({ "n": 1 })).status, 200);
    receiver.wait_for("/", 2);
    let events = Request::new("GET", "/events").send_to_socket(&installation.data().join("control.sock")).unwrap();
    let events: Value = serde_json::from_slice(&events.body).unwrap();
    let trace = hex::decode(events["events"][0]["id"].as_str().unwrap().replace('-', "")).unwrap();
    host.wait_for_log("a bundle is a dead letter");
    host.stop();
    assert_eq!(
        [&trace[..], b"\x06accept", b"\x07deliver", b"500 Internal Server Error"].map(|bytes| times(&collector, bytes)),
        [3, 1, 2, 2]
    );
    receiver.answer(200);
    let host = installation.serve_with(&flags);
    installation.run(&["dead-letters", "redrive", "--all"]);
    receiver.wait_for("/", 3);
    host.stop();
    assert_eq!([&trace[..], b"\x06accept", b"\x07deliver"].map(|bytes| times(&collector, bytes)), [4, 1, 3], "the same trace goes on");
}

#[test]
fn a_collector_that_is_not_there_keeps_nobody_waiting() {
    let (installation, receiver) = (installation(), Receiver::start().unwrap());
    installation.spec("shop", "{}");
    let path = installation.hook("shop", &[], &receiver.url("/"));
    let host = installation.serve_with(&["--otlp", "http://127.0.0.1:9"]);
    assert_eq!(host.post(&path, &json!({})).status, 200);
    receiver.wait_for("/", 1);
    host.stop();
}
