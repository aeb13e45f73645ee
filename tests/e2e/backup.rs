//! A host that is backed up while it works, and what is restored from that.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use hookwright_tests::host::{Installation, copy_directory};
use hookwright_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::installation;

/// Events that are acknowledged before the backup begins.
const BEFORE: usize = 20;

/// An installation with a dedicated hook, and its path.
fn with_hook(receiver: &Receiver) -> (Installation, String) {
    let installation = installation();
    installation.spec("shop", r#"{ "output": { "n": "{{body.n}}" } }"#);
    let path = installation.hook("shop", &[], &receiver.url("/"));
    (installation, path)
}

fn told(installation: &Installation, arguments: &[&str]) -> Value {
    serde_json::from_str(&installation.run(arguments)).unwrap()
}

#[test]
fn what_was_acknowledged_before_a_backup_under_load_is_restored_and_delivered() {
    let receiver = Receiver::start().unwrap();
    receiver.answer(500);
    let (old, path) = with_hook(&receiver);
    old.run(&["tokens", "add", "ci"]);
    let host = old.serve();
    for n in 0..BEFORE {
        assert_eq!(host.post(&path, &json!({ "n": n })).status, 200);
    }
    let backup = old.path("backup");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| {
            for n in BEFORE.. {
                assert_eq!(host.post(&path, &json!({ "n": n })).status, 200);
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        old.run(&["backup", backup.to_str().unwrap()]);
        stop.store(true, Ordering::Relaxed);
        load.join().unwrap();
    });
    host.stop();
    assert!(old.fails(&["backup", backup.to_str().unwrap()]).contains("is not empty"));
    assert!(old.fails(&["backup", old.data().join("backup").to_str().unwrap()]).contains("is in the data directory itself"));

    let new = installation();
    new.spec("shop", r#"{ "output": { "n": "{{body.n}}" } }"#);
    let restored = told(&new, &["restore", backup.to_str().unwrap(), "--json"]);
    let count = |what: &str| usize::try_from(restored[what].as_u64().unwrap()).unwrap();
    assert!(count("events") >= BEFORE && count("pending") == count("events"), "{restored}");
    assert_eq!((count("hooks"), count("damaged"), &restored["encrypted"]), (1, 0, &json!(false)));
    assert!(new.run(&["tokens", "list"]).contains("ci"));
    let again = new.fails(&["restore", backup.to_str().unwrap()]);
    assert!(again.contains("is not empty"), "{again}");

    let receiver_of_new = Receiver::start().unwrap();
    let hook = told(&new, &["hooks", "list", "--json"])[0]["id"].as_str().unwrap().to_owned();
    new.run(&["hooks", "update", &hook, "--to", &receiver_of_new.url("/")]);
    let host = new.serve();
    let delivered = receiver_of_new.wait_for("/", count("events"));
    for n in 0..BEFORE {
        assert!(delivered.contains(&json!({ "n": n })), "{n} was acknowledged before the backup");
    }
    assert!(!host.log().contains("WAS NOT USABLE"), "a backup has no store to be broken");
    host.stop();
}

#[test]
fn a_backup_opens_as_a_data_directory() {
    let receiver = Receiver::start().unwrap();
    let (old, path) = with_hook(&receiver);
    old.run(&["backup", old.path("backup").to_str().unwrap()]);
    let new = installation();
    new.spec("shop", r#"{ "output": { "n": "{{body.n}}" } }"#);
    copy_directory(&old.path("backup"), &new.data()).unwrap();
    let host = new.serve();
    assert_eq!(host.post(&path, &json!({ "n": 1 })).status, 200);
    assert_eq!(receiver.wait_for("/", 1), [json!({ "n": 1 })]);
    host.stop();
}

#[test]
fn a_backup_that_is_damaged_or_not_whole_is_refused_and_nothing_is_written() {
    let receiver = Receiver::start().unwrap();
    let (old, _) = with_hook(&receiver);
    let backup = old.path("backup");
    let backup = backup.to_str().unwrap();
    old.run(&["backup", backup]);
    let new = installation();
    let journal = Path::new(backup).join("connections/journal/00000000000000000001.segment");
    let whole = fs::read(&journal).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&journal, changed).unwrap();
    let error = new.fails(&["restore", backup]);
    assert!(error.contains("connections/journal/00000000000000000001.segment is not as it was written"), "{error}");
    fs::write(&journal, whole).unwrap();
    fs::remove_file(Path::new(backup).join("SHA256SUMS")).unwrap();
    assert!(new.fails(&["restore", backup]).contains("is no whole backup"));
    assert!(!new.data().exists());
}

#[test]
fn what_is_encrypted_stays_encrypted_in_a_backup() {
    let installation = installation();
    installation.spec("shop", "{}");
    let key = installation.path("key");
    let key = key.to_str().unwrap();
    installation.run(&["keys", "new", key]);
    installation.run(&["hooks", "add", "shop", "--parameter", "key=k3y-of-the-hook", "--key-file", key]);
    let backup = installation.path("backup");
    let backup = backup.to_str().unwrap();
    installation.run(&["backup", backup, "--key-file", key]);
    let journal = fs::read(Path::new(backup).join("connections/journal/00000000000000000001.segment")).unwrap();
    assert!(!journal.windows(15).any(|part| part == b"k3y-of-the-hook"));
    let restored = |to: &str, more: &[&str]| {
        let to = installation.path(to);
        told(&installation, &[&["restore", backup, "--json", "--data-dir", to.to_str().unwrap()], more].concat())
    };
    for told in [restored("without", &[]), restored("with", &["--key-file", key])] {
        assert_eq!((&told["hooks"], &told["encrypted"]), (&json!(1), &json!(true)));
    }
}
