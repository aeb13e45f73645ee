//! Dead letters as an operator sees them.

use super::*;
use crate::journal::testing::event;
use crate::journal::{DeliveryState, Event, Journal, Settings};

/// A data directory with dead letters for these hooks, one event each, numbered from 1.
async fn with_dead_letters(root: &std::path::Path, hooks: &[&str]) {
    let journal = Journal::open(&DataDirectory::open(root).unwrap(), Settings::default()).unwrap();
    for (number, hook) in (1..).zip(hooks) {
        let id = format!("01890000-0000-7000-8000-{number:012}");
        journal.append(&Event { service: "parcels".into(), ..event(&id, &[hook]) }).await.unwrap();
        let dead = DeliveryState::Dead { reason: "answered 500".into(), attempts: 8, at_ms: 1_790_000_000_000 };
        journal.record(number as u64, 0, &dead);
    }
}

/// A directory with an enabled hook and one of another service; their ids.
async fn hooks(root: &std::path::Path) -> [String; 2] {
    let control = Control::open_or_create(root).await.unwrap();
    let parcels = post(&control, "/hooks", json!({"service": "parcels", "to": "stdout:"})).await.unwrap();
    let shop = post(&control, "/hooks", json!({"service": "shop", "to": "stdout:"})).await.unwrap();
    [parcels, shop].map(|added| added["hook"]["id"].as_str().unwrap().to_owned())
}

fn ids(listed: &Value) -> Vec<&str> {
    listed["dead_letters"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn dead_letters_are_listed_with_what_they_were_and_filtered() {
    let root = tempfile::tempdir().unwrap();
    let [parcels, shop] = hooks(root.path()).await;
    with_dead_letters(root.path(), &[&parcels, &shop, "gone", &parcels]).await;
    let control = Control::open(root.path()).await.unwrap();
    let listed = get(&control, "/dead-letters").await;
    let expected = json!({
        "id": "1-0", "hook": parcels, "service": "parcels", "webhook": "webhook",
        "event": "01890000-0000-7000-8000-000000000001", "bundle": "01890000-0000-7000-8000-000000000001-0",
        "at_ms": 1_790_000_000_000_u64, "attempts": 8, "reason": "answered 500",
    });
    assert_eq!((&listed["dead_letters"][0], &listed["next"]), (&expected, &Value::Null));
    assert_eq!(ids(&get(&control, &format!("/dead-letters?hook={parcels}")).await), ["1-0", "4-0"]);
    assert_eq!(ids(&get(&control, "/dead-letters?service=shop").await), ["2-0"]);
    assert_eq!(ids(&get(&control, "/dead-letters?service=parcels").await), ["1-0", "3-0", "4-0"], "of the hook that is gone too");
    let page = get(&control, "/dead-letters?limit=2&after=1-0").await;
    assert_eq!((ids(&page), &page["next"]), (vec!["2-0", "3-0"], &json!("3-0")));
}

#[tokio::test]
async fn dead_letters_are_redriven_by_id_by_hook_or_all_without_a_server() {
    let root = tempfile::tempdir().unwrap();
    let [parcels, shop] = hooks(root.path()).await;
    with_dead_letters(root.path(), &[&parcels, &parcels, &parcels, &shop, "gone"]).await;
    let control = Control::open(root.path()).await.unwrap();
    let redrive = async |what: Value| post(&control, "/dead-letters/redrive", what).await.unwrap();
    assert_eq!(redrive(json!({"ids": ["2-0"]})).await, json!({"redriven": 1, "left": []}));
    let as_receivers_name_it = "01890000-0000-7000-8000-000000000001-0";
    assert_eq!(redrive(json!({"ids": [as_receivers_name_it]})).await["redriven"], 1);
    assert_eq!(redrive(json!({"hook": parcels})).await["redriven"], 1);
    assert_eq!(redrive(json!({"hook": parcels})).await["redriven"], 0);
    let left = json!([{"hook": "gone", "dead_letters": 1, "because": "removed"}]);
    assert_eq!(redrive(json!({"all": true})).await, json!({"redriven": 1, "left": left}));
    drop(control);
    let journal = Journal::open(&DataDirectory::open(root.path()).unwrap(), Settings::default()).unwrap();
    assert_eq!(journal.pending().iter().map(|pending| pending.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn what_cannot_be_redriven_is_refused_with_the_reason_and_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let [parcels, _] = hooks(root.path()).await;
    with_dead_letters(root.path(), &[&parcels]).await;
    let control = Control::open(root.path()).await.unwrap();
    let redrive = async |what: Value| refusal(&control, Method::POST, "/dead-letters/redrive", what).await;
    assert!(redrive(json!({"ids": ["1-0", "1-1"]})).await.starts_with("there is no dead letter `1-1`; nothing was redriven"));
    assert!(redrive(json!({"ids": ["nonsense"]})).await.contains("they look like 17-0"));
    assert!(redrive(json!({"hook": "nope"})).await.starts_with("there is no hook `nope`"));
    for unclear in [json!({}), json!({"all": true, "hook": parcels})] {
        assert!(redrive(unclear).await.starts_with("say which"));
    }
    assert_eq!(ids(&get(&control, "/dead-letters").await), ["1-0"]);
    let list = async |query: &str| refusal(&control, Method::GET, &format!("/dead-letters?{query}"), Value::Null).await;
    assert_eq!(list("limit=0").await, "`limit` is a number from 1 to 1000, not `0`");
    assert!(list("hok=x").await.contains("unknown field `hok`, expected one of `hook`, `service`, `after`, `limit`"));
    assert!(list("after=x").await.contains("they look like 17-0"));
}

#[tokio::test]
async fn dead_letters_of_a_disabled_hook_stay_until_it_is_enabled_which_says_how_many_there_are() {
    let root = tempfile::tempdir().unwrap();
    let [parcels, _] = hooks(root.path()).await;
    with_dead_letters(root.path(), &[&parcels, &parcels]).await;
    let control = Control::open(root.path()).await.unwrap();
    let verb = async |verb: &str| post(&control, &format!("/hooks/{parcels}/{verb}"), Value::Null).await.unwrap();
    verb("disable").await;
    let all = json!({"hook": parcels});
    let left = json!([{"hook": parcels, "dead_letters": 2, "because": "disabled"}]);
    assert_eq!(post(&control, "/dead-letters/redrive", all.clone()).await.unwrap(), json!({"redriven": 0, "left": left}));
    assert_eq!(verb("enable").await, json!({"enabled": parcels, "dead_letters": 2}));
    assert_eq!(post(&control, "/dead-letters/redrive", all).await.unwrap()["redriven"], 2);
}
