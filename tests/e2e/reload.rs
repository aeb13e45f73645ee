//! Files that change while requests run.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hookwright_tests::client::Request;
use hookwright_tests::host::Host;
use hookwright_tests::{plugins, wait};
use serde_json::json;

use super::{answering, installation};

#[test]
fn a_changed_spec_is_taken_up_and_a_broken_one_refused_while_no_request_fails() {
    let installation = installation();
    installation.spec("news", &answering("one"));
    let path = installation.hook("news", &[], "file:/dev/null");
    let host = installation.serve();
    while_requests_run(&host, &path, &["one", "two", "three"], || {
        assert_eq!(answer(&host, &path), "one");
        installation.spec("news", &answering("two"));
        until_answer(&host, &path, "two");

        installation.spec("news", r#"{ "respond": { "body": "{{nonsense(1)}}" } }"#);
        host.wait_for_log("there is no function `nonsense`");
        assert_eq!(answer(&host, &path), "two");

        // Half a file, as an editor leaves it that writes in place.
        fs::write(installation.services().join("news/webhook.json"), r#"{ "respond": { "bo"#).unwrap();
        host.wait_for_log("webhook.json:1:");
        assert_eq!(answer(&host, &path), "two");

        installation.spec("news", &answering("three"));
        until_answer(&host, &path, "three");
    });
    host.stop();
}

#[test]
fn a_changed_plugin_is_taken_up_whole_while_no_request_fails() {
    let installation = installation();
    let spec = r#"{ "uid": "u", "respond": { "type": "text", "body": "{{edition()}}, {{edition()}}" } }"#;
    installation.spec("probe", spec);
    installation.write("probe", "plugin.wasm", edition(b'A'));
    // Time is not what this is about.
    let host = installation.serve_with(&["--plugin-deadline", "60000", "--plugin-patience", "60000"]);
    let [a, b] = ["A", "B"].map(|letter| format!("this is edition {letter} of the probe, this is edition {letter} of the probe"));
    while_requests_run(&host, "/probe", &[&a, &b], || {
        for _ in 0..3 {
            until_answer(&host, "/probe", &a);
            installation.write("probe", "plugin.wasm", edition(b'B'));
            until_answer(&host, "/probe", &b);
            installation.write("probe", "plugin.wasm", edition(b'A'));
        }
    });
    host.stop();
}

/// The probe with another letter in what its function `edition` gives.
fn edition(letter: u8) -> Vec<u8> {
    let mut wasm = fs::read(plugins::of_tests("probe")).unwrap();
    let text = b"this is edition A";
    let found = wasm.windows(text.len()).position(|window| window == text).expect("the text stands in the file as it is");
    wasm[found + text.len() - 1] = letter;
    wasm
}

#[test]
fn a_service_that_is_dropped_in_serves_and_one_taken_away_does_not() {
    let installation = installation();
    let host = installation.serve();
    let get = || host.send(&Request::json("/parcels", "{}")).status;
    assert_eq!(get(), 404);
    installation.spec("parcels", r#"{ "uid": "{{body.shop}}" }"#);
    wait::until_true("the new service serves", || get() == 200);
    fs::remove_dir_all(installation.services().join("parcels")).unwrap();
    wait::until_true("the service is gone", || get() == 404);
    installation.spec("parcels", r#"{ "uid": "{{body.shop}}" }"#);
    wait::until_true("it is back", || get() == 200);
}

#[test]
fn changed_secrets_of_a_service_count_at_once() {
    let installation = installation();
    installation.spec("doors", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{common.word}}" } }"#);
    installation.write("doors", "common.json", r#"{ "word": "sesame" }"#);
    let host = installation.serve();
    assert_eq!(answer(&host, "/doors"), "sesame");
    installation.write("doors", "common.json", r#"{ "word": "barley" }"#);
    until_answer(&host, "/doors", "barley");
}

fn answer(host: &Host, path: &str) -> String {
    let reply = host.post(path, &json!({}));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

fn until_answer(host: &Host, path: &str, text: &str) {
    wait::until_true(&format!("the answer is {text:?}"), || answer(host, path) == text);
}

/// Does something while two senders send without a pause; none of their requests may fail, nor get an answer that is not
/// known.
fn while_requests_run(host: &Host, path: &str, known: &[&str], act: impl FnOnce()) {
    let done = AtomicBool::new(false);
    let send = || {
        let mut sent = 0;
        while !done.load(Ordering::Relaxed) {
            let text = answer(host, path);
            assert!(known.contains(&text.as_str()), "{text}");
            sent += 1;
        }
        sent
    };
    thread::scope(|scope| {
        let senders = [scope.spawn(send), scope.spawn(send)];
        let guard = OnDrop(&done);
        act();
        drop(guard);
        for sender in senders {
            assert!(sender.join().unwrap() > 0, "a sender has sent nothing");
        }
    });
}

/// Ends the senders also when what they accompany panics.
struct OnDrop<'d>(&'d AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
