//! A hook without a destination: whoever wants its bundles fetches them.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use hookwright_tests::client::Request;
use hookwright_tests::wait;
use serde_json::{Value, json};

use super::installation;

#[test]
fn bundles_are_fetched_and_acknowledged_over_a_kill_9_and_followed_as_they_come() {
    let installation = installation();
    installation.spec("orders", "{}");
    let added: Value = serde_json::from_str(&installation.run(&["hooks", "add", "orders", "--json"])).unwrap();
    let (hook, path) = (added["hook"]["id"].as_str().unwrap(), added["hook"]["paths"][0].as_str().unwrap());
    let host = installation.serve();
    for n in ["1.50", "2"] {
        assert_eq!(host.send(&Request::json(path, format!("{{\"n\": {n}}}"))).status, 200);
    }
    let pulled = installation.run(&["hooks", "pull", hook, "--limit", "1", "--ack"]);
    assert!(pulled.contains(r#""body":{"n":1.50}"#) && pulled.lines().count() == 1, "{pulled}");
    host.kill();
    let left: Value = serde_json::from_str(installation.run(&["hooks", "pull", hook]).trim()).unwrap();
    assert_eq!(left["body"], json!({ "n": 2 }));

    let host = installation.serve();
    let mut follower = installation.command(&["hooks", "pull", hook, "--follow", "--ack"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines =
        BufReader::new(follower.stdout.take().unwrap()).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    assert_eq!(lines.next().unwrap()["id"], left["id"]);
    assert_eq!(host.post(path, &json!({ "n": 3 })).status, 200);
    assert_eq!(lines.next().unwrap()["body"], json!({ "n": 3 }));
    follower.kill().unwrap();
    follower.wait().unwrap();
    host.stop();
}

#[test]
fn bundles_are_followed_as_server_sent_events_from_where_a_reader_has_been() {
    let installation = installation();
    installation.spec("orders", "{}");
    let added: Value = serde_json::from_str(&installation.run(&["hooks", "add", "orders", "--json"])).unwrap();
    let (hook, path) = (added["hook"]["id"].as_str().unwrap(), added["hook"]["paths"][0].as_str().unwrap());
    let host = installation.serve();
    let follow = |query: &str| {
        let mut stream = UnixStream::connect(installation.data().join("control.sock")).unwrap();
        stream.set_read_timeout(Some(wait::DEADLINE)).unwrap();
        stream.write_all(&Request::new("GET", &format!("/hooks/{hook}/bundles/stream{query}")).to_bytes()).unwrap();
        BufReader::new(stream).lines().map(Result::unwrap)
    };
    assert_eq!(host.post(path, &json!({ "n": 1 })).status, 200);
    let mut reader = follow("");
    let (first, n) = next(&mut reader);
    assert_eq!(n, 1);
    for n in [2, 3] {
        assert_eq!(host.post(path, &json!({ "n": n })).status, 200);
        assert_eq!(next(&mut reader).1, n);
    }
    assert_eq!(next(&mut follow(&format!("?after={first}"))).1, 2, "nothing was acknowledged, and what was read is passed over");
    host.stop();
}

/// The next event: its id, and the number in its bundle.
fn next(lines: &mut impl Iterator<Item = String>) -> (String, Value) {
    let id = lines.find_map(|line| line.strip_prefix("id: ").map(str::to_owned)).unwrap();
    let data = lines.find_map(|line| line.strip_prefix("data: ").map(str::to_owned)).unwrap();
    (id, serde_json::from_str::<Value>(&data).unwrap()["body"]["n"].clone())
}
