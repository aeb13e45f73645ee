//! A hook without a destination: whoever wants its bundles fetches them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

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
        assert_eq!(host.send(&hookwright_tests::client::Request::json(path, format!("{{\"n\": {n}}}"))).status, 200);
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
