//! Bundles of hooks without a destination, as whoever fetches them sees them.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::deliver::{Deliveries, Settings as DeliverySettings};
use crate::journal::testing::event;
use crate::journal::{DeliveryState, Journal, Settings};

/// A server that keeps the bundles of one hook.
struct World {
    root: tempfile::TempDir,
    admin: Admin,
    control: Control,
    deliveries: Arc<Deliveries>,
    hook: String,
}

impl World {
    async fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(root.path()).unwrap();
        let journal = Arc::new(Journal::open(&directory, Settings::default()).unwrap());
        let mut operator = operator(&directory);
        let deliveries = Deliveries::start(journal, operator.connections.clone(), DeliverySettings::default());
        operator.archive = Archive::served(deliveries.clone());
        let admin = serve(&directory, Arc::new(operator)).unwrap();
        let control = Control::open(root.path()).await.unwrap();
        let added = post(&control, "/hooks", json!({"service": "parcels"})).await.unwrap();
        assert_eq!((&added["hook"]["destination"], added.get("secret")), (&Value::Null, None));
        let hook = added["hook"]["id"].as_str().unwrap().to_owned();
        Self { root, admin, control, deliveries, hook }
    }

    /// Stores an event with so many bundles for the hook, and hands it on as a request does.
    async fn receive(&self, id: &str, bundles: usize) {
        receive(&self.deliveries, &self.hook, id, bundles).await;
    }

    fn target(&self, query: &str) -> String {
        format!("/hooks/{}/bundles?{query}", self.hook)
    }

    async fn cursors(&self, query: &str) -> Vec<String> {
        cursors(&get(&self.control, &self.target(query)).await)
    }

    async fn acknowledge(&self, what: Value) -> u64 {
        let answer = post(&self.control, &format!("/hooks/{}/bundles/ack", self.hook), what).await.unwrap();
        answer["acknowledged"].as_u64().unwrap()
    }

    /// Ends the server and opens what it has left.
    async fn restart(self) -> (tempfile::TempDir, Control, String) {
        let Self { root, admin, control, deliveries, hook } = self;
        deliveries.shutdown().await;
        admin.shutdown().await;
        drop((deliveries, control));
        let control = Control::open(root.path()).await.unwrap();
        (root, control, hook)
    }
}

async fn receive(deliveries: &Deliveries, hook: &str, id: &str, bundles: usize) {
    let event = event(id, &vec![hook; bundles]);
    let crate::journal::Appended::Stored(seq) = deliveries.journal().append(&event).await.unwrap() else { panic!("{id} is no repeat") };
    deliveries.enqueue(seq, &event);
}

fn cursors(listed: &Value) -> Vec<String> {
    listed["bundles"].as_array().unwrap().iter().map(|bundle| bundle["cursor"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn bundles_wait_until_they_are_acknowledged_also_over_a_restart() {
    let world = World::start().await;
    world.receive("a", 2).await;
    world.receive("b", 1).await;
    let listed = get(&world.control, &world.target("")).await;
    let first = json!({"id": "a-0", "cursor": "1-0", "event": "a", "service": "github", "webhook": "webhook", "body": {"a": 1}});
    assert_eq!(listed["bundles"][0], first);
    assert_eq!(cursors(&listed), ["1-0", "1-1", "2-0"]);
    assert_eq!(world.cursors("after=1-0&limit=1").await, ["1-1"]);
    assert_eq!(world.acknowledge(json!({"cursor": "1-1"})).await, 2);
    assert_eq!(world.cursors("").await, ["2-0"]);
    assert_eq!(world.acknowledge(json!({"cursor": "1-1"})).await, 0, "what is acknowledged stays so");
    let (_root, control, hook) = world.restart().await;
    assert_eq!(cursors(&get(&control, &format!("/hooks/{hook}/bundles")).await), ["2-0"]);
}

#[tokio::test]
async fn bundles_are_acknowledged_one_by_one_by_cursor_or_by_id() {
    let world = World::start().await;
    world.receive("01890000-0000-7000-8000-000000000001", 3).await;
    let ids = json!({"ids": ["1-1", "01890000-0000-7000-8000-000000000001-2", "1-1", "9-9"]});
    assert_eq!(world.acknowledge(ids).await, 2);
    assert_eq!(world.cursors("").await, ["1-0"]);
}

#[tokio::test]
async fn who_waits_for_a_bundle_gets_the_next_one_that_arrives() {
    let world = World::start().await;
    let waiting = { tokio::spawn(socket_get(world.root.path().to_owned(), world.target("wait=5m&after=1-0"))) };
    world.receive("a", 1).await;
    world.receive("b", 1).await;
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it is answered").unwrap();
    assert_eq!(cursors(&answer), ["2-0"]);
}

#[tokio::test]
async fn who_waits_is_answered_when_the_server_stops() {
    let world = World::start().await;
    let waiting = tokio::spawn(socket_get(world.root.path().to_owned(), world.target("wait=5m")));
    // It may not have begun to wait: then it is answered because nothing is delivered any more.
    world.deliveries.shutdown().await;
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it is answered").unwrap();
    assert_eq!(answer, json!({"bundles": []}));
}

async fn socket_get(root: std::path::PathBuf, target: String) -> Value {
    get(&Control::open(&root).await.unwrap(), &target).await
}

#[tokio::test]
async fn a_bundle_that_is_redriven_can_be_fetched_again() {
    let world = World::start().await;
    world.receive("a", 1).await;
    world.deliveries.journal().record(1, 0, &DeliveryState::Dead { reason: "it was removed".into(), attempts: 0, at_ms: 1 });
    assert_eq!(world.cursors("").await, [""; 0]);
    post(&world.control, "/dead-letters/redrive", json!({"hook": world.hook})).await.unwrap();
    assert_eq!(world.cursors("wait=20s").await, ["1-0"]);
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_waits_on_and_keeps_no_other_waiting() {
    let world = World::start().await;
    world.receive("damaged", 1).await;
    world.receive("b", 1).await;
    let (file, at) = place_of(&world.root.path().join("journal/events"), b"damaged");
    file.write_all_at(b"D", at).unwrap();
    assert_eq!(world.cursors("limit=1").await, ["2-0"]);
    assert_eq!(world.acknowledge(json!({"cursor": "2-0"})).await, 1, "nobody can have fetched the other");
    assert_eq!(get(&world.control, "/dead-letters").await["dead_letters"], json!([]));
    file.write_all_at(b"d", at).unwrap();
    assert_eq!(world.cursors("").await, ["1-0"]);
}

/// Where in the files of a directory something stands first.
fn place_of(directory: &Path, wanted: &[u8]) -> (File, u64) {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let found = files.filter_map(|path| {
        let at = std::fs::read(&path).unwrap().windows(wanted.len()).position(|part| part == wanted)?;
        Some((File::options().write(true).open(path).unwrap(), at as u64))
    });
    found.into_iter().next().expect("it is stored")
}

#[tokio::test]
async fn what_cannot_be_fetched_is_refused_with_the_reason() {
    let world = World::start().await;
    let list = async |query: &str| refusal(&world.control, Method::GET, &world.target(query), Value::Null).await;
    assert!(list("after=x").await.contains("they look like 17-0"));
    assert!(list("wait=6m").await.contains("longer than five minutes"));
    assert!(list("wait=soon").await.contains("write it as 30s"));
    assert!(list("limit=1001").await.contains("from 1 to 1000"));
    let acknowledge = format!("/hooks/{}/bundles/ack", world.hook);
    assert!(refusal(&world.control, Method::POST, &acknowledge, json!({})).await.starts_with("say which: `cursor` or `ids`"));
    let added = post(&world.control, "/hooks", json!({"service": "parcels", "to": "http://127.0.0.1:9/secret"})).await.unwrap();
    let other = format!("/hooks/{}/bundles", added["hook"]["id"].as_str().unwrap());
    let refused = refusal(&world.control, Method::GET, &other, Value::Null).await;
    assert!(refused.contains("delivers to http://127.0.0.1:9/***"), "{refused}");
    let (_root, control, hook) = world.restart().await;
    let waiting = refusal(&control, Method::GET, &format!("/hooks/{hook}/bundles?wait=1s"), Value::Null).await;
    assert_eq!(waiting, "no bundle waits, and no server runs that could receive one");
}
