//! The operator's view of what came: listed, shown, traced, replayed.

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::{Value, json};

use super::installation;

const SPEC: &str = r#"{
    "condition": "{{headers.authorization = 'Bearer b'}}",
    "dedupe": "{{body.id}}",
    "iterate": "{{body.items}}",
    "output": { "n": "{{item.n}}" }
}"#;
/// The same with a mistake that shows only when a request comes.
const BROKEN: &str = r#"{
    "condition": "{{headers.authorization = 'Bearer b'}}",
    "dedupe": "{{body.id}}",
    "iterate": "{{body.items}}",
    "output": { "n": "{{parseDate('no date'; 'YYYY')}}" }
}"#;

struct Shop {
    installation: Installation,
    receiver: Receiver,
    path: String,
}

impl Shop {
    fn new(spec: &str) -> Self {
        let installation = installation();
        installation.spec("shop", spec);
        let receiver = Receiver::start().unwrap();
        let path = installation.hook("shop", &[], &receiver.url("/"));
        Self { installation, receiver, path }
    }

    fn send(&self, host: &Host, body: &Value) {
        let request = Request::json(&self.path, body.to_string()).header("authorization", "Bearer b");
        assert_eq!(host.send(&request).status, 200);
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.installation.run(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Waits until the events that are chosen are as many.
    fn wait_for_events(&self, choice: &[&str], count: usize) -> Vec<Value> {
        wait::until(&format!("there are {count} events {choice:?}"), || {
            let events = self.json(&[&["events", "list"], choice].concat());
            events.as_array().filter(|events| events.len() == count).cloned()
        })
    }

    /// Replaces the spec and waits until the host serves the new one.
    fn change(&self, host: &Host, spec: &str) {
        let loaded = |host: &Host| host.log().matches("service loaded").count();
        let before = loaded(host);
        self.installation.spec("shop", spec);
        wait::until_true("the new spec is served", || loaded(host) > before);
    }
}

#[test]
fn events_are_listed_and_shown_while_the_server_runs_and_when_it_does_not() {
    let shop = Shop::new(SPEC);
    let host = shop.installation.serve();
    shop.send(&host, &json!({ "id": 1, "items": [{ "n": 1.50 }] }));
    shop.send(&host, &json!({ "id": 2, "items": [{ "n": "two" }] }));
    shop.receiver.wait_for("/", 2);
    let look = || {
        let all = shop.wait_for_events(&["--outcome", "accepted"], 2);
        let one = shop.wait_for_events(&["--field", "n=two", "--from", "1h"], 1);
        assert_eq!(one[0], all[0], "the newest comes first");
        let shown = shop.installation.run(&["events", "show", all[1]["id"].as_str().unwrap()]);
        assert!(shown.contains("authorization: ***") && shown.contains("/h/***") && !shown.contains("Bearer b"), "{shown}");
        assert!(shown.contains(": delivered") && shown.contains(r#"{"n":1.5}"#) && !shown.contains('\u{1b}'), "{shown}");
        let open = shop.installation.run(&["events", "show", "1", "--show-secrets"]);
        assert!(open.contains("authorization: Bearer b") && open.contains(&shop.path), "{open}");
    };
    look();
    let trace = shop.installation.run(&["events", "show", "1", "--trace"]);
    assert!(trace.contains("condition     held") && trace.contains("dedupe        1") && trace.contains("HTTP/1.1 200"), "{trace}");
    host.stop();
    look();
    let error = shop.installation.fails(&["events", "show", "1", "--trace"]);
    assert!(error.contains("no server runs"), "{error}");
}

#[test]
fn a_failed_event_is_replayed_once_its_spec_is_mended_and_not_taken_for_a_repeat() {
    let shop = Shop::new(BROKEN);
    let host = shop.installation.serve();
    shop.send(&host, &json!({ "id": 1, "items": [{ "n": 1 }, { "n": 2 }] }));
    let failed = shop.wait_for_events(&["--outcome", "failed"], 1);
    let id = failed[0]["id"].as_str().unwrap();
    let error = shop.installation.output(&["events", "replay", id]);
    assert_eq!(error.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&error.stdout).contains("webhook.json:5:"), "{error:?}");

    shop.change(&host, SPEC);
    let preview = shop.installation.run(&["events", "replay", "--outcome", "failed", "--dry-run"]);
    assert!(preview.contains("a new id") && preview.contains(r#"{"n":2}"#), "{preview}");
    assert!(shop.receiver.bodies("/").is_empty(), "a preview delivers nothing");
    let replayed = shop.json(&["events", "replay", "--outcome", "failed"]);
    assert_eq!((replayed[0]["event"].as_str(), replayed[0]["bundles"].as_u64()), (Some(id), Some(2)));
    let mut bodies = shop.receiver.wait_for("/", 2);
    bodies.sort_by_key(|bundle| bundle["n"].as_i64());
    assert_eq!(bodies, [json!({ "n": 1 }), json!({ "n": 2 })]);
    shop.wait_for_events(&["--outcome", "replayed"], 1);
    let again = shop.json(&["events", "replay", id, "--dry-run"]);
    let repeats: Vec<_> = again[0]["bundles"].as_array().unwrap().iter().map(|bundle| bundle["repeat"].as_bool()).collect();
    assert_eq!(repeats, [Some(true), Some(true)], "what the first replay has delivered is known to receivers");
    assert_eq!(shop.json(&["events", "replay", "--outcome", "failed"]), json!([]), "it is not failed any more");
    let nothing = shop.installation.output(&["events", "replay", "--outcome", "failed", "--dry-run"]);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no event would be replayed"), "{nothing:?}");
    host.stop();
}

#[test]
fn a_replay_survives_a_host_that_is_killed_and_keeps_the_ids_of_what_is_as_it_was() {
    let shop = Shop::new(SPEC);
    let host = shop.installation.serve();
    shop.send(&host, &json!({ "id": 1, "items": [{ "n": 1 }] }));
    shop.receiver.wait_for("/", 1);
    shop.receiver.answer(503);
    let same = shop.json(&["events", "replay", "1"]);
    let new = shop.json(&["events", "replay", "1", "--new-ids"]);
    assert!(same[0]["replay"] != new[0]["replay"] && same[0]["replay"] != same[0]["event"]);
    host.kill();
    shop.receiver.answer(200);
    let refused = shop.receiver.deliveries().len();
    let host = shop.installation.serve();
    let id = |delivery: &hookwright_tests::receiver::Delivery| delivery.header("webhook-id").map(str::to_owned);
    let original = shop.receiver.deliveries().first().and_then(id);
    let new = Some(format!("{}-0", new[0]["replay"].as_str().unwrap()));
    wait::until_true("both replays are delivered", || {
        let ids: Vec<_> = shop.receiver.deliveries()[refused..].iter().map(id).collect();
        ids.contains(&original) && ids.contains(&new)
    });
    let ids: Vec<_> = shop.receiver.deliveries().iter().map(id).collect();
    assert!(ids.iter().all(|id| *id == original || *id == new), "the bundle that was as it was has no other id: {ids:?}");
    host.stop();
}

#[test]
fn a_replay_reaches_who_listens_now_or_says_why_nobody_does() {
    let installation = installation();
    installation.spec("teams", r#"{ "uid": "{{body.team}}", "condition": "{{body.kind != 'noise'}}", "output": { "n": "{{body.n}}" } }"#);
    installation.spec("shop", "{}");
    let receiver = Receiver::start().unwrap();
    let host = installation.serve_with(&["--hold-unmatched", "0s"]);
    let said = |arguments: &[&str], code: i32| {
        let output = installation.output(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let body = json!({ "team": 7, "n": 1 });
    assert_eq!(host.post("/teams", &body).status, 200);
    assert!(said(&["events", "replay", "--outcome", "unmatched"], 1).contains("nobody has its uids: 7"));
    installation.connect("teams", "7", &receiver.url("/a"));
    installation.connect("teams", "7", &receiver.url("/b"));
    let hooks: Value = serde_json::from_str(&installation.run(&["hooks", "list", "--json", "--show-urls"])).unwrap();
    let to_b = hooks.as_array().unwrap().iter().find(|hook| hook["destination"] == receiver.url("/b")).unwrap();
    said(&["events", "replay", "--outcome", "unmatched", "--hook", to_b["id"].as_str().unwrap()], 0);
    assert_eq!(receiver.wait_for("/b", 1), [json!({ "n": 1 })]);
    assert!(receiver.bodies("/a").is_empty(), "only the one hook was meant");

    installation.spec("teams", r#"{ "uid": "{{body.team}}", "condition": "{{body.kind = 'signal'}}" }"#);
    wait::until_true("the new condition is served", || {
        installation.output(&["events", "replay", "1", "--dry-run"]).stdout.windows(9).any(|part| part == b"condition")
    });
    assert!(said(&["events", "replay", "1"], 1).contains("`condition` does not hold"));

    let path = installation.hook("shop", &[], &receiver.url("/shop"));
    assert_eq!(host.post(&path, &json!({ "n": 2 })).status, 200);
    receiver.wait_for("/shop", 1);
    let shop: Value = serde_json::from_str(&installation.run(&["events", "list", "--service", "shop", "--json"])).unwrap();
    let (event, hook) = (shop[0]["id"].as_str().unwrap(), shop[0]["hooks"][0].as_str().unwrap());
    installation.run(&["hooks", "remove", hook]);
    assert!(said(&["events", "replay", event], 1).contains("its hook is disabled or removed"));
    assert!(installation.fails(&["events", "replay"]).contains("say which events"));
    host.stop();
}
