//! A plugin in JavaScript: the contract is not Rust's.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hookwright::plugin::{Compilation, Engine, Settings};
use hookwright_tests::host::{Installation, copy_directory};
use hookwright_tests::javascript;
use hookwright_tests::plugins::scratch;
use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::installation;

const SPEC: &str = r#"{ "output": { "to": "{{mentions(body.text)}}" }, "respond": { "type": "json", "body": "{{mentions(body.text)}}" } }"#;

/// Nothing that is checked here is about time, and a machine that runs many tests is slow.
const PATIENT: &[&str] = &["--plugin-deadline", "60000"];

#[test]
fn a_plugin_in_javascript_computes_and_says_whose_a_request_is() {
    let Some(installation) = with_plugin() else { return };
    let receiver = Receiver::start().unwrap();
    installation.connect("mentions", "7", &receiver.url("/"));
    let host = installation.serve_with(PATIENT);
    let reply = host.post("/mentions", &json!({ "team": { "id": 7 }, "text": "@zoe, ask @Ada, or @Zoe" }));
    assert_eq!((reply.status, reply.text().as_str()), (200, r#"["ada","zoe"]"#));
    assert_eq!(receiver.wait_for("/", 1), [json!({ "to": ["ada", "zoe"] })]);
    host.stop();
}

#[test]
fn what_javascript_throws_is_in_the_diagnostic() {
    let Some(installation) = with_plugin() else { return };
    let host = installation.serve_with(PATIENT);
    let column = SPEC.rfind("mentions").unwrap() + 1;
    for (text, said) in [(json!("nobody"), "`mentions`: nobody is mentioned"), (json!(5), "`mentions`: argument 1: text is wanted here")] {
        assert_eq!(host.post("/mentions", &json!({ "text": text })).status, 500);
        host.wait_for_log(&format!("webhook.json:1:{column}: error: {said}"));
    }
    host.stop();
}

/// The plugin's bytes and the directory with its compiled form: an unoptimised compiler takes its time for 12 MB.
static PLUGIN: LazyLock<Option<(Vec<u8>, PathBuf)>> = LazyLock::new(|| {
    let plugin = fs::read(javascript::plugin()?).unwrap();
    let cache = scratch("javascript").join("compiled");
    compile(&plugin, &cache);
    Some((plugin, cache))
});

fn compile(plugin: &[u8], cache: &Path) {
    let engine =
        Engine::new(&Settings { cache: Some(cache.to_owned()), compilation: Compilation::InProcess, ..Settings::default() }).unwrap();
    let mut imports = engine.load("mentions", plugin).unwrap().imports().to_vec();
    imports.sort_unstable();
    assert_eq!(imports, ["iml", "request", "types"].map(|interface| format!("hookwright:plugin/{interface}@1.0.0")));
}

/// A service with the plugin, compiled already.
fn with_plugin() -> Option<Installation> {
    let (plugin, compiled) = PLUGIN.as_ref()?;
    let installation = installation();
    installation.spec("mentions", SPEC);
    installation.write("mentions", "plugin.wasm", plugin);
    let cache = installation.data().join("plugins");
    DirBuilder::new().recursive(true).mode(0o700).create(&cache).unwrap();
    copy_directory(compiled, &cache).unwrap();
    Some(installation)
}
