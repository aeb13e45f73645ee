//! Service directories that are not what they should be: `check` and `serve` agree about them, and no one harms another.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use hookwright::services::first_party::FUNCTIONS;
use hookwright_tests::samples::{self, root};
use hookwright_tests::{plugins, wait};
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::{Value, json};

use super::{answering, installation};

#[test]
fn a_pipe_in_one_service_holds_up_neither_another_one_nor_the_end() {
    let installation = installation();
    installation.spec("news", r#"{ "uid": "u", "respond": { "type": "text", "body": "one" } }"#);
    for file in ["webhook.json", "common.json", "plugin.wasm"] {
        let directory = installation.services().join(format!("bad-{}", file.replace('.', "-")));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("README"), "").unwrap();
        mkfifoat(CWD, directory.join(file), Mode::RWXU).unwrap();
    }
    let host = installation.serve();
    host.wait_for_log("webhook.json: is a named pipe");
    assert_eq!(host.post("/news", &json!({})).text(), "one");
    installation.spec("news", r#"{ "uid": "u", "respond": { "type": "text", "body": "two" } }"#);
    wait::until_true("the edit is served", || host.post("/news", &json!({})).text() == "two");
    host.stop();
}

#[test]
fn check_refuses_what_serve_refuses() {
    let installation = installation();
    installation.spec("good", &answering("one"));
    let services = installation.services();
    let services = services.to_str().unwrap();
    installation.run(&["check", services]);
    installation.write("typo", "webhok.json", "{}");
    let checked = installation.output(&["check", services]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("typo: 1 error"));
    let host = installation.serve();
    host.wait_for_log("refused: 1 of 2 services (typo)");
    host.stop();
}

#[test]
fn check_passes_over_what_serve_passes_over() {
    let installation = installation();
    installation.spec("good", &answering("one"));
    fs::create_dir(installation.services().join("empty")).unwrap();
    installation.write(".hidden", "webhok.json", "{}");
    symlink("nowhere", installation.services().join("dangling")).unwrap();
    installation.run(&["check", installation.services().to_str().unwrap()]);
}

#[test]
fn the_secrets_of_the_examples_are_refused_by_serve_and_taken_by_check() {
    let installation = installation();
    installation.copy(&root().join("spec-examples/github"));
    let checked = installation.run(&["check", installation.services().to_str().unwrap()]);
    assert!(checked.contains("an example that everybody knows"), "{checked}");
    let host = installation.serve();
    host.wait_for_log("an example that everybody knows");
    let refused = installation.fails(&["hooks", "add", "github", "--to", "https://example.com/"]);
    assert!(refused.contains("no hook can be added") && refused.contains("--secrets"), "{refused}");
    host.stop();
    let secrets = installation.path("secrets.json");
    fs::write(&secrets, r#"{ "github": { "secret": "own" } }"#).unwrap();
    let host = installation.serve_with(&["--secrets", secrets.to_str().unwrap()]);
    host.wait_for_log("github/webhook");
    host.stop();
}

#[test]
fn a_shared_webhook_whose_plugin_is_missing_is_refused_and_not_dedicated() {
    let installation = installation();
    samples::install(&installation, "slack");
    fs::remove_file(installation.services().join("slack/plugin.wasm")).unwrap();
    let checked = installation.output(&["check", installation.services().to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stdout).contains("needs `uid` or a plugin"));
}

#[test]
fn the_table_of_first_party_functions_is_what_the_built_plugins_say() {
    let installation = installation();
    let said = fs::read_dir(root().join("plugins")).unwrap().flat_map(|entry| {
        let plugin = entry.unwrap().file_name().into_string().unwrap();
        let file = plugins::first_party(&plugin).unwrap();
        let inspected: Value = serde_json::from_str(&installation.run(&["plugin", "inspect", "--json", file.to_str().unwrap()])).unwrap();
        let functions: Vec<_> = inspected["functions"].as_array().unwrap().iter().map(|function| function["name"].clone()).collect();
        functions.into_iter().map(move |function| (function.as_str().unwrap().to_owned(), plugin.clone()))
    });
    let table = FUNCTIONS.map(|(function, plugin)| (function.to_owned(), plugin.to_owned()));
    assert_eq!(said.collect::<BTreeSet<_>>(), BTreeSet::from(table));
}
