//! Plugins that are none, want too much, or misbehave.

use std::fs;

use hookwright_tests::plugins;
use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::super::installation;
use super::{add_healthy, assert_healthy};

#[test]
fn a_file_that_is_no_plugin_is_refused_with_its_reason_and_the_others_serve() {
    let other_import = r#"(component (import "wasi:filesystem/preopens@0.2.0" (instance)))"#;
    let other_version = r#"(component (import "hookwright:plugin/log@2.0.0" (instance)))"#;
    let refused: [(&str, Vec<u8>, &str); 5] = [
        ("not-wasm", b"#!/bin/sh\n".to_vec(), "this is not WebAssembly"),
        ("cut-short", b"\0asm".to_vec(), "cut-short/plugin.wasm"),
        ("no-interface", wat("(module)"), "this is WebAssembly, but not a plugin"),
        ("other-import", wat(other_import), "the plugin imports wasi:filesystem/preopens@0.2.0"),
        ("other-version", wat(other_version), "the plugin was built for hookwright:plugin 2.0.0"),
    ];
    let installation = installation();
    add_healthy(&installation);
    for (service, file, _) in &refused {
        installation.spec(service, r#"{ "uid": "u" }"#);
        installation.write(service, "plugin.wasm", file);
    }
    let host = installation.serve();
    for (service, _, message) in &refused {
        host.wait_for_log(message);
        assert_eq!(host.post(&format!("/{service}"), &json!({})).status, 503, "{service}");
    }
    assert_healthy(&host);
    host.stop();
}

fn wat(text: &str) -> Vec<u8> {
    ::wat::parse_str(text).unwrap()
}

#[test]
fn a_plugin_that_traps_or_loops_fails_its_own_request_and_nothing_else() {
    let installation = installation();
    add_healthy(&installation);
    let spec = r#"{ "uid": "u", "condition": "{{switch(body.do, 'panic', panics('on purpose'), 'loop', endless(), 'abort', aborts(), 'stack', deep(), 'memory', greedy(), 'result', bytes(8388608), 'log', chatty(), same('fine'))}}", "respond": { "type": "text", "body": "fine" } }"#;
    installation.spec("probe", spec);
    installation.write("probe", "plugin.wasm", fs::read(plugins::of_tests("probe")).unwrap());
    let receiver = Receiver::start().unwrap();
    installation.connect("probe", "u", &receiver.url("/"));
    let host = installation.serve_with(&["--plugin-deadline", "2000"]);

    let answer = |what: &str| host.post("/probe", &json!({ "do": what }));
    let misdeeds = [
        ("panic", "panics", 500),
        ("loop", "endless", 422),
        ("abort", "aborts", 500),
        ("stack", "deep", 500),
        ("memory", "greedy", 413),
        ("result", "bytes", 413),
        ("log", "chatty", 422),
    ];
    for (what, logged, status) in misdeeds {
        let reply = answer(what);
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
        assert!(!reply.text().contains(logged), "the sender learns nothing of our insides: {}", reply.text());
        host.wait_for_log(&format!("`{logged}`: "));
        assert_eq!(answer("nothing").text(), "fine", "after {what}");
    }
    assert_eq!(answer("nothing").text(), "fine");
    assert_healthy(&host);
    host.stop();
    let delivered = receiver.bodies("/");
    assert_eq!(delivered.len(), misdeeds.len() + 1);
    assert!(delivered.iter().all(|body| *body == json!({ "do": "nothing" })), "what was answered with 500 is not stored");
}

#[test]
fn a_plugin_dropped_in_while_the_host_runs_is_taken_up() {
    let installation = installation();
    installation.spec("probe", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{same('with a plugin')}}" } }"#);
    let host = installation.serve();
    host.wait_for_log("there is no function `same`");
    installation.write("probe", "plugin.wasm", fs::read(plugins::of_tests("probe")).unwrap());
    hookwright_tests::wait::until_true("the plugin answers", || host.post("/probe", &json!({})).text() == "with a plugin");
}
