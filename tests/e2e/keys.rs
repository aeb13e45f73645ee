//! Connections and hooks that are encrypted on the disk.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::installation;

/// Whether a text stands in any file below a directory.
fn is_in(directory: &Path, text: &str) -> bool {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let has = |path: &Path| fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()));
    entries.into_iter().any(|path| if path.is_dir() { is_in(&path, text) } else { has(&path) })
}

#[test]
fn a_hook_from_before_is_encrypted_by_rotating_and_goes_on_delivering() {
    let installation = installation();
    installation.spec("shop", r#"{ "condition": "{{body.key = parameters.key}}", "output": { "n": "{{body.n}}" } }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("shop", &["key=k3y-of-the-hook"], &receiver.url("/"));
    assert!(is_in(&installation.data(), "k3y-of-the-hook"), "what is looked for would be found");

    let key = installation.path("key");
    let key = key.to_str().unwrap();
    installation.run(&["keys", "new", key]);
    installation.run(&["keys", "rotate", "--new-key-file", key]);
    assert!(!is_in(&installation.data(), "k3y-of-the-hook"));
    let without = installation.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(without.contains("the connections are encrypted; name the file with their key with --key-file"), "{without}");
    assert!(installation.fails(&["hooks", "list"]).contains("--key-file"));
    assert!(installation.run(&["hooks", "list", "--key-file", key, "--show-parameters"]).contains("k3y-of-the-hook"));

    let host = installation.serve_with(&["--key-file", key]);
    assert_eq!(host.post(&path, &json!({ "key": "k3y-of-the-hook", "n": 1 })).status, 200);
    assert_eq!(receiver.wait_for("/", 1), [json!({ "n": 1 })]);
    let running = installation.fails(&["keys", "rotate", "--key-file", key, "--new-key-file", key]);
    assert!(running.contains("stop the server first"), "{running}");
    host.stop();

    fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
    let readable = installation.fails(&["serve", "--listen", "127.0.0.1:0", "--key-file", key]);
    assert!(readable.contains("can be used by others than its owner"), "{readable}");
}
