//! The control interface over its socket and over the store, side by side.

#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

mod busy;
mod dead_letters;
mod pull;
mod update;

use super::*;
use crate::connections::Connections;
use crate::data_directory::DataDirectory;
use crate::deliver::{FileGuard, Guard};

fn services() -> Vec<KnownService> {
    let webhook = |name: &str, path: Option<&str>| KnownWebhook { name: name.into(), path: path.map(Into::into) };
    vec![
        KnownService {
            name: "slack".into(),
            webhooks: vec![webhook("events", Some("/slack/events")), webhook("commands", Some("/slack/commands"))],
            plugin: Some(KnownPlugin {
                name: "slack".into(),
                version: "0.1.0".into(),
                sha256: "e3b0".into(),
                asks: vec!["secrets".into()],
                out_of_service: Some("it crashed".into()),
            }),
            ..KnownService::default()
        },
        KnownService { name: "parcels".into(), webhooks: vec![webhook("parcels", None)], ..KnownService::default() },
        KnownService { name: "shop".into(), webhooks: vec![webhook("orders", None), webhook("refunds", None)], ..KnownService::default() },
    ]
}

fn operator(directory: &DataDirectory) -> Operator {
    Operator {
        connections: Connections::open(directory).unwrap(),
        archive: Archive::stored(directory.clone()),
        tokens: Tokens::open(directory).unwrap(),
        public_url: Some("https://hooks.test/".into()),
        destinations: Some(Guard::new(["127.0.0.1".parse().unwrap()])),
        files: FileGuard::new(directory.path(), &[], Vec::new()),
        services: Some(Box::new(services)),
        host: None,
    }
}

/// A running server's control interface and a client of it.
async fn server() -> (tempfile::TempDir, Admin, Control) {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let admin = serve(&directory, Arc::new(operator(&directory))).unwrap();
    let control = Control::open(root.path()).await.unwrap();
    (root, admin, control)
}

async fn post(control: &Control, target: &str, body: Value) -> Result<Value, ControlError> {
    control.ask(Method::POST, target, Some(&body)).await
}

async fn get(control: &Control, target: &str) -> Value {
    control.ask(Method::GET, target, None::<&()>).await.unwrap()
}

async fn refusal(control: &Control, method: Method, target: &str, body: Value) -> String {
    control.ask::<Value>(method, target, Some(&body)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn the_services_that_are_loaded_are_listed_with_the_state_of_their_plugins() {
    let (root, admin, control) = server().await;
    let listed = get(&control, "/services").await;
    let plugin = json!({"name": "slack", "version": "0.1.0", "sha256": "e3b0", "asks": ["secrets"], "out_of_service": "it crashed"});
    assert_eq!((&listed[0]["name"], &listed[0]["plugin"]), (&json!("slack"), &plugin));
    let webhooks = json!([{"name": "parcels", "path": null}]);
    assert_eq!(listed[1], json!({"name": "parcels", "state": "served", "webhooks": webhooks, "plugin": null, "diagnostics": []}));
    admin.shutdown().await;
    drop(control);
    let store = Control::open(root.path()).await.unwrap();
    assert!(refusal(&store, Method::GET, "/services", Value::Null).await.starts_with("no server runs"));
}

#[tokio::test]
async fn a_connection_gets_a_hook_for_all_shared_webhooks_of_its_service() {
    let (_root, admin, control) = server().await;
    let new = json!({"service": "slack", "uid": "T1", "name": "acme", "data": {"token": "xoxb"}, "to": "http://u:p@127.0.0.1:9/x"});
    let added = post(&control, "/connections", new).await.unwrap();
    assert_eq!(added["hook"]["urls"], json!(["https://hooks.test/slack/events", "https://hooks.test/slack/commands"]));
    let id = added["connection"]["id"].as_str().unwrap();
    let listed = get(&control, "/connections").await;
    assert_eq!(listed, json!([{"id": id, "service": "slack", "uid": "T1", "name": "acme", "data": {"token": "***"}}]));
    assert_eq!(get(&control, "/connections?show=data").await[0]["data"], json!({"token": "xoxb"}));
    assert_eq!(get(&control, "/hooks").await[0]["destination"], "http://***@127.0.0.1:9/***");
    let _: Value = control.ask(Method::DELETE, &format!("/connections/{id}"), None::<&()>).await.unwrap();
    assert_eq!(get(&control, "/connections").await, json!([]));
    assert_eq!(get(&control, "/hooks").await, json!([]));
    admin.shutdown().await;
}

#[tokio::test]
async fn an_id_in_a_path_may_be_percent_encoded() {
    let (_root, admin, control) = server().await;
    let added = post(&control, "/hooks", json!({"service": "parcels"})).await.unwrap();
    let id = added["hook"]["id"].as_str().unwrap();
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(get(&control, &format!("/hooks/{encoded}")).await["id"], id);
    assert!(refusal(&control, Method::GET, "/hooks/..%2Fx%0Ay", Value::Null).await.starts_with("there is no hook `../x\ny`"));
    assert!(refusal(&control, Method::GET, "/hooks/%FF", Value::Null).await.starts_with("the id in the path is no text"));
    admin.shutdown().await;
}

#[tokio::test]
async fn a_dedicated_hook_shows_its_url_once_and_then_only_when_asked() {
    let (_root, admin, control) = server().await;
    let manner = json!({"retry_ms": [5_000, 60_000], "ordered": true});
    let new = json!({"service": "parcels", "parameters": {"secret": "s"}, "to": "stdout:", "manner": manner});
    let added = post(&control, "/hooks", new).await.unwrap();
    assert_eq!(added["hook"]["manner"], manner);
    let url = added["hook"]["urls"][0].as_str().unwrap();
    assert_eq!(url.strip_prefix("https://hooks.test/h/").map(str::len), Some(32));
    let listed = get(&control, "/hooks").await;
    assert_eq!((&listed[0]["urls"][0], &listed[0]["parameters"]), (&json!("https://hooks.test/h/***"), &json!({"secret": "***"})));
    let shown = get(&control, "/hooks?show=urls,parameters").await;
    assert_eq!((&shown[0]["urls"][0], &shown[0]["parameters"]), (&json!(url), &json!({"secret": "s"})));
    let id = added["hook"]["id"].as_str().unwrap();
    let _: Value = control.ask(Method::POST, &format!("/hooks/{id}/disable"), None::<&()>).await.unwrap();
    assert_eq!(get(&control, "/hooks").await[0]["state"], "disabled");
    let _: Value = control.ask(Method::POST, &format!("/hooks/{id}/enable"), None::<&()>).await.unwrap();
    assert_eq!(get(&control, "/hooks").await[0]["state"], "enabled");
    let _: Value = control.ask(Method::DELETE, &format!("/hooks/{id}"), None::<&()>).await.unwrap();
    assert_eq!(get(&control, "/hooks").await, json!([]));
    admin.shutdown().await;
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let (_root, admin, control) = server().await;
    let added = post(&control, "/hooks", json!({"service": "parcels", "to": "http://127.0.0.1:9/"})).await.unwrap();
    let (id, secret) = (added["hook"]["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    let rotated = post(&control, &format!("/hooks/{id}/rotate-secret"), json!({"overlap_seconds": 60})).await.unwrap();
    let new = rotated["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && new.starts_with("whsec_") && secret != new);
    let listed = get(&control, "/hooks?show=urls,parameters").await.to_string();
    assert!(!listed.contains("whsec_"), "{listed}");
    let added = post(&control, "/hooks", json!({"service": "parcels", "to": "stdout:"})).await.unwrap();
    assert_eq!(added.get("secret"), None, "nothing signs what is printed");
    let of_stdout = format!("/hooks/{}/rotate-secret", added["hook"]["id"].as_str().unwrap());
    let message = refusal(&control, Method::POST, &of_stdout, json!({"overlap_seconds": 60})).await;
    assert!(message.ends_with("does not deliver over HTTP, and nothing else is signed"), "{message}");
    admin.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_reason_and_the_way_out() {
    let (_root, admin, control) = server().await;
    let of = async |service: &str, to: &str| refusal(&control, Method::POST, "/hooks", json!({"service": service, "to": to})).await;
    assert!(of("parcels", "ftp://x").await.starts_with("`ftp://x` is no destination"));
    assert!(of("parcels", "file:out").await.contains("is relative"));
    assert!(of("parcels", "file:/out?rotat=1").await.contains("there are rotate, keep and fsync"));
    let rarely = json!({"service": "parcels", "to": "stdout:", "manner": {"retry_ms": [3_000_000_000_u64]}});
    assert!(refusal(&control, Method::POST, "/hooks", rarely).await.contains("after 30 days at most"));
    let metadata = of("parcels", "http://169.254.169.254/latest").await;
    assert!(metadata.starts_with("169.254.169.254 is the address of a cloud's metadata service"), "{metadata}");
    assert!(metadata.contains("help: start the server with `--allow-destinations 169.254.169.254`"), "{metadata}");
    assert!(of("Parcels", "stdout:").await.contains("lower-case"));
    assert!(of("shop", "stdout:").await.contains("say which: shop/orders, shop/refunds"));
    assert!(of("slack", "stdout:").await.contains("slack is shared"));
    assert!(refusal(&control, Method::DELETE, "/hooks/nope", json!(null)).await.starts_with("there is no hook `nope`"));
    assert_eq!(refusal(&control, Method::PUT, "/hooks", json!(null)).await, "/hooks cannot be asked with PUT");
    assert_eq!(refusal(&control, Method::GET, "/", json!(null)).await, "there is nothing at /");
    assert!(refusal(&control, Method::POST, "/hooks", json!({"too": 1})).await.contains("unknown field `too`"));
    assert_eq!(get(&control, "/hooks").await, json!([]));
    admin.shutdown().await;
}

#[tokio::test]
async fn two_hooks_write_to_one_file_in_one_way() {
    let (_root, admin, control) = server().await;
    let hook = |to: &str| json!({"service": "parcels", "to": to});
    post(&control, "/hooks", hook("file:/out.jsonl?rotate=1MiB")).await.unwrap();
    post(&control, "/hooks", hook("file:/out.jsonl?rotate=1024KiB")).await.unwrap();
    let refused = refusal(&control, Method::POST, "/hooks", hook("file:/out.jsonl")).await;
    assert!(refused.contains("writes to the same file in another way") && refused.contains("`file:/out.jsonl?rotate="), "{refused}");
    admin.shutdown().await;
}

#[tokio::test]
async fn a_service_that_is_not_loaded_is_a_warning_with_the_nearest_name() {
    let (_root, admin, control) = server().await;
    let added = post(&control, "/hooks", json!({"service": "parcel", "to": "stdout:"})).await.unwrap();
    assert_eq!(added["warning"], "no service `parcel` is loaded yet; did you mean `parcels`?");
    let added = post(&control, "/hooks", json!({"service": "shop", "webhook": "order", "to": "stdout:"})).await.unwrap();
    assert_eq!(added["warning"], "shop has no webhook `order` yet; did you mean `orders`?");
    admin.shutdown().await;
}

#[tokio::test]
async fn an_unknown_id_names_the_nearest() {
    let (_root, admin, control) = server().await;
    let new = json!({"service": "slack", "uid": "T1", "to": "stdout:"});
    let added = post(&control, "/connections", new).await.unwrap();
    let id = added["connection"]["id"].as_str().unwrap();
    let wrong = format!("{}_", &id[..id.len() - 1]);
    let message = refusal(&control, Method::DELETE, &format!("/connections/{wrong}"), json!(null)).await;
    assert!(message.starts_with(&format!("there is no connection `{wrong}`; did you mean `{id}`?")), "{message}");
    let hook = json!({"service": "parcels", "connection": id, "to": "stdout:"});
    let message = refusal(&control, Method::POST, "/hooks", hook).await;
    assert_eq!(message, format!("the connection `{id}` is one with slack, not with parcels"));
    admin.shutdown().await;
}

#[tokio::test]
async fn without_a_server_the_same_is_done_on_the_store_itself() {
    let (root, admin, control) = server().await;
    let new = json!({"service": "slack", "uid": "T1", "to": "stdout:"});
    let added = post(&control, "/connections", new).await.unwrap();
    admin.shutdown().await;
    let control = Control::open(root.path()).await.unwrap();
    assert_eq!(get(&control, "/connections").await[0]["id"], added["connection"]["id"]);
    assert_eq!(get(&control, "/hooks").await[0]["paths"], json!(["/slack"]));
    let offline = post(&control, "/hooks", json!({"service": "parcels", "to": "stdout:"})).await.unwrap();
    assert_eq!((&offline["hook"]["urls"], &offline["warning"]), (&json!([]), &Value::Null));
    let inner = post(&control, "/hooks", json!({"service": "parcels", "to": "http://[::1]:9/"})).await.unwrap();
    assert!(inner["warning"].as_str().unwrap().ends_with("start the server with `--allow-destinations ::1`"), "{inner}");
    assert_eq!(offline["hook"]["paths"][0].as_str().unwrap().len(), "/h/".len() + 32);
}

#[tokio::test]
async fn a_directory_that_is_missing_or_held_by_someone_silent_says_so() {
    let root = tempfile::tempdir().unwrap();
    let missing = Control::open(&root.path().join("data")).await.err().unwrap().to_string();
    assert!(missing.ends_with("there is no such directory; name the server's directory with --data-dir"), "{missing}");
    let _held = DataDirectory::open(root.path()).unwrap();
    let silent = Control::open(root.path()).await.err().unwrap().to_string();
    assert!(silent.contains("in use by another process") && silent.contains("no server answers"), "{silent}");
}

#[tokio::test]
async fn the_socket_is_the_owners_alone_and_one_left_behind_is_replaced() {
    let (root, admin, _) = server().await;
    let socket = root.path().join("control.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    admin.shutdown().await;
    assert!(!socket.exists());
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let directory = DataDirectory::open(root.path()).unwrap();
    let admin = serve(&directory, Arc::new(operator(&directory))).unwrap();
    drop(directory);
    let control = Control::open(root.path()).await.unwrap();
    assert_eq!(get(&control, "/hooks").await, json!([]));
    admin.shutdown().await;
}
