//! Requests to a whole host, and what it stores of them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connections::{Change, Connection, Hook, State};
use crate::environment;
use crate::journal::{Event, Outcome};
use crate::metrics::Metrics;
use crate::network::Network;
use crate::plugin::Caller;
use crate::plugin::tests::describing;
use crate::shares::Holder;
use crate::{Host, Running, Settings, server};

const SPEC: &str = r#"{
    "verification": { "condition": "{{body.type = 'ping'}}", "respond": { "type": "text", "body": "pong" } },
    "condition": "{{body.key = parameters.key}}",
    "iterate": "body.items",
    "output": { "n": "{{item.n}}", "twice": "{{parseNumber(item.n) * 2}}" },
    "dedupe": "{{body.id}}",
    "respond": { "status": "{{if(accepted, 202, 401)}}", "headers": { "x-key": "{{body.header}}" }, "body": "{{body.items}}" }
}"#;

struct Trial {
    running: Running,
    _directory: TempDir,
}

impl Trial {
    async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// With what `adjust` changes in the settings and puts into the directory of services.
    async fn start_with(adjust: impl FnOnce(&mut Settings, &Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, spec) in [("direct/webhook.json", SPEC), ("teams/webhook.json", r#"{"uid": "{{body.team}}"}"#)] {
            let path = directory.path().join("services").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, spec).unwrap();
        }
        let listener = server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let services = directory.path().join("services");
        let mut settings = Settings::new(vec![services.clone()], directory.path().join("data"));
        adjust(&mut settings, &services);
        let running = Host::start(settings, listener).await.unwrap();
        let trial = Self { running, _directory: directory };
        trial.define().await;
        trial
    }

    /// A dedicated hook whose key is `k`, and two hooks for the team 7.
    async fn define(&self) {
        let hook = |id: &str, service: &str, connection: Option<&str>| Hook {
            id: id.to_owned(),
            service: service.to_owned(),
            webhook: None,
            connection: connection.map(str::to_owned),
            token: connection.is_none().then(|| "token".to_owned()),
            parameters: [("key".to_owned(), "k".into())].into_iter().collect(),
            destination: None,
            manner: Default::default(),
            failing_since_ms: None,
            state: State::Enabled,
        };
        let connection = Connection { id: "c".into(), service: "teams".into(), uid: "7".into(), name: None, data: Default::default() };
        for change in [
            Change::PutConnection(connection),
            Change::PutHook(hook("h", "direct", None)),
            Change::PutHook(hook("h1", "teams", Some("c"))),
            Change::PutHook(hook("h2", "teams", Some("c"))),
        ] {
            self.running.host().connections.apply(change).await.unwrap();
        }
    }

    async fn send(&self, method: &str, path: &str, json: &str) -> String {
        let length = json.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n");
        let mut stream = TcpStream::connect(self.running.address()).await.unwrap();
        stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n{json}").as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    }

    async fn post(&self, path: &str, json: &str) -> String {
        self.send("POST", path, json).await
    }

    /// All events that are stored.
    fn events(&self) -> Vec<Event> {
        self.running.host().journal.scan(1).map(|event| event.unwrap().1).collect()
    }
}

fn bundles(event: &Event) -> Vec<(&str, &str)> {
    event.bundles.iter().map(|bundle| (bundle.hook.as_str(), std::str::from_utf8(&bundle.json).unwrap())).collect()
}

#[tokio::test]
async fn an_accepted_request_is_stored_before_its_reply_with_a_bundle_for_each_item() {
    let trial = Trial::start().await;
    let reply = trial.post("/h/token?a=%7e", r#"{"key": "k", "items": [{"n": 1}, {"n": 2.50}]}"#).await;
    assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
    assert!(reply.ends_with(r#"[{"n":1},{"n":2.50}]"#), "{reply}");
    let events = trial.events();
    assert_eq!(bundles(&events[0]), [("h", r#"{"n":1,"twice":2}"#), ("h", r#"{"n":2.50,"twice":5}"#)]);
    assert_eq!(
        events[0].request.url,
        format!("{}/h/token?a=%7e", trial.running.base_url()).replace(&trial.running.address().to_string(), "a")
    );
    assert_ne!(events[0].bundles[0].id, events[0].bundles[1].id);
}

#[tokio::test]
async fn verifications_and_rejected_requests_are_answered_and_not_stored() {
    let trial = Trial::start().await;
    assert!(trial.post("/h/token", r#"{"type": "ping"}"#).await.ends_with("pong"));
    assert!(trial.post("/h/token", r#"{"key": "wrong", "items": [{"n": 1}]}"#).await.starts_with("HTTP/1.1 401"));
    assert_eq!(trial.events(), []);
}

#[tokio::test]
async fn a_repeat_is_answered_again_and_stored_once() {
    let trial = Trial::start().await;
    for _ in 0..2 {
        assert!(trial.post("/h/token", r#"{"key": "k", "id": "1", "items": [{"n": 1}]}"#).await.starts_with("HTTP/1.1 202"));
    }
    assert_eq!(trial.events().len(), 1);
}

#[tokio::test]
async fn an_event_whose_output_fails_gets_its_reply_and_is_stored_as_failed() {
    let trial = Trial::start().await;
    let reply = trial.post("/h/token", r#"{"key": "k", "items": [{"n": "no number"}]}"#).await;
    assert!(reply.starts_with("HTTP/1.1 202"), "{reply}");
    let events = trial.events();
    assert!(matches!(&events[0].outcome, Outcome::Failed(cause) if cause.contains("webhook.json:5:")), "{events:?}");
    assert!(events[0].bundles.is_empty());
}

#[tokio::test]
async fn a_reply_that_cannot_be_sent_is_a_500_and_nothing_is_stored() {
    let trial = Trial::start().await;
    let reply = trial.post("/h/token", r#"{"key": "k", "header": "a\nb", "items": [{"n": 1}]}"#).await;
    assert!(reply.starts_with("HTTP/1.1 500") && reply.ends_with("The webhook failed."), "{reply}");
    assert_eq!(trial.events(), []);
}

#[tokio::test]
async fn every_hook_on_the_uid_gets_the_bundle_and_a_number_matches_its_text() {
    let trial = Trial::start().await;
    trial.post("/teams", r#"{"team": 7}"#).await;
    let events = trial.events();
    let mut hooks: Vec<_> = bundles(&events[0]).into_iter().map(|(hook, _)| hook).collect();
    hooks.sort_unstable();
    assert_eq!(hooks, ["h1", "h2"]);
}

#[tokio::test]
async fn what_nobody_listens_for_is_stored_with_its_uid() {
    let trial = Trial::start().await;
    assert!(trial.post("/teams", r#"{"team": "8"}"#).await.ends_with("Accepted"));
    let events = trial.events();
    assert_eq!((&events[0].unmatched[..], events[0].bundles.len()), (&["8".to_owned()][..], 0));
}

#[tokio::test]
async fn a_malformed_body_is_the_senders_mistake() {
    let trial = Trial::start().await;
    assert!(trial.post("/teams", "{").await.starts_with("HTTP/1.1 400"));
    assert_eq!(trial.events(), []);
}

#[tokio::test]
async fn when_bodies_take_all_their_memory_senders_are_asked_to_come_back() {
    let all = 2 * (100 + server::USUAL_REPLY);
    let small = |settings: &mut Settings| {
        (settings.limits.body_bytes, settings.limits.memory_bytes, settings.evaluation.allowance.memory) = (100, 100, 0);
    };
    let trial = Trial::start_with(|settings, _| small(settings)).await;
    let others = || trial.running.host().memory.lease(Holder { network: None, service: "others".into() });
    let mut held = others();
    held.grow(all - 500).unwrap();
    let reply = trial.post("/teams", r#"{"team": 7}"#).await;
    assert!(reply.starts_with("HTTP/1.1 503") && reply.contains("retry-after: "), "{reply}");
    assert_eq!(trial.events(), []);
    drop(held);
    assert!(trial.post("/teams", r#"{"team": 7}"#).await.starts_with("HTTP/1.1 200"));
    assert!(others().grow(all).is_ok(), "all is given back");
}

/// A service whose webhook needs its plugin, of which one request at a time gets an instance.
async fn start_with_a_busy_plugin() -> Trial {
    Trial::start_with(|settings, services| {
        settings.plugins.instances = 1;
        (settings.plugins.stops, settings.plugins.stops_window) = (2, Duration::ZERO);
        settings.plugins.patience = Duration::from_millis(1);
        fs::create_dir(services.join("plugged")).unwrap();
        fs::write(services.join("plugged/webhook.json"), r#"{"uid": "{{luhn()}}"}"#).unwrap();
        fs::write(services.join("plugged/plugin.wasm"), describing("luhn")).unwrap();
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_plugin_asks_the_sender_to_come_back_and_nothing_is_stored() {
    let trial = start_with_a_busy_plugin().await;
    let plugin = trial.running.host().services.snapshot()["plugged"].plugin.clone().unwrap();
    let permit = plugin.try_admit().unwrap();
    let reply = trial.post("/plugged", "{}").await;
    assert!(reply.starts_with("HTTP/1.1 503") && reply.contains("retry-after: "), "{reply}");
    assert_eq!(trial.events(), []);
    assert!(trial.post("/teams", r#"{"team": 7}"#).await.starts_with("HTTP/1.1 200"), "others need no plugin");
    drop(permit);
    trial.post("/plugged", "{}").await;
    assert!(matches!(&trial.events()[1].outcome, Outcome::Failed(cause) if cause.contains("crashed")), "the plugin's own failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_out_of_service_asks_the_sender_to_come_back_and_is_in_the_metrics() {
    let trial = start_with_a_busy_plugin().await;
    let host = trial.running.host();
    let plugin = host.services.snapshot()["plugged"].plugin.clone().unwrap();
    let out_of_service = || Metrics::of(host).text().contains("hookwright_plugin_out_of_service{service=\"plugged\"} 1\n");
    assert!(!out_of_service());
    for address in ["192.0.2.1", "192.0.2.2"] {
        let caller = Caller { network: Some(Network::of(address)), hook: None };
        let session = plugin.admit(caller).await.unwrap().begin(&environment::now());
        assert!(hookwright_webhook::Plugin::call(&session, "luhn", &[], &hookwright_webhook::Confidential::default()).is_err());
    }
    let reply = trial.post("/plugged", "{}").await;
    assert!(reply.starts_with("HTTP/1.1 503") && reply.contains("retry-after: "), "{reply}");
    assert_eq!(trial.events(), []);
    assert!(out_of_service());
}

#[tokio::test]
async fn head_gets_neither_a_body_nor_a_length() {
    let trial = Trial::start().await;
    let reply = trial.send("HEAD", "/teams", r#"{"team": "8"}"#).await;
    assert!(reply.starts_with("HTTP/1.1 200") && !reply.contains("content-length") && reply.ends_with("\r\n\r\n"), "{reply}");
}

#[tokio::test]
async fn a_host_that_was_shut_down_lets_the_next_one_into_its_data() {
    let Trial { running, _directory: directory } = Trial::start().await;
    running.shutdown().await;
    let listener = server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let settings = Settings::new(Vec::new(), directory.path().join("data"));
    let again = Host::start(settings, listener).await.unwrap();
    assert!(again.host().connections.hook_by_token("token").is_some());
}
