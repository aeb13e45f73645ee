//! A journal with a damaged record: it is set aside and reported, and everything else is delivered.

use std::fs;
use std::path::Path;

use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::{Value, json};

use super::installation;

#[test]
fn a_damaged_record_is_set_aside_and_reported_and_costs_nothing_else() {
    let installation = installation();
    installation.spec("orders", r#"{ "output": "{{body.n}}" }"#);
    let receiver = Receiver::start().unwrap();
    receiver.answer(503);
    let often = ["20ms"; 40].join(",");
    let added = installation.run(&["hooks", "add", "orders", "--to", &receiver.url("/"), "--retry", &often, "--json"]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let path = added["hook"]["paths"][0].as_str().unwrap();
    let host = installation.serve();
    for n in 1..=3 {
        assert_eq!(host.post(path, &json!({ "n": n, "note": format!("webhook {n}") })).status, 200);
    }
    host.kill();
    damage(&installation.data().join("journal/events/00000000000000000001.segment"), b"webhook 2");

    receiver.answer(200);
    let host = installation.serve();
    host.wait_for_log("DAMAGED RECORDS were set aside");
    let events = installation.data().join("journal/events");
    let aside = |name: &str| name.starts_with("00000000000000000001.") && name.ends_with(".damaged");
    let names: Vec<_> = fs::read_dir(events).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| aside(name)).count(), 1, "{names:?}");
    assert_eq!(host.post(path, &json!({ "n": 4 })).status, 200);
    wait::until_true("all others are delivered", || [1, 3, 4].iter().all(|n| receiver.bodies("/").contains(&json!(n))));
    host.stop();
}

/// Changes one bit in the middle of these bytes.
fn damage(file: &Path, at: &[u8]) {
    let mut content = fs::read(file).unwrap();
    let place = content.windows(at.len()).position(|bytes| bytes == at).unwrap();
    content[place + 3] ^= 1;
    fs::write(file, content).unwrap();
}
