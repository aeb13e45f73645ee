//! Connections and hooks that leave a host as JSON lines, and come into another.

use std::fs;

use hookwright_tests::host::Installation;
use hookwright_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::installation;

/// A file of connections with `teams`, each with so many bytes of data and a hook to one destination. Their ids and uids are the
/// name with a number.
pub(super) fn import_file(installation: &Installation, name: &str, connections: usize, bytes: usize, to: &str) -> String {
    let data = "x".repeat(bytes);
    let mut lines = vec![json!({ "export": { "format": "hookwright-connections 1", "secrets": true } }).to_string()];
    for number in 0..connections {
        let id = format!("{name}-{number}");
        lines.push(json!({ "connection": { "id": id, "service": "teams", "uid": id, "data": { "token": data } } }).to_string());
        lines.push(json!({ "hook": { "id": id, "service": "teams", "connection": id, "destination": to } }).to_string());
    }
    let file = installation.path(name);
    fs::write(&file, lines.join("\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn what_one_host_exports_another_imports_and_goes_on_delivering() {
    let (old, new) = (installation(), installation());
    let receiver = Receiver::start().unwrap();
    for host in [&old, &new] {
        host.spec("shop", r#"{ "condition": "{{body.key = parameters.key}}", "output": { "n": "{{body.n}}" } }"#);
        host.spec("teams", r#"{ "uid": "{{body.team}}" }"#);
    }
    let path = old.hook("shop", &["key=k3y"], &receiver.url("/shop"));
    let running = old.serve();
    old.connect("teams", "7", &receiver.url("/teams"));
    let masked = old.run(&["export"]);
    assert!(!masked.contains("k3y") && !masked.contains("whsec_") && !masked.contains(&path[3..]), "{masked}");
    let export = old.run(&["export", "--secrets"]);
    running.stop();
    assert_eq!(old.run(&["export", "--secrets"]), export, "the same without a server");

    let file = new.path("export.jsonl");
    let file = file.to_str().unwrap();
    fs::write(file, masked).unwrap();
    assert!(new.fails(&["import", file]).contains("export.jsonl:1: this export has `***`"));
    fs::write(file, &export).unwrap();
    let running = new.serve();
    let told = |arguments: &[&str]| serde_json::from_str::<Value>(&new.run(arguments)).unwrap();
    assert_eq!(told(&["import", file, "--dry-run", "--json"]), json!({ "added": 3, "replaced": 0, "unchanged": 0 }));
    assert_eq!(told(&["import", file, "--json"]), json!({ "added": 3, "replaced": 0, "unchanged": 0 }), "a dry run imports nothing");
    assert_eq!(running.post(&path, &json!({ "key": "k3y", "n": 1 })).status, 200);
    assert_eq!(running.post("/teams", &json!({ "team": 7 })).status, 200);
    assert_eq!(receiver.wait_for("/shop", 1), [json!({ "n": 1 })]);
    assert_eq!(receiver.wait_for("/teams", 1), [json!({ "team": 7 })]);
    assert_eq!(new.run(&["export", "--secrets"]), export);

    fs::write(file, export.replace("k3y", "other")).unwrap();
    running.stop();
    assert_eq!(told(&["import", file, "--json"]), json!({ "added": 0, "replaced": 1, "unchanged": 2 }), "and without a server");
}

#[test]
fn a_file_with_a_wrong_line_is_refused_whole_with_every_wrong_line_named() {
    let installation = installation();
    let file = installation.path("export.jsonl");
    let lines = [
        r#"{"export":{"format":"hookwright-connections 1","secrets":true}}"#,
        r#"{"hook":{"id":"h1","service":"teams","connection":"c1"}}"#,
        r#"{"connection":{"id":"c1","service":"teams","uid":"7"}}"#,
        r#"{"hook":{"id":"h2","service":"teams","connection":"c2"}}"#,
        r#"{"hook":{"id":"h3","service":"shop","connection":"c1"}}"#,
        r#"{"connection":{"id":"c3","service":"teams","uid":""}}"#,
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    let host = installation.serve();
    let file = file.to_str().unwrap();
    for arguments in [&["import", file][..], &["import", file, "--dry-run"]] {
        let error = installation.fails(arguments);
        for named in [
            "export.jsonl:4: there is no connection c2",
            "export.jsonl:5: a hook's connection must be of the hook's service",
            "export.jsonl:6: a connection needs an id, a service and a uid",
            "nothing was imported, because of 3 mistakes",
        ] {
            assert!(error.contains(named), "{named:?} is not in {error}");
        }
    }
    assert_eq!(installation.run(&["connections", "list", "--json"]).trim(), "[]");
    host.stop();
}
