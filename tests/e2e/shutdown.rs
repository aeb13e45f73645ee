//! Told to stop, the host finishes what it has begun.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use hookwright_tests::client::{Request, connect, read_reply};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::installation;

#[test]
fn a_request_in_flight_is_answered_and_delivered_and_new_ones_are_not_taken() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();

    let mut in_flight = connect(host.address()).unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 11\r\nexpect: 100-continue\r\n\r\n");
    in_flight.write_all(head.as_bytes()).unwrap();
    // The host asks for the body only once it has taken the request up.
    assert_eq!(read_reply_head(&mut in_flight), "HTTP/1.1 100 Continue");
    in_flight.write_all(b"{\"orde").unwrap();
    host.terminate();
    wait::until_true("no new connections are taken", || TcpStream::connect(host.address()).is_err());

    in_flight.write_all(b"r\":1}").unwrap();
    assert_eq!(read_reply(&mut in_flight).unwrap().status, 200);
    assert!(host.ended().success());

    let delivered = receiver.bodies("/");
    if delivered.is_empty() {
        // Acknowledged just before the end: then after the next start.
        let _host = installation.serve();
        assert_eq!(receiver.wait_for("/", 1), [json!({ "order": 1 })]);
    } else {
        assert_eq!(delivered, [json!({ "order": 1 })]);
    }
}

#[test]
fn a_reader_of_the_log_that_has_stopped_does_not_hold_up_the_end() {
    let installation = installation();
    let mut host = installation.serve_command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::with_capacity(1, host.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.trim().parse().ok()).unwrap_or_else(|| panic!("{line}"));

    // Each has a line in the log; together they are more than a pipe holds.
    for _ in 0..20 {
        let mut stream = connect(address).unwrap();
        stream.write_all("GET /nothing HTTP/1.1\r\nhost: h\r\n\r\n".repeat(100).as_bytes()).unwrap();
        stream.write_all(&Request::new("GET", "/nothing").to_bytes()).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    let id = i32::try_from(host.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    let status = wait::before_deadline(|| host.try_wait().unwrap());
    let _ = host.kill();
    assert!(status.is_some_and(|status| status.success()), "it ended with {status:?}");
}

/// The first line of an interim reply, read to its empty line.
fn read_reply_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}
