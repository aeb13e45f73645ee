//! The operators' interface: as it is described, from afar, and live.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use hookwright_tests::client::{self, Reply, Request};
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::{schema, wait};
use serde_json::{Value, json};

use super::installation;

/// The operators' interface of a running host, on its socket, and which of its routes have been asked.
struct Interface<'i> {
    installation: &'i Installation,
    description: Value,
    asked: BTreeSet<(String, String)>,
}

impl<'i> Interface<'i> {
    fn new(installation: &'i Installation) -> Self {
        let description = serde_json::from_str(&installation.run(&["openapi"])).unwrap();
        Self { installation, description, asked: BTreeSet::new() }
    }

    /// Asks for something that has to be done, and checks that the answer is as described.
    fn ask(&mut self, method: &str, path: &str, target: &str, body: Option<Value>) -> Value {
        let request = Request::new(method, target).body(body.map_or_else(String::new, |body| body.to_string()));
        let reply = request.send_to_socket(&self.installation.data().join("control.sock")).unwrap();
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        let described = self.described(method, path, reply.status, "application/json");
        let mistakes = schema::mistakes(&answer, &described, &self.description);
        assert!(mistakes.is_empty(), "{method} {target} answers {answer}\n{}", mistakes.join("\n"));
        answer
    }

    /// The schema of an answer.
    fn described(&mut self, method: &str, path: &str, status: u16, kind: &str) -> Value {
        self.asked.insert((method.to_lowercase(), path.to_owned()));
        let operation = &self.description["paths"][path][method.to_lowercase()];
        let content = &operation["responses"][status.to_string()]["content"][kind]["schema"];
        assert!(!content.is_null(), "{method} {path} answered {status}, which is not described");
        content.clone()
    }

    fn all(&self) -> BTreeSet<(String, String)> {
        let paths = self.description["paths"].as_object().unwrap().iter();
        let operations =
            paths.flat_map(|(path, operations)| operations.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone())));
        operations.collect()
    }
}

#[test]
fn every_route_is_described_and_answers_as_it_is_described() {
    let installation = installation();
    installation.spec("shop", r#"{ "output": "{{body}}", "iterat": 1 }"#);
    installation.spec("direct", r#"{ "dedupe": "{{body.id}}" }"#);
    installation.spec("teams", r#"{ "uid": "{{body.team}}" }"#);
    let receiver = Receiver::start().unwrap();
    let host = installation.serve();
    let mut interface = Interface::new(&installation);
    let mut ask = |method: &str, path: &str, target: &str, body: Option<Value>| interface.ask(method, path, target, body);

    let new = json!({ "service": "teams", "uid": "7", "name": "seven", "data": { "token": "t" }, "to": receiver.url("/teams") });
    let connection = ask("POST", "/connections", "/connections", Some(new))["connection"]["id"].as_str().unwrap().to_owned();
    ask("GET", "/connections", "/connections?show=data", None);
    ask("GET", "/connections/{id}", &format!("/connections/{connection}"), None);
    let new = json!({ "service": "direct", "to": receiver.url("/direct"), "manner": { "retry_ms": [86_400_000], "ordered": true } });
    let hook = ask("POST", "/hooks", "/hooks", Some(new))["hook"].clone();
    let (id, path) = (hook["id"].as_str().unwrap(), hook["paths"][0].as_str().unwrap());
    ask("GET", "/hooks", "/hooks?show=urls,parameters", None);
    ask("GET", "/hooks/{id}", &format!("/hooks/{id}"), None);
    let changed = ask("PATCH", "/hooks/{id}", &format!("/hooks/{id}"), Some(json!({ "manner": { "retry_ms": [86_400_001] } })));
    assert_eq!(changed["hook"]["manner"]["retry_ms"], json!([86_400_001]));
    ask("POST", "/hooks/{id}/rotate-secret", &format!("/hooks/{id}/rotate-secret"), Some(json!({ "overlap_seconds": 60 })));
    let services = ask("GET", "/services", "/services", None);
    assert_eq!((&services[0]["state"], &services[1]["state"]), (&json!("served"), &json!("refused")));
    assert_eq!(services[1]["diagnostics"][0]["help"], "did you mean `iterate`?");

    let webhooks = ask("GET", "/webhooks", "/webhooks", None);
    let shared =
        json!({ "service": "teams", "name": "webhook", "path": "/teams", "url": format!("http://{}/teams", host.address()), "hooks": 1 });
    assert_eq!((&webhooks[0]["hooks"], &webhooks[0]["path"], &webhooks[1]), (&json!(1), &Value::Null, &shared));

    receiver.answer(500);
    assert_eq!(host.post(path, &json!({ "id": 1 })).status, 200);
    assert_eq!(host.post("/teams", &json!({ "team": 8 })).status, 200);
    wait::until_true("the delivery has failed", || ask("GET", "/deliveries", "/deliveries", None)[0]["retrying"] == 1);
    let failure = ask("GET", "/deliveries", "/deliveries", None)[0]["last_failure"].to_string();
    assert!(failure.contains("500"), "{failure}");
    let pending = ask("GET", "/events/{id}", "/events/1", None)["bundles"][0].clone();
    assert_eq!((&pending["state"], pending["reason"].to_string()), (&json!("pending"), failure));
    ask("POST", "/hooks/{id}/disable", &format!("/hooks/{id}/disable"), None);
    assert_eq!(ask("GET", "/events", "/events?limit=1&outcome=unmatched", None)["events"][0]["unmatched"], json!(["8"]));
    ask("GET", "/dead-letters", "/dead-letters", None);
    ask("POST", "/hooks/{id}/enable", &format!("/hooks/{id}/enable"), None);
    ask("POST", "/dead-letters/redrive", "/dead-letters/redrive", Some(json!({ "all": true })));
    ask("GET", "/events/{id}", "/events/1?show=secrets", None);
    assert_eq!(ask("GET", "/events/{id}/trace", "/events/1/trace", None)["dedupe"], "1");
    ask("POST", "/events/{id}/replay/preview", "/events/1/replay/preview", Some(json!({ "ids": "new" })));
    ask("POST", "/events/{id}/replay", "/events/1/replay", None);
    let many = json!({ "select": { "service": "direct" }, "manner": { "ids": "same" } });
    ask("POST", "/events/replay/preview", "/events/replay/preview", Some(many.clone()));
    assert_eq!(
        ask("POST", "/events/replay", "/events/replay", Some(many))["replayed"].as_array().map(Vec::len),
        Some(1),
        "no replay is replayed"
    );

    let pulled = ask("POST", "/hooks", "/hooks", Some(json!({ "service": "direct" })))["hook"].clone();
    let (id, path) = (pulled["id"].as_str().unwrap().to_owned(), pulled["paths"][0].as_str().unwrap());
    assert_eq!(host.post(path, &json!({ "id": 2 })).status, 200);
    let waiting = ask("GET", "/hooks/{id}/bundles", &format!("/hooks/{id}/bundles?wait=30s"), None);
    let cursor = json!({ "cursor": waiting["bundles"][0]["cursor"] });
    assert_eq!(ask("POST", "/hooks/{id}/bundles/ack", &format!("/hooks/{id}/bundles/ack"), Some(cursor))["acknowledged"], 1);

    let definition = json!({ "connection": { "id": "imported", "service": "teams", "uid": "11" } });
    let batch = json!({ "definitions": [definition] });
    assert_eq!(ask("POST", "/import/preview", "/import/preview", Some(batch.clone()))["added"], 1);
    assert_eq!(ask("POST", "/import", "/import", Some(batch))["added"], 1);
    assert!(ask("POST", "/compact", "/compact", None)["after"].as_u64() > Some(0));
    let backup = json!({ "directory": installation.path("backup") });
    assert_eq!(ask("POST", "/backup", "/backup", Some(backup))["encrypted"], false);
    ask("POST", "/tokens", "/tokens", Some(json!({ "name": "ci", "scope": "read" })));
    ask("GET", "/tokens", "/tokens", None);
    ask("DELETE", "/tokens/{id}", "/tokens/ci", None);
    ask("DELETE", "/hooks/{id}", &format!("/hooks/{id}"), None);
    ask("DELETE", "/connections/{id}", &format!("/connections/{connection}"), None);
    ask("GET", "/healthz", "/healthz", None);
    ask("GET", "/readyz", "/readyz", None);
    let served = ask("GET", "/openapi.json", "/openapi.json", None);
    assert_eq!(served, interface.description);
    follow(&mut interface, &host);
    interface.described("GET", "/hooks/{id}/bundles/stream", 200, "text/event-stream");
    export(&mut interface);
    interface.described("GET", "/metrics", 200, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_eq!(interface.asked, interface.all(), "every route is asked here");
    host.stop();
}

/// All definitions, line by line.
fn export(interface: &mut Interface<'_>) {
    let described = interface.described("GET", "/export", 200, "application/x-ndjson");
    let request = Request::new("GET", "/export?secrets=true");
    let reply = request.send_to_socket(&interface.installation.data().join("control.sock")).unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    // What is not an object is the length of a part.
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    let announced = |what: &str| usize::try_from(lines[0]["export"][what].as_u64().unwrap()).unwrap();
    assert!(lines.len() > 2 && lines.len() == 1 + announced("connections") + announced("hooks"), "{text}");
    for line in &lines {
        let mistakes = schema::mistakes(line, &described, &interface.description);
        assert!(mistakes.is_empty(), "{line}\n{}", mistakes.join("\n"));
    }
}

/// What comes as it happens, line by line or as server-sent events.
fn follow(interface: &mut Interface<'_>, host: &Host) {
    for (kind, before, accept) in [("application/x-ndjson", "", "*/*"), ("text/event-stream", "data: ", "text/event-stream")] {
        let described = interface.described("GET", "/events/tail", 200, kind);
        let mut stream = UnixStream::connect(interface.installation.data().join("control.sock")).unwrap();
        stream.set_read_timeout(Some(wait::DEADLINE)).unwrap();
        stream.write_all(&Request::new("GET", "/events/tail?service=teams").header("accept", accept).to_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(head.contains(&format!("content-type: {kind}")), "{head:?}");
        assert_eq!(host.post("/teams", &json!({ "team": 9 })).status, 200);
        let read = |line: String| serde_json::from_str(line.strip_prefix(before)?).ok().filter(Value::is_object);
        let line: Value = lines.find_map(read).unwrap();
        assert_eq!(line["event"]["unmatched"], json!(["9"]));
        let mistakes = schema::mistakes(&line, &described, &interface.description);
        assert!(mistakes.is_empty(), "{line}\n{}", mistakes.join("\n"));
    }
}

/// Where operators reach a host from afar.
pub(super) fn operators_address(host: &Host) -> SocketAddr {
    wait::until("the host says where operators reach it", || {
        let log = host.log();
        log.split_once("operators reach it at ")?.1.split(',').next()?.parse().ok()
    })
}

fn asked(address: SocketAddr, token: &str, request: &Request) -> Reply {
    request.clone().header("authorization", format!("Bearer {token}")).send(address).unwrap()
}

#[test]
fn from_afar_a_token_is_needed_and_good_for_its_scope_until_it_is_removed() {
    let installation = installation();
    let refused = installation.fails(&["serve", "--listen", "127.0.0.1:0", "--operators", "127.0.0.1:0"]);
    assert!(refused.contains("there is no token yet; `hookwright tokens add NAME` makes one"), "{refused}");
    let token = |arguments: &[&str]| installation.run(&[&["tokens", "add"], arguments].concat()).trim().to_owned();
    let (reader, full) = (token(&["reader", "--read-only"]), token(&["me"]));
    installation.spec("shop", r#"{ "output": "{{body}}" }"#);
    let host = installation.serve_with(&["--operators", "127.0.0.1:0"]);
    let address = operators_address(&host);
    let list = Request::new("GET", "/hooks");
    let add = Request::json("/hooks", json!({ "service": "shop", "to": "stdout:" }).to_string());

    let stranger = list.send(address).unwrap();
    assert_eq!((stranger.status, stranger.header("www-authenticate")), (401, Some("Bearer")));
    assert!(stranger.text().contains("hookwright tokens add"), "{}", stranger.text());
    for (target, status) in [("/nothing", 401), ("/openapi.json", 401), ("/tokens", 401), ("/healthz", 200), ("/readyz", 200)] {
        assert_eq!(Request::new("GET", target).send(address).unwrap().status, status, "{target}");
    }
    assert_eq!(asked(address, &reader[..reader.len() - 1], &list).status, 401);
    let endless = Request::new("POST", "/hooks").header("content-length", "1000000");
    assert_eq!(endless.send(address).unwrap().status, 401, "the body of a stranger is not waited for");
    assert_eq!([asked(address, &reader, &list).status, asked(address, &reader, &add).status], [200, 403]);
    assert_eq!([asked(address, &full, &list).status, asked(address, &full, &add).status], [200, 201]);
    assert_eq!(asked(address, &full, &Request::json("/tokens", r#"{"name": "more"}"#)).status, 403, "no token makes tokens");
    assert_eq!(asked(address, &full, &list.clone().header("origin", "https://evil.example")).status, 403);
    assert_eq!(asked(address, &full, &list.clone().header("host", "evil.example:8081")).status, 421);

    host.wait_for_log("an operator asked from afar token=me method=POST path=/hooks status=201");
    secrets_are_for_tokens_with_full_scope(&host, address, &reader, &full);
    let listed = installation.run(&["tokens", "list"]);
    assert!(listed.contains("reader") && !listed.contains(&reader) && !host.log().contains(&reader), "{listed}");
    installation.run(&["tokens", "remove", "reader"]);
    assert_eq!([asked(address, &reader, &list).status, asked(address, &full, &list).status], [401, 200]);

    let tail = Request::new("GET", "/events/tail").header("authorization", format!("Bearer {full}"));
    let mut stream = client::connect(address).unwrap();
    stream.write_all(&tail.to_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.is_empty()), "the head of the answer ends");
    host.stop();
    assert_eq!(lines.collect::<Vec<_>>(), ["0", ""], "what is followed ends in order with the host");
}

/// Whoever asks for secrets is in the log, whether they are shown or not.
fn secrets_are_for_tokens_with_full_scope(host: &Host, address: SocketAddr, reader: &str, full: &str) {
    let listed = asked(address, full, &Request::new("GET", "/hooks?show=urls"));
    let hooks: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(host.post(hooks[0]["paths"][0].as_str().unwrap(), &json!({})).status, 200);
    for target in ["/hooks?show=urls", "/hooks?show=parameters", "/connections?show=data", "/events/1?show=secrets"] {
        let show = Request::new("GET", target);
        let refused = asked(address, reader, &show);
        assert_eq!((refused.status, asked(address, full, &show).status), (403, 200), "{target}");
        assert!(refused.text().contains("ask without `show`"), "{}", refused.text());
        assert_eq!(asked(address, reader, &Request::new("GET", target.split_once('?').unwrap().0)).status, 200, "{target}");
    }
    host.wait_for_log("an operator asked from afar for secrets token=me method=GET path=/connections secrets=data status=200");
    host.wait_for_log("an operator asked from afar for secrets token=reader method=GET path=/connections secrets=data status=403");
}

#[test]
fn from_afar_bundles_go_to_files_only_where_the_operator_lets_them_and_never_to_the_hosts_own() {
    let installation = installation();
    installation.spec("shop", r#"{ "output": "{{body}}" }"#);
    let token = installation.run(&["tokens", "add", "me"]).trim().to_owned();
    let open = installation.path("open");
    std::fs::create_dir(&open).unwrap();
    let host = installation.serve_with(&["--operators", "127.0.0.1:0", "--file-destinations", open.to_str().unwrap()]);
    let address = operators_address(&host);
    let ask = |method: &str, target: &str, body: Value| {
        let request = Request::new(method, target).body(body.to_string());
        asked(address, &token, &request)
    };
    let to = |file: &str| format!("file:{}", installation.path(file).display());

    let added = ask("POST", "/hooks", json!({ "service": "shop", "to": to("open/out.jsonl") }));
    let added: Value = serde_json::from_slice(&added.body).unwrap();
    let (id, path) = (added["hook"]["id"].as_str().unwrap(), added["hook"]["paths"][0].as_str().unwrap());
    let definition = |file: &str| json!({ "hook": { "id": "h", "service": "shop", "token": "abcdefghijklmnop", "destination": to(file) } });
    for file in ["data/tokens.json?rotate=1", "services/shop/common.json", "open/../data/tokens.json", "elsewhere.jsonl"] {
        let asked = [
            ask("POST", "/hooks", json!({ "service": "shop", "to": to(file) })),
            ask("POST", "/connections", json!({ "service": "shop", "uid": "1", "to": to(file) })),
            ask("PATCH", &format!("/hooks/{id}"), json!({ "to": to(file) })),
            ask("POST", "/import", json!({ "definitions": [definition(file)] })),
        ];
        assert_eq!(asked.each_ref().map(|reply| reply.status), [403, 403, 403, 400], "{file}");
        assert!(asked[0].text().contains("--file-destinations"), "{}", asked[0].text());
    }
    for file in ["data/tokens.json", "services/shop/common.json"] {
        assert!(installation.fails(&["hooks", "add", "shop", "--to", &to(file)]).contains("choose a file elsewhere"), "{file}");
    }
    installation.run(&["hooks", "add", "shop", "--to", &to("elsewhere.jsonl")]);
    assert_eq!(host.post(path, &json!({ "id": 1 })).status, 200);
    let delivered = || std::fs::read_to_string(open.join("out.jsonl")).ok().filter(|lines| lines.ends_with('\n'));
    assert_eq!(wait::until("it is delivered", delivered), "{\"id\":1}\n");
    host.stop();
}

/// A command that goes on; killed when dropped.
struct Going(Child);

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn events_are_followed_live_until_the_server_stops() {
    let installation = installation();
    installation.spec("teams", r#"{ "uid": "{{body.team}}" }"#);
    let host = installation.serve();
    let mut command = installation.command(&["events", "tail", "--json", "--service", "teams"]);
    let mut tail = Going(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(tail.0.stderr.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().contains("following events"));
    let mut lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    for team in ["a", "b"] {
        assert_eq!(host.post("/teams", &json!({ "team": team })).status, 200);
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(line["event"]["unmatched"], json!([team]));
    }
    host.stop();
    assert!(lines.next().is_none(), "the answer ends with the server");
    assert!(wait::until("the command ends", || tail.0.try_wait().unwrap()).success());
    let error = installation.fails(&["events", "tail"]);
    assert!(error.contains("no server runs"), "{error}");
}
