//! Connections that are written anew while webhooks come.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hookwright_tests::host::Host;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::json;

use super::export::import_file;
use super::installation;

/// Connections, each with a hook.
const MANY: usize = 3000;
/// Webhooks that have to come while the connections are being written.
const MEANWHILE: usize = 50;

#[test]
fn every_webhook_that_comes_while_connections_are_compacted_is_accepted_and_delivered() {
    let (installation, receiver) = (installation(), Receiver::start().unwrap());
    installation.spec("teams", r#"{ "uid": "{{body.team}}" }"#);
    installation.run(&["import", &import_file(&installation, "many", MANY, 100, &receiver.url("/"))]);
    let host = installation.serve();
    let beside = installation.data().join("connections.new");
    let (meanwhile, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let is_compacting = || beside.exists();
    let sent = thread::scope(|scope| {
        let sender = scope.spawn(|| send(&host, &is_compacting, &meanwhile, &stop));
        scope.spawn(|| {
            wait::until_true("connections are being written", || is_compacting() || stop.load(Ordering::Relaxed));
            installation.connect("teams", "late", &receiver.url("/"));
        });
        let enough = (0..20).any(|_| {
            installation.run(&["compact"]);
            meanwhile.load(Ordering::Relaxed) >= MEANWHILE
        });
        stop.store(true, Ordering::Relaxed);
        assert!(enough, "hardly any webhook came meanwhile, so this has shown nothing");
        sender.join().unwrap()
    });
    assert_eq!(host.post("/teams", &json!({ "team": "late", "n": "late" })).status, 200);
    let mut expected: BTreeMap<_, _> = sent.into_iter().map(|(n, team)| (n.to_string(), team)).collect();
    expected.insert("\"late\"".into(), "late".into());
    wait::until_true("every webhook is delivered", || {
        let came = receiver.bodies("/").into_iter();
        let came: BTreeMap<_, _> = came.map(|body| (body["n"].to_string(), body["team"].as_str().unwrap().to_owned())).collect();
        came == expected
    });
    host.stop();
}

/// Sends webhooks for one connection after the other until it is told to stop; which was for which. Counts those that came and
/// were answered while connections were being written.
fn send(host: &Host, is_compacting: &impl Fn() -> bool, meanwhile: &AtomicUsize, stop: &AtomicBool) -> Vec<(usize, String)> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (n, began) = (sent.len(), is_compacting());
        let team = format!("many-{}", n * 7 % MANY);
        assert_eq!(host.post("/teams", &json!({ "team": team, "n": n })).status, 200);
        meanwhile.fetch_add(usize::from(began && is_compacting()), Ordering::Relaxed);
        sent.push((n, team));
    }
    sent
}
