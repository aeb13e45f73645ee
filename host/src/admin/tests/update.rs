//! Changing hooks that are there.

use super::*;

async fn hook(control: &Control, new: Value) -> String {
    post(control, "/hooks", new).await.unwrap()["hook"]["id"].as_str().unwrap().to_owned()
}

async fn patch(control: &Control, hook: &str, update: Value) -> Value {
    control.ask(Method::PATCH, &format!("/hooks/{hook}"), Some(&update)).await.unwrap()
}

async fn shown(control: &Control, hook: &str) -> Value {
    get(control, &format!("/hooks/{hook}?show=urls,parameters")).await
}

#[tokio::test]
async fn what_is_said_changes_and_the_rest_stays() {
    let (_root, admin, control) = server().await;
    let manner = json!({"retry_ms": [5_000], "ordered": false});
    let new = json!({"service": "parcels", "parameters": {"a": "1", "b": "2"}, "to": "stdout:", "manner": manner});
    let id = hook(&control, new).await;
    let before = shown(&control, &id).await;
    let updated = patch(&control, &id, json!({"manner": {"ordered": true}, "parameters": {"a": null, "c": {"d": 1}}})).await;
    assert_eq!((&updated["hook"]["parameters"], updated.get("secret")), (&json!({"b": "***", "c": "***"}), None));
    let mut expected = before;
    expected["manner"] = json!({"retry_ms": [5_000], "ordered": true});
    expected["parameters"] = json!({"b": "2", "c": {"d": 1}});
    assert_eq!(shown(&control, &id).await, expected);
    patch(&control, &id, json!({"manner": {"retry_ms": null}})).await;
    expected["manner"] = json!({"ordered": true});
    assert_eq!(shown(&control, &id).await, expected);
    admin.shutdown().await;
}

#[tokio::test]
async fn a_hook_that_begins_to_deliver_over_http_gets_a_secret_and_keeps_it() {
    let (_root, admin, control) = server().await;
    let id = hook(&control, json!({"service": "parcels"})).await;
    let updated = patch(&control, &id, json!({"to": "http://127.0.0.1:9/a"})).await;
    assert!(updated["secret"].as_str().unwrap().starts_with("whsec_"), "{updated}");
    let updated = patch(&control, &id, json!({"to": "http://127.0.0.1:9/b"})).await;
    assert_eq!((updated.get("secret"), &updated["hook"]["destination"]), (None, &json!("http://127.0.0.1:9/***")));
    let updated = patch(&control, &id, json!({"to": "pull:"})).await;
    assert_eq!(updated["hook"]["destination"], Value::Null);
    admin.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_and_nothing_is_changed() {
    let (_root, admin, control) = server().await;
    let id = hook(&control, json!({"service": "parcels", "to": "file:/out?rotate=1MiB"})).await;
    hook(&control, json!({"service": "parcels", "to": "file:/other"})).await;
    let of = async |update: Value| refusal(&control, Method::PATCH, &format!("/hooks/{id}"), update).await;
    assert!(of(json!({})).await.starts_with("nothing is to be changed"));
    assert!(of(json!({"to": "ftp://x"})).await.contains("is no destination"));
    assert!(of(json!({"to": "http://169.254.169.254/"})).await.contains("metadata service"));
    assert!(of(json!({"to": "file:/other?rotate=daily"})).await.contains("writes to the same file in another way"));
    assert!(of(json!({"manner": {"retry_ms": [3_000_000_000_u64]}})).await.contains("after 30 days at most"));
    assert!(of(json!({"service": "shop"})).await.contains("unknown field `service`"));
    assert!(refusal(&control, Method::PATCH, "/hooks/nope", json!({"to": "pull:"})).await.starts_with("there is no hook `nope`"));
    assert_eq!(shown(&control, &id).await["destination"], "file:/out?rotate=1MiB");
    patch(&control, &id, json!({"to": "file:/out?rotate=daily"})).await;
    assert_eq!(shown(&control, &id).await["destination"], "file:/out?rotate=daily", "its own file it may write as it likes");
    admin.shutdown().await;
}
