//! Requests that are malformed, too large, too deep, or never end.

use std::io::{Read, Write};

use hookwright_tests::client::{Request, connect, read_reply};
use serde_json::json;

use super::super::installation;
use super::{add_healthy, assert_healthy};

#[test]
fn a_body_that_is_not_what_its_type_says_is_400_with_one_line() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bad = [
        ("application/json", "{\"a\": 1,,}", "JSON"),
        ("application/cloudevents+json", "nonsense", "JSON"),
        ("application/json", deep.as_str(), "deep"),
        ("application/xml", "<a><b></a>", "XML"),
        ("multipart/form-data; boundary=x", "--x\r\nnothing", "multipart"),
    ];
    for (kind, body, reason) in bad {
        let reply = host.send(&Request::new("POST", "/healthy").header("content-type", kind).body(body));
        let text = reply.text();
        assert_eq!(reply.status, 400, "{kind}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(text.contains(reason), "{kind}: {text}");
    }
    assert_healthy(&host);
}

#[test]
fn an_empty_json_body_is_null_and_no_mistake() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve();
    assert_eq!(host.send(&Request::json("/healthy", "")).status, 200);
}

#[test]
fn a_body_over_the_limit_is_413_whether_it_says_so_or_not() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve_with(&["--max-body", "1000"]);
    let large = format!("\"{}\"", "x".repeat(1000));
    assert_eq!(host.send(&Request::json("/healthy", &large)).status, 413);

    let mut stream = connect(host.address()).unwrap();
    let head = "POST /healthy HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(format!("{head}{:x}\r\n{large}\r\n", large.len()).as_bytes()).unwrap();
    assert_eq!(read_reply(&mut stream).unwrap().status, 413);
    assert_healthy(&host);
}

#[test]
fn a_request_that_stops_half_way_is_given_up_and_others_are_served_meanwhile() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve_with(&["--read-timeout", "1"]);
    let halves: [&[u8]; 3] =
        [b"POST /heal", b"POST /healthy HTTP/1.1\r\nhost: h\r\n", b"POST /healthy HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n{"];
    for half in halves {
        let mut stream = connect(host.address()).unwrap();
        stream.write_all(half).unwrap();
        assert_healthy(&host);
        // The host ends the connection, with a 408 or without a word; never with a 200.
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    assert_healthy(&host);
}

#[test]
fn a_sender_that_goes_away_half_way_does_no_harm() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve();
    for _ in 0..20 {
        let mut stream = connect(host.address()).unwrap();
        stream.write_all(b"POST /healthy HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{").unwrap();
    }
    assert_healthy(&host);
    host.stop();
}

#[test]
fn what_is_not_http_is_answered_with_400() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve();
    let mut stream = connect(host.address()).unwrap();
    stream.write_all(b"hello there\r\n\r\n").unwrap();
    assert_eq!(read_reply(&mut stream).unwrap().status, 400);
    assert_healthy(&host);
}

#[test]
fn every_method_reaches_the_spec_and_head_gets_no_body() {
    let installation = installation();
    installation.spec("echo", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{method}}" } }"#);
    let host = installation.serve();
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert_eq!(host.send(&Request::new(method, "/echo")).text(), method);
    }
    let mut stream = connect(host.address()).unwrap();
    stream.write_all(b"HEAD /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("\r\n\r\n"), "{said}");
    assert_eq!(host.post("/echo", &json!({})).text(), "POST");
}
