//! Events as the interface shows them.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::page::Bounds;
use super::*;
use crate::admin::answer::{Answer, Payload};
use crate::admin::route::Caller;
use crate::admin::router::{self, Call};
use crate::admin::{Archive, Operator, Tokens};
use crate::connections::Connections;
use crate::data_directory::DataDirectory;
use crate::deliver::FileGuard;
use crate::journal::{Appended, DeliveryState, Original, Outcome, StoredBundle, StoredRequest, new_id};

const NOW: u64 = 1_790_000_000_000;

/// An operator without a server, and the journal.
async fn operator() -> (TempDir, Operator, Arc<Journal>) {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let operator = Operator {
        connections: Connections::open(&directory).unwrap(),
        tokens: Tokens::open(&directory).unwrap(),
        archive: Archive::stored(directory),
        public_url: None,
        destinations: None,
        files: FileGuard::default(),
        services: None,
        host: None,
    };
    let journal = operator.archive.journal().await.unwrap();
    (root, operator, journal)
}

/// An event that came so many milliseconds after the first.
fn event(after: u64, hooks: &[&str]) -> Event {
    let (received_at, id) = (NOW + after, new_id(NOW + after));
    let bundle = |(place, hook): (usize, &&str)| StoredBundle {
        id: format!("{id}-{place}"),
        hook: (*hook).to_owned(),
        json: Bytes::from_static(br#"{"price":1.50}"#),
    };
    Event {
        bundles: hooks.iter().enumerate().map(bundle).collect(),
        id,
        received_at,
        service: "shop".into(),
        webhook: "orders".into(),
        outcome: Outcome::Accepted,
        request: StoredRequest {
            method: "POST".into(),
            url: "https://hooks.test/h/token?api_key=k&x=1".into(),
            path_begins: 18,
            headers: vec![("authorization".into(), "Bearer b".into()), ("content-type".into(), "application/json".into())],
            remote_address: "192.0.2.1".into(),
        },
        body: Bytes::from_static(b"{\"a\": 1}"),
        dedupe: None,
        unmatched: Vec::new(),
        replay_of: None,
    }
}

async fn store(journal: &Journal, event: &Event) -> Sequence {
    match journal.append(event).await.unwrap() {
        Appended::Stored(seq) => seq,
        Appended::Repeat => panic!("no event here is a repeat"),
    }
}

async fn answer(operator: &Operator, target: &str) -> Answer {
    answer_in(operator, target, "").await
}

async fn answer_in(operator: &Operator, target: &str, accept: &str) -> Answer {
    router::answer(operator, Call { caller: Caller::Local, method: &Method::GET, target, accept, body: b"" }).await
}

async fn json(operator: &Operator, target: &str) -> String {
    match answer(operator, target).await.payload {
        Payload::Whole(json) => String::from_utf8(json).unwrap(),
        Payload::Text(_) | Payload::Lines(_) | Payload::Events(_) => panic!("{target} comes in one piece"),
    }
}

async fn get(operator: &Operator, target: &str) -> Value {
    serde_json::from_str(&json(operator, target).await).unwrap()
}

fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn events_are_listed_newest_first_and_page_by_page() {
    let (_root, operator, journal) = operator().await;
    for after in 0..5 {
        store(&journal, &event(after, &[])).await;
    }
    let first = get(&operator, "/events?limit=2").await;
    assert_eq!((numbers(&first), &first["next"]), (vec![5, 4], &json!("4")));
    let second = get(&operator, "/events?limit=2&cursor=4").await;
    assert_eq!((numbers(&second), &second["next"]), (vec![3, 2], &json!("2")));
    let last = get(&operator, "/events?limit=2&cursor=2").await;
    assert_eq!((numbers(&last), &last["next"]), (vec![1], &Value::Null));
    assert_eq!(numbers(&get(&operator, &format!("/events?from={}&to={}", NOW + 1, NOW + 3)).await), [4, 3, 2]);
}

#[tokio::test]
async fn an_answer_ends_when_it_has_looked_at_enough_and_says_where_to_go_on() {
    let (_root, _operator, journal) = operator().await;
    for after in 0..9 {
        store(&journal, &Event { service: if after == 0 { "rare".into() } else { "shop".into() }, ..event(after, &[]) }).await;
    }
    let matcher = Matcher::new(&Selection { service: Some("rare".into()), ..Selection::default() }).unwrap();
    let page = |before, bounds| newest_first(&journal, &matcher, before, 10, bounds);
    let few = Bounds { events: 4, bytes: usize::MAX };
    let first = page(Sequence::MAX, few);
    assert_eq!((first.events.len(), first.next.as_deref(), first.looked_at), (0, Some("6"), 4));
    let second = page(6, few);
    assert_eq!((second.events.len(), second.next.as_deref()), (0, Some("2")));
    let last = page(2, few);
    assert_eq!((last.events.len(), last.next), (1, None));
    let bytes = page(Sequence::MAX, Bounds { events: usize::MAX, bytes: 20 });
    assert_eq!((bytes.looked_at, bytes.next.as_deref()), (3, Some("7")));
}

#[tokio::test]
async fn the_outcome_says_what_has_become_of_an_event() {
    let (_root, operator, journal) = operator().await;
    let delivered = store(&journal, &event(0, &["h"])).await;
    let pending = store(&journal, &event(1, &["h", "h"])).await;
    let dead = store(&journal, &event(2, &["h", "h"])).await;
    let failed = Event { outcome: Outcome::Failed("webhook.json:1:2: error: no".into()), ..event(3, &[]) };
    let (failed_id, failed) = (failed.id.clone(), store(&journal, &failed).await);
    store(&journal, &Event { unmatched: vec!["U1".into()], ..event(4, &[]) }).await;
    for (seq, bundle) in [(delivered, 0), (pending, 0)] {
        journal.record(seq, bundle, &DeliveryState::Delivered);
    }
    journal.record(dead, 1, &DeliveryState::Dead { reason: "answered 500".into(), attempts: 8, at_ms: NOW });
    let outcomes = async || {
        let page = get(&operator, "/events").await;
        page["events"].as_array().unwrap().iter().map(|event| event["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes().await, ["unmatched", "failed", "dead", "pending", "accepted"]);
    assert_eq!(numbers(&get(&operator, "/events?outcome=dead").await), [dead]);
    let replay = Event { replay_of: Some(Original { seq: failed, id: failed_id.clone(), uid: None }), ..event(5, &[]) };
    store(&journal, &replay).await;
    assert_eq!(outcomes().await, ["accepted", "unmatched", "replayed", "dead", "pending", "accepted"]);
    let shown = get(&operator, &format!("/events/{failed_id}")).await;
    assert_eq!((&shown["replays"], &shown["event"]["failure"]), (&json!([replay.id]), &json!("webhook.json:1:2: error: no")));
    assert_eq!(get(&operator, &format!("/events/{}", replay.id)).await["event"]["replay_of"], json!(failed_id));
}

#[tokio::test]
async fn an_event_is_shown_with_request_bundles_and_deliveries_and_without_secrets() {
    let (_root, operator, journal) = operator().await;
    let event = event(0, &["h1", "h2", "h3"]);
    let seq = store(&journal, &event).await;
    journal.record(seq, 0, &DeliveryState::Delivered);
    journal.record(seq, 1, &DeliveryState::Retry { attempt: 2, due_ms: NOW + 9, failure: None });
    journal.record(seq, 2, &DeliveryState::Dead { reason: "answered 500".into(), attempts: 8, at_ms: NOW });
    let text = json(&operator, &format!("/events/{}", event.id)).await;
    assert!(text.contains(r#""json":{"price":1.50}"#), "every digit is kept: {text}");
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["request"]["url"], "https://hooks.test/h/***?api_key=***&x=1");
    assert_eq!(shown["request"]["headers"][0], json!({"name": "authorization", "value": "***"}));
    assert_eq!((&shown["request"]["body"], &shown["event"]["received_ms"]), (&json!("{\"a\": 1}"), &json!(NOW)));
    let states = shown["bundles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bundle| [&bundle["hook"], &bundle["state"], &bundle["attempts"], &bundle["due_ms"], &bundle["reason"]].map(Value::clone));
    let expected = [
        [json!("h1"), json!("delivered"), json!(null), json!(null), json!(null)],
        [json!("h2"), json!("pending"), json!(2), json!(NOW + 9), json!(null)],
        [json!("h3"), json!("dead"), json!(8), json!(null), json!("answered 500")],
    ];
    assert_eq!(states.collect::<Vec<_>>(), expected);
    let open = get(&operator, &format!("/events/{seq}?show=secrets")).await;
    assert_eq!(open["request"]["url"], "https://hooks.test/h/token?api_key=k&x=1");
    assert_eq!(open["request"]["headers"][0]["value"], "Bearer b");
}

#[tokio::test]
async fn what_is_not_there_and_what_makes_no_sense_is_refused() {
    let (_root, operator, _journal) = operator().await;
    assert_eq!(get(&operator, "/events/17").await["error"], "there is no event `17`");
    assert!(get(&operator, "/events?servce=shop").await["error"].as_str().unwrap().contains("unknown field `servce`"));
    assert!(get(&operator, "/events?limit=many").await["error"].as_str().unwrap().starts_with("the query is not what this takes"));
    assert_eq!(get(&operator, "/events?cursor=x").await["error"], "`x` is no cursor");
}

async fn follow(operator: &Operator, target: &str) -> tokio::sync::mpsc::Receiver<Bytes> {
    match answer(operator, target).await.payload {
        Payload::Lines(lines) => lines,
        other => panic!("{target} comes line by line, not as {other:?}"),
    }
}

fn parsed(line: Option<Bytes>) -> Value {
    serde_json::from_slice(&line.unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_meant_is_followed_as_it_comes() {
    let (_root, operator, journal) = operator().await;
    store(&journal, &event(0, &["h"])).await;
    let mut lines = follow(&operator, "/events/tail?service=shop").await;
    store(&journal, &Event { service: "other".into(), ..event(1, &[]) }).await;
    let meant = store(&journal, &event(2, &["h"])).await;
    let line = parsed(lines.recv().await);
    assert_eq!((&line["event"]["number"], &line["event"]["outcome"]), (&json!(meant), &json!("pending")));
}

#[tokio::test]
async fn what_is_followed_comes_as_server_sent_events_to_who_asks_for_them_and_says_the_same() {
    let (_root, operator, journal) = operator().await;
    let mut lines = follow(&operator, "/events/tail?service=shop").await;
    let answer = answer_in(&operator, "/events/tail?service=shop", "text/event-stream").await;
    let Payload::Events(mut events) = answer.payload else { panic!("{:?}", answer.payload) };
    store(&journal, &event(0, &["h"])).await;
    let (line, event) = (lines.recv().await.unwrap(), events.recv().await.unwrap());
    assert_eq!(event, [b"data: ", &line[..], b"\n"].concat());
}

#[tokio::test]
async fn a_slow_reader_is_told_how_many_it_missed_and_holds_up_nobody() {
    const MANY: u64 = 6000;
    let (_root, operator, journal) = operator().await;
    let mut lines = follow(&operator, "/events/tail").await;
    for _ in 0..MANY / 1000 {
        let events: Vec<_> = (0..1000).map(|after| event(after, &[])).collect();
        futures_util::future::join_all(events.iter().map(|event| store(&journal, event))).await;
    }
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < MANY {
        let line = parsed(lines.recv().await);
        seen += u64::from(line["event"].is_object());
        missed += line["missed"].as_u64().unwrap_or_default();
    }
    assert!(missed > 0 && seen + missed == MANY, "{seen} seen, {missed} missed");
}

#[tokio::test]
async fn a_tail_has_no_cursor() {
    let (_root, operator, _journal) = operator().await;
    assert!(json(&operator, "/events/tail?cursor=7").await.contains("neither a cursor nor a limit"));
}
