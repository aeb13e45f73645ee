//! Connections as the rest of the host sees them, and what happens when their files are not what they were.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;

mod batch;
mod compact;
mod encrypted;

fn connection(id: &str, uid: &str) -> Connection {
    Connection { id: id.into(), service: "slack".into(), uid: uid.into(), name: Some("Ann".into()), data: Data::default() }
}

/// A hook on a shared webhook, for a connection.
fn shared(id: &str, connection: &str) -> Hook {
    Hook {
        id: id.into(),
        service: "slack".into(),
        webhook: None,
        connection: Some(connection.into()),
        token: None,
        parameters: json!({"channel": "C1"}).as_object().unwrap().clone(),
        destination: Some("stdout:".into()),
        manner: Default::default(),
        failing_since_ms: None,
        state: State::Enabled,
    }
}

/// A hook on a dedicated webhook.
fn dedicated(id: &str, token: &str) -> Hook {
    Hook { connection: None, token: Some(token.into()), ..shared(id, "") }
}

async fn put_connection(connections: &Connections, id: &str, uid: &str) {
    connections.apply(Change::PutConnection(connection(id, uid))).await.unwrap();
}

async fn put_hook(connections: &Connections, hook: Hook) {
    connections.apply(Change::PutHook(hook)).await.unwrap();
}

fn ids(hooks: &[Arc<Hook>]) -> Vec<&str> {
    hooks.iter().map(|hook| hook.id.as_str()).collect()
}

/// Two connections of one uid, one of another; shared hooks and a dedicated one.
async fn filled(connections: &Connections) {
    put_connection(connections, "c1", "T1").await;
    put_connection(connections, "c2", "T1").await;
    put_connection(connections, "c3", "T2").await;
    put_hook(connections, shared("h1", "c1")).await;
    put_hook(connections, Hook { webhook: Some("events".into()), ..shared("h2", "c2") }).await;
    put_hook(connections, shared("h3", "c3")).await;
    put_hook(connections, dedicated("h4", "secret")).await;
}

#[tokio::test]
async fn every_hook_on_every_connection_with_the_uid_listens() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h1", "h2"]);
    assert_eq!(ids(&connections.hooks_of("slack", "commands", "T1")), ["h1"]);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T2")), ["h3"]);
    for (service, uid) in [("github", "T1"), ("slack", "t1"), ("slack", " T1"), ("slack", "")] {
        assert_eq!(connections.hooks_of(service, "events", uid), [], "{service} {uid}");
    }
    assert_eq!(connections.hook_by_token("secret").unwrap().id, "h4");
    assert_eq!(connections.hook_by_token("Secret"), None);
}

#[tokio::test]
async fn a_connection_that_changes_its_uid_is_found_by_the_new_one_only() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    put_connection(&connections, "c1", "T2").await;
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h2"]);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T2")), ["h3", "h1"]);
}

#[tokio::test]
async fn a_hook_that_is_put_again_replaces_itself() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    put_hook(&connections, shared("h1", "c3")).await;
    put_hook(&connections, dedicated("h4", "other")).await;
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h2"]);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T2")), ["h3", "h1"]);
    assert_eq!(connections.hook_by_token("secret"), None);
    assert_eq!(connections.hook_by_token("other").unwrap().id, "h4");
}

#[tokio::test]
async fn a_disabled_hook_does_not_listen_and_can_be_enabled_again() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    connections.apply(Change::DisableHook("h3".into())).await.unwrap();
    assert_eq!(connections.hooks_of("slack", "events", "T2"), []);
    assert_eq!(connections.hook("h3").unwrap().state, State::Disabled);
    connections.apply(Change::EnableHook("h3".into())).await.unwrap();
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T2")), ["h3"]);
}

#[tokio::test]
async fn of_a_removed_dedicated_hook_only_the_token_stays() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    connections.apply(Change::RemoveHook("h4".into())).await.unwrap();
    let gone = connections.hook_by_token("secret").unwrap();
    assert_eq!((gone.state, gone.parameters.is_empty(), &gone.destination), (State::Removed, true, &None));
    let again = connections.apply(Change::RemoveHook("h4".into())).await;
    assert_eq!(again, Err(StoreError::UnknownHook("h4".into())));
    connections.apply(Change::RemoveHook("h3".into())).await.unwrap();
    assert_eq!(connections.hook("h3"), None);
}

#[tokio::test]
async fn a_connection_takes_its_hooks_with_it() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    put_hook(&connections, Hook { connection: Some("c1".into()), ..dedicated("h5", "five") }).await;
    connections.apply(Change::RemoveConnection("c1".into())).await.unwrap();
    assert_eq!(connections.connection("c1"), None);
    assert_eq!(connections.hook("h1"), None);
    assert_eq!(connections.hook_by_token("five").unwrap().state, State::Removed);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h2"]);
}

#[tokio::test]
async fn what_contradicts_itself_is_refused_and_changes_nothing() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    let before = (connections.connections(), connections.hooks());
    let large = json!({"x": "x".repeat(33_000)}).as_object().unwrap().clone();
    let refused = [
        (Change::PutConnection(connection("c9", "")), "a connection needs an id, a service and a uid"),
        (
            Change::PutConnection(Connection { service: "github".into(), ..connection("c1", "T1") }),
            "a connection that has hooks stays with its service",
        ),
        (Change::PutHook(shared("h9", "c9")), "there is no connection c9"),
        (Change::PutHook(Hook { service: "github".into(), ..shared("h9", "c1") }), "a hook's connection must be of the hook's service"),
        (Change::PutHook(dedicated("h9", "secret")), "another hook has this token"),
        (
            Change::PutHook(Hook { connection: None, ..shared("h9", "c1") }),
            "a hook needs a connection (shared webhook) or a token (dedicated webhook)",
        ),
        (
            Change::PutConnection(Connection { data: large.into(), ..connection("c9", "T9") }),
            "a connection or hook takes at most 32768 bytes with all its data; this one takes 33095",
        ),
        (Change::RemoveConnection("c9".into()), "there is no connection c9"),
        (Change::DisableHook("h9".into()), "there is no hook h9"),
    ];
    for (change, message) in refused {
        assert_eq!(connections.apply(change).await.unwrap_err().to_string(), message);
    }
    assert_eq!((connections.connections(), connections.hooks()), before);
}

#[test]
fn what_is_printed_of_a_definition_holds_no_secret() {
    let secret = json!({"key": "hunter2"}).as_object().unwrap().clone();
    let connection = Connection { data: secret.clone().into(), ..connection("c", "T") };
    let hook = Hook { parameters: secret, ..dedicated("h", "hunter2token") };
    assert!(!format!("{connection:?} {hook:?}").contains("hunter2"));
}

fn open(root: &Path) -> Arc<Connections> {
    Connections::open(&DataDirectory::open(root).unwrap()).unwrap()
}

type Everything = (Vec<Arc<Connection>>, Vec<Arc<Hook>>);

fn everything(connections: &Connections) -> Everything {
    (connections.connections(), connections.hooks())
}

/// A closed data directory with definitions in it, one of them removed, and what it holds.
async fn data() -> (TempDir, Everything) {
    let root = tempfile::tempdir().unwrap();
    let connections = open(root.path());
    filled(&connections).await;
    connections.apply(Change::RemoveHook("h4".into())).await.unwrap();
    connections.apply(Change::RemoveConnection("c2".into())).await.unwrap();
    let kept = everything(&connections);
    assert_eq!((kept.0.len(), kept.1.len()), (2, 3));
    (root, kept)
}

fn store(root: &Path) -> PathBuf {
    root.join("connections/connections.sled")
}

fn journal(root: &Path) -> PathBuf {
    root.join("connections/journal/00000000000000000001.segment")
}

fn broken(root: &Path) -> usize {
    let names = fs::read_dir(root.join("connections")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("connections.sled.broken-")).count()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let (root, kept) = data().await;
    let connections = open(root.path());
    assert_eq!(everything(&connections), kept);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h1"]);
    assert_eq!(connections.hook("h1").unwrap().parameters["channel"], "C1");
    assert_eq!(broken(root.path()), 0);
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_moved_aside_and_rebuilt() {
    let (root, kept) = data().await;
    fs::write(store(root.path()).join("db"), vec![0x5a; 100_000]).unwrap();
    fs::write(store(root.path()).join("conf"), "nonsense").unwrap();
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(broken(root.path()), 1);
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(broken(root.path()), 1, "the rebuilt one is used");
}

#[tokio::test]
async fn a_store_that_is_gone_is_rebuilt() {
    let (root, kept) = data().await;
    fs::remove_dir_all(store(root.path())).unwrap();
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(everything(&open(root.path())), kept);
}

#[tokio::test]
async fn a_store_of_another_engine_is_not_touched() {
    let (root, kept) = data().await;
    fs::write(root.path().join("connections/FORMAT"), "engine=sled-1.0.0 segment=4194304 schema=1\n").unwrap();
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(broken(root.path()), 1);
}

#[tokio::test]
async fn a_store_that_is_behind_its_journal_catches_up() {
    let (root, _) = data().await;
    let old = tempfile::tempdir().unwrap();
    copy(&store(root.path()), &old.path().join("old"));
    let connections = open(root.path());
    put_connection(&connections, "c7", "T7").await;
    connections.apply(Change::RemoveHook("h1".into())).await.unwrap();
    let kept = everything(&connections);
    drop(connections);
    fs::remove_dir_all(store(root.path())).unwrap();
    copy(&old.path().join("old"), &store(root.path()));
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(broken(root.path()), 0);
}

#[tokio::test]
async fn a_store_that_holds_something_else_is_rebuilt() {
    let (root, kept) = data().await;
    let mut other = sled::SledStore::open(&store(root.path())).unwrap();
    let newest = store::Store::load(&other).unwrap().revision;
    let write = record::Write { key: "hook/h1".into(), json: None };
    store::Store::apply(&mut other, newest, &[write]).unwrap();
    drop(other);
    assert_eq!(everything(&open(root.path())), kept);
    assert_eq!(broken(root.path()), 1);
}

#[tokio::test]
async fn a_journal_that_is_gone_is_made_again_from_the_store() {
    let (root, kept) = data().await;
    fs::remove_file(journal(root.path())).unwrap();
    assert_eq!(everything(&open(root.path())), kept);
    fs::remove_dir_all(store(root.path())).unwrap();
    assert_eq!(everything(&open(root.path())), kept, "the journal has it all again");
}

#[tokio::test]
async fn a_damaged_record_of_the_journal_is_taken_from_the_store() {
    let (root, kept) = data().await;
    let mut bytes = fs::read(journal(root.path())).unwrap();
    bytes[32 + 30] ^= 1;
    fs::write(journal(root.path()), bytes).unwrap();
    assert_eq!(everything(&open(root.path())), kept);
    fs::remove_dir_all(store(root.path())).unwrap();
    assert_eq!(everything(&open(root.path())), kept, "the journal has it again");
}

#[tokio::test]
async fn many_changes_at_once_are_all_made() {
    let root = tempfile::tempdir().unwrap();
    let connections = open(root.path());
    let puts = (0..50).map(|number| {
        let connections = Arc::clone(&connections);
        tokio::spawn(async move { put_connection(&connections, &format!("c{number}"), "T").await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    drop(connections);
    assert_eq!(open(root.path()).connections().len(), 50);
}
