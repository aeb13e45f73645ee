//! A real plugin in the real engine: what crosses the border, and what misbehaviour becomes.

#![allow(missing_docs, clippy::unwrap_used)]

mod compile;
mod granted;
mod zoo;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hookwright::network::Network;
use hookwright::plugin::build::{BuildRequest, build};
use hookwright::plugin::{Caller, Compilation, Engine, Plugin, Session, Settings};
use hookwright_iml::{Date, Environment, Interrupt, Limits, Unbounded, Value, Zone};
use hookwright_webhook::{Confidential, Headers, Plugin as _, Request};

/// The probe, built once and loaded with limits that a busy machine does not run into.
static PROBE: LazyLock<Arc<Plugin>> = LazyLock::new(|| load(&Settings { deadline: Duration::from_secs(20), ..settings() }));

static WASM: LazyLock<Vec<u8>> = LazyLock::new(|| built("probe"));

/// The bytes of a plugin of the tests.
fn built(name: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plugins").join(name);
    let built =
        build(&BuildRequest { crate_directory, to: Some(directory.path().join("plugin.wasm")), quiet: true, compilation: compilation() })
            .unwrap();
    std::fs::read(built.path).unwrap()
}

/// In the real child process.
fn compilation() -> Compilation {
    Compilation::InChild { program: env!("CARGO_BIN_EXE_hookwright").into() }
}

fn settings() -> Settings {
    Settings { compilation: compilation(), ..Settings::default() }
}

fn load(settings: &Settings) -> Arc<Plugin> {
    Engine::new(settings).unwrap().load("probe", &WASM).unwrap()
}

fn environment() -> Environment {
    Environment { now: Date::from_milliseconds(1_700_000_000_123).unwrap(), zone: Zone::UTC, random: || 4, limits: Limits::default() }
}

fn session() -> Session {
    PROBE.try_admit().unwrap().begin(&environment())
}

fn call(function: &str, arguments: &[Value<'_>]) -> Result<String, String> {
    session().call(function, arguments, &Confidential::default()).map(|value| notation(&value)).map_err(|error| error.message)
}

fn notation(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    value.write_notation(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_plugin_says_what_it_offers() {
    let description = PROBE.description();
    assert_eq!(description.name, "hookwright-plugin-probe");
    let signatures: Vec<String> =
        description.functions.iter().map(|function| format!("{}: {}", function.signature(), function.returns)).collect();
    assert!(signatures.contains(&"sumUp(first; others…): number".to_owned()), "{signatures:?}");
    assert!(signatures.contains(&"lenient([first]; [second]): text".to_owned()), "{signatures:?}");
    assert!(signatures.contains(&"nextOrder(order): any".to_owned()), "{signatures:?}");
    assert_eq!(description.functions[0].summary, "Gives back what it gets.");
    assert_eq!(description.extractors[0].name, "account");
}

#[test]
fn every_kind_of_value_goes_in_and_comes_out() {
    let value = Value::collection(vec![
        ("text".into(), Value::text("grüße")),
        ("big".into(), Value::decimal_text("123456789012345678901234567890.10")),
        ("date".into(), Value::date(environment().now)),
        ("binary".into(), Value::binary(vec![0, 255])),
        ("list".into(), Value::array(vec![Value::Missing, Value::Null, Value::Bool(true), Value::number(0.1)])),
    ]);
    assert_eq!(call("same", std::slice::from_ref(&value)).unwrap(), notation(&value));
}

#[test]
fn a_payload_that_imitates_the_notation_stays_what_it_is() {
    let text = r#"{"$date":"2026-01-31T12:00:00Z","deep":[{"$buffer":"AAAA"},{"$missing":true},{"$number":"1.00"}],"n":1.00}"#;
    let document = hookwright_iml::json::Document::parse(text).unwrap();
    let same = session().call("same", &[Value::from_json(document.root())], &Confidential::default()).unwrap();
    assert_eq!(same.to_json(), text);
    let Value::Collection(members) = &same else { panic!("{same:?}") };
    assert_eq!(members.iter().count(), 3);
}

#[test]
fn typed_parameters_coerce_as_built_in_functions_do() {
    let arguments =
        [Value::integer(5), Value::text("7"), Value::text("1.5"), Value::Bool(true), Value::text("ab"), Value::date(environment().now)];
    assert_eq!(call("typed", &arguments).unwrap(), r#""5 7 1.5 true [97, 98] 1700000000123""#);
    let wrong = [Value::text("x"), Value::text("seven")];
    assert_eq!(call("typed", &wrong).unwrap_err(), "argument 2: an integer is wanted here, not text");
}

#[test]
fn arguments_may_be_left_out_or_many() {
    assert_eq!(call("lenient", &[Value::text("a")]).unwrap(), r#""Some(\"a\") None""#);
    assert_eq!(call("lenient", &[]).unwrap(), r#""None None""#);
    assert_eq!(call("sumUp", &[1, 2, 3].map(Value::integer)).unwrap(), "6");
    assert_eq!(call("clock", &[Value::Null]).unwrap_err(), "too many arguments: 0 are taken here");
}

#[test]
fn structs_are_read_and_written_through_serde() {
    let order = Value::collection(vec![
        ("id".into(), Value::integer(6)),
        ("tags".into(), Value::Missing),
        ("at".into(), Value::date(environment().now)),
    ]);
    assert_eq!(call("nextOrder", &[order]).unwrap(), r#"{"id":7,"tags":[],"at":{"$date":"2023-11-14T22:13:20.123Z"}}"#);
    let problem = call("nextOrder", &[Value::collection(vec![])]).unwrap_err();
    assert_eq!(problem, "argument 1: missing field `id`");
}

#[test]
fn a_function_fails_in_its_own_words() {
    assert_eq!(call("fails", &[Value::text("no such parcel")]).unwrap_err(), "no such parcel");
}

#[test]
fn a_plugin_sees_the_time_of_the_request_and_the_built_in_functions() {
    assert_eq!(call("clock", &[]).unwrap(), r#"{"$date":"2023-11-14T22:13:20.123Z"}"#);
    assert_eq!(call("builtIn", &[Value::text("length"), Value::text("grüße")]).unwrap(), "5");
    assert_eq!(call("builtIn", &[Value::text("nothing")]).unwrap_err(), "there is no built-in function nothing");
    assert!(call("builtIn", &[Value::text("length")]).is_err(), "too few arguments");
}

#[test]
fn an_extractor_sees_the_request_and_the_item() {
    let headers = Headers::new([("X-Account", b"from header".as_slice())]);
    let body = Value::collection(vec![("account".into(), Value::text("from body"))]);
    let request = Request {
        method: "POST",
        url: "https://example.com/probe?x=1",
        path: "/probe",
        query: Value::Missing,
        headers: &headers,
        raw_body: b"{...}",
        body,
        remote_address: "192.0.2.1",
    };
    let item = Value::collection(vec![("owner".into(), Value::text("from item"))]);
    let session = session();
    let whole = session.uids("account", &request, None, &Confidential::default()).unwrap();
    assert_eq!(whole, ["from header", "from body", "POST https://example.com/probe?x=1 5"]);
    assert_eq!(session.uids("account", &request, Some(&item), &Confidential::default()).unwrap()[0], "from item");
}

#[test]
fn an_instance_lives_for_one_request() {
    let session = session();
    let calls: Vec<String> = (0..3).map(|_| notation(&session.call("count", &[], &Confidential::default()).unwrap())).collect();
    assert_eq!(calls, ["0", "1", "2"]);
    assert_eq!(call("count", &[]).unwrap(), "0");
}

/// A request from that address to a shared webhook, which calls one function.
async fn ask_from(plugin: &Arc<Plugin>, address: &str, function: &str) -> Result<(), String> {
    let caller = Caller { network: Some(Network::of(address)), hook: None };
    let session = plugin.admit(caller).await.map_err(|unavailable| unavailable.to_string())?.begin(&environment());
    session.call(function, &[], &Confidential::default()).map(|_| ()).map_err(|error| error.message)
}

#[tokio::test]
async fn only_a_plugin_that_is_stopped_for_several_callers_and_serves_nobody_is_left_alone() {
    let settings = Settings { stops: 3, stops_window: Duration::ZERO, deadline: Duration::from_secs(20), ..settings() };
    let plugin = load(&settings);
    for _ in 0..10 {
        assert!(ask_from(&plugin, "192.0.2.1", "deep").await.is_err());
    }
    assert_eq!(ask_from(&plugin, "192.0.2.2", "count").await, Ok(()), "others are served, and that begins the count anew");
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.1"] {
        assert!(ask_from(&plugin, address, "deep").await.is_err());
    }
    let reason = ask_from(&plugin, "192.0.2.3", "count").await.unwrap_err();
    assert!(
        reason.starts_with("the plugin is out of service, and is tried again in 2 s: it was stopped in 3 requests in a row"),
        "{reason}"
    );
    assert!(plugin.out_of_service().is_some());
    assert_eq!(load(&settings).out_of_service(), None, "what is loaded anew begins anew");
}

#[test]
fn what_would_fill_the_plugins_memory_is_not_handed_to_it() {
    let plugin = load(&Settings { memory: 8 << 20, deadline: Duration::from_secs(20), ..settings() });
    let ask = |elements: usize| {
        let session = plugin.try_admit().unwrap().begin(&environment());
        let numbers = Value::array(vec![Value::integer(0); elements]);
        session
            .call("lenient", &[Value::text("a"), numbers], &Confidential::default())
            .map(|_| ())
            .map_err(|error| (error.interrupt, error.message))
    };
    let handed = "the plugin has no memory for what it is to be handed: raise --plugin-memory, or hand it less";
    assert_eq!(ask(100_000), Err((Some(Interrupt::Memory), handed.to_owned())));
    // The plugin has read all of it before it says that it wants a number.
    assert_eq!(ask(60_000), Err((None, "argument 2: an integer is wanted here, not an array".to_owned())), "what is let through fits");
}

#[test]
fn the_cache_is_private_and_survives_damage() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("plugins");
    let settings = Settings { cache: Some(cache.clone()), deadline: Duration::from_secs(20), ..settings() };
    load(&settings);
    assert_eq!(std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    let entry = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let mut code = std::fs::read(&entry).unwrap();
    assert!(
        load(&settings).try_admit().unwrap().begin(&environment()).call("count", &[], &Confidential::default()).is_ok(),
        "from the cache"
    );
    *code.last_mut().unwrap() ^= 1;
    std::fs::write(&entry, &code).unwrap();
    assert!(
        load(&settings).try_admit().unwrap().begin(&environment()).call("count", &[], &Confidential::default()).is_ok(),
        "compiled again"
    );
    assert_ne!(std::fs::read(&entry).unwrap(), code, "and kept again");
}

#[test]
fn a_plugin_that_was_just_begun_builds_and_gives_what_its_sample_says() {
    use hookwright_webhook::sample::{self, Surroundings};
    use hookwright_webhook::{LoadOptions, Source, Webhook};

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let directory = tempfile::tempdir().unwrap();
    let cards = directory.path().join("cards");
    hookwright::plugin::new::create(&cards, Some(&root.join("sdk"))).unwrap();
    // With the workspace's versions and artifacts: nothing is fetched, little is compiled.
    std::fs::copy(root.join("Cargo.lock"), cards.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    std::os::unix::fs::symlink(target, cards.join("target")).unwrap();

    let service = cards.join("services/cards");
    let built =
        build(&BuildRequest { crate_directory: cards, to: Some(service.clone()), quiet: true, compilation: compilation() }).unwrap();
    let settings = Settings { deadline: Duration::from_secs(20), ..settings() };
    let plugin = Engine::new(&settings).unwrap().load("cards", &std::fs::read(built.path).unwrap()).unwrap();
    let read = |path: &str| std::fs::read_to_string(service.join(path)).unwrap();
    let options = LoadOptions { name: "cards", plugin: Some(plugin.description()), shared: false };
    let (webhook, warnings) = Webhook::load(&Source::new("webhook.json", read("webhook.json")), options).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");

    let session = plugin.try_admit().unwrap().begin(&environment());
    let surroundings = Surroundings { environment: &environment(), common: None, hook: None, plugin: Some(&session), budget: &Unbounded };
    let request = sample::Request::parse(read("samples/accepted/request.http").as_bytes()).unwrap();
    let verdict = sample::run(&webhook, &request, surroundings).unwrap();
    let reply = sample::parse_reply(read("samples/accepted/reply.http").as_bytes()).unwrap();
    assert_eq!(sample::compare_reply(&reply, &verdict.reply), None);
    assert_eq!(sample::compare_items(&read("samples/accepted/bundles.json"), &verdict.items).unwrap(), None);
}
