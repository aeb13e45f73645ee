//! Plugins that ask, keep crashing, or are not trusted; and what the command line says of them.

use std::fs;

use hookwright_tests::host::Installation;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::{plugins, wait};
use serde_json::json;

use super::installation;

/// An installation with one service, named as the plugin of the tests that is in it.
fn with_plugin(name: &str, spec: &str) -> Installation {
    let installation = installation();
    installation.spec(name, spec);
    put(&installation, name);
    installation
}

fn put(installation: &Installation, name: &str) {
    installation.write(name, "plugin.wasm", fs::read(plugins::of_tests(name)).unwrap());
}

#[test]
fn what_a_plugin_asks_for_is_refused_until_it_is_granted() {
    let spec = r#"{ "output": "{{secret('word')}}", "respond": { "type": "text", "body": "{{secret('word')}}" } }"#;
    let installation = with_plugin("asking", spec);
    installation.write("asking", "common.json", r#"{ "word": "sesame", "owner": "T1" }"#);
    let receiver = Receiver::start().unwrap();
    installation.connect("asking", "T1", &receiver.url("/"));

    let host = installation.serve_with(&["--grant", "asking=secrets", "--grant", "other=connection-data"]);
    host.wait_for_log("the plugin asks for connection-data, which it was not granted");
    host.wait_for_log("grant it with `--grant asking=connection-data`");
    assert_eq!(host.post("/asking", &json!({})).status, 503);
    host.stop();

    let host = installation.serve_with(&["--grant", "asking=secrets,connection-data"]);
    assert_eq!(host.post("/asking", &json!({})).text(), "sesame");
    host.stop();
    assert_eq!(receiver.bodies("/"), [json!("sesame")], "the extractor has seen who owns it");
}

#[test]
fn a_grant_of_what_there_is_not_ends_the_command() {
    let message = installation().fails(&["serve", "--grant", "slack=everything"]);
    assert!(message.contains("there is no `everything` to grant"), "{message}");
}

#[test]
fn only_plugins_with_a_listed_digest_are_loaded_where_there_is_a_list() {
    let installation = with_plugin("probe", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{same('in')}}" } }"#);
    let list = installation.path("digests.txt");
    fs::write(&list, "# none yet\n").unwrap();
    let host = installation.serve_with(&["--trust", &list.display().to_string()]);
    let inspected = inspect(&installation);
    let digest = inspected["sha256"].as_str().unwrap();
    host.wait_for_log(&format!("the plugin is not trusted: its SHA-256 digest {digest} is not in"));
    host.wait_for_log(&format!("add the line `{digest}`"));
    assert_eq!(host.post("/probe", &json!({})).status, 503);
    fs::write(&list, digest).unwrap();
    wait::until_true("the plugin is let in", || host.post("/probe", &json!({})).status == 200);
    host.stop();
}

#[test]
fn a_list_that_is_not_there_ends_the_command() {
    let message = installation().fails(&["serve", "--trust", "nowhere.txt"]);
    assert!(message.contains("there is no list of trusted plugins at nowhere.txt"), "{message}");
}

fn inspect(installation: &Installation) -> serde_json::Value {
    let file = installation.services().join("probe/plugin.wasm").display().to_string();
    serde_json::from_str(&installation.run(&["plugin", "inspect", "--json", &file])).unwrap()
}

#[test]
fn inspect_shows_what_a_plugin_is_and_what_it_reaches() {
    let installation = with_plugin("probe", "{}");
    let probe = inspect(&installation);
    assert_eq!(probe["name"], "hookwright-plugin-probe");
    assert_eq!(probe["asks"], json!([]));
    assert!(probe["imports"].as_array().unwrap().contains(&json!("hookwright:plugin/clock@1.0.0")), "{probe}");
    assert!(probe["functions"].as_array().unwrap().iter().any(|function| {
        function["name"] == "sumUp" && function["examples"] == json!([{ "expression": "sumUp(1; 2; 3)", "result": "6" }])
    }));
    let asking = installation.run(&["plugin", "inspect", &plugins::of_tests("asking").display().to_string()]);
    assert!(asking.contains("\n  asks for secrets, connection-data\n"), "{asking}");
}

#[test]
fn the_reference_shows_the_functions_of_a_services_plugin() {
    let installation = with_plugin("probe", "{}");
    let probe = installation.services().join("probe").display().to_string();
    let one = installation.run(&["functions", "--service", &probe, "sumUp"]);
    assert_eq!(one, "sumUp(first; others…)\n\nAdds what it gets.\n\n  {{sumUp(1; 2; 3)}}\n    gives  6\n");
    let all = installation.run(&["functions", "--service", &probe]);
    assert!(all.contains("\nthe plugin of probe:\n") && all.contains("  length("), "{all}");
    assert!(installation.fails(&["functions", "sumUp"]).contains("there is no function `sumUp`"));
}

#[test]
fn samples_and_examples_are_tested_through_the_built_plugin() {
    let installation = with_plugin("probe", r#"{ "uid": "u", "respond": { "type": "text", "body": "{{same(body.a)}}" } }"#);
    installation.write("probe", "samples/one/request.http", "POST /probe HTTP/1.1\ncontent-type: application/json\n\n{\"a\": \"b\"}");
    installation.write("probe", "samples/one/reply.http", "HTTP/1.1 200\n\nb");
    let probe = installation.services().join("probe").display().to_string();
    let passed = installation.run(&["plugin", "test", &probe]);
    assert!(passed.contains("ok    sample one\n") && passed.contains("ok    example sumUp(1; 2; 3)\n"), "{passed}");
    assert!(passed.ends_with("3 passed, 0 failed\n"), "{passed}");
    installation.write("probe", "samples/one/reply.http", "HTTP/1.1 200\n\nc");
    let output = installation.output(&["plugin", "test", &probe]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("FAIL  sample one\nthe reply is not as in reply.http:"), "{printed}");
    assert!(printed.ends_with("2 passed, 1 failed\n"), "{printed}");
}
