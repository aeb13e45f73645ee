//! Files that are no plugins, and plugins that nobody should have written, as WebAssembly text.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use hookwright_iml::{Date, Environment, Limits, Zone};
use hookwright_webhook::{Confidential, Plugin as _};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{Caller, Capability, Engine, LoadError, Plugin, Settings};

const CONTRACT: &str = include_str!("../../../sdk/wit/plugin.wit");

fn engine() -> Engine {
    let settings = Settings { deadline: Duration::from_millis(50), instances: 4, ..Settings::default() };
    Engine::new(&settings).unwrap()
}

fn load(bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
    engine().load("service", bytes)
}

fn refusal(bytes: &[u8]) -> String {
    load(bytes).unwrap_err().to_string()
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// A module with the contract in the version given, as `wit-bindgen` would leave it.
fn module(version: &str, wat: &str) -> Vec<u8> {
    let contract = CONTRACT.replace("@1.0.0", &format!("@{version}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", &contract).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let mut module = wat::parse_str(wat.replace("@VERSION", &format!("@{version}"))).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}

/// What every module below has: memory, an allocator that always gives the same place, and an
/// empty description (zeroes) at 1024.
fn guest(describe: &str, call: &str, more: &str) -> String {
    format!(
        r#"(module
            (memory (export "memory") 2)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "hookwright:plugin/guest@VERSION#describe") (result i32) {describe})
            (func (export "hookwright:plugin/guest@VERSION#call") (param i32 i32 i32 i32) (result i32) {call})
            (func (export "hookwright:plugin/guest@VERSION#uid") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
            {more})"#
    )
}

const EMPTY: &str = "(i32.const 1024)";

fn environment() -> Environment {
    Environment { now: Date::from_milliseconds(0).unwrap(), zone: Zone::UTC, random: || 0, limits: Limits::default() }
}

fn call(body: &str) -> String {
    let plugin = load(&module("1.0.0", &guest(EMPTY, body, ""))).unwrap();
    plugin.try_admit().unwrap().begin(&environment()).call("anything", &[], &Confidential::default()).unwrap_err().message
}

#[test]
fn what_is_not_webassembly_is_said_to_be_none() {
    let message = "this is not WebAssembly: a plugin is a component, or a module made with hookwright-sdk";
    assert_eq!(refusal(b""), message);
    assert_eq!(refusal(b"#!/bin/sh\n"), message);
    assert_eq!(refusal(b"(module)"), message, "text is not taken either");
}

#[test]
fn a_damaged_file_is_refused() {
    let mut whole = super::component_from_module(&module("1.0.0", &guest(EMPTY, "unreachable", ""))).unwrap();
    whole.truncate(whole.len() / 2);
    assert!(refusal(&whole).starts_with("the plugin cannot be compiled: "));
}

#[test]
fn webassembly_that_is_no_plugin_is_refused() {
    assert!(refusal(&component("(component)")).ends_with("not a plugin: it does not export hookwright:plugin/guest"));
    assert!(refusal(&component("(module)")).starts_with("this is WebAssembly, but not a plugin: "));
    let asking = r#"(module (import "env" "exec" (func)))"#;
    assert!(refusal(&component(asking)).starts_with("this is WebAssembly, but not a plugin: "));
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    let asking = refusal(&component(r#"(component (import "evil:host/exec@1.0.0" (instance)))"#));
    assert!(asking.starts_with("the plugin imports evil:host/exec@1.0.0, which plugins are not given"), "{asking}");
    let wasi = refusal(&component(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#));
    assert!(wasi.contains("there is no WASI here; build for wasm32-unknown-unknown"), "{wasi}");
    let later = refusal(&component(r#"(component (import "hookwright:plugin/network@1.1.0" (instance)))"#));
    assert!(later.starts_with("the plugin imports hookwright:plugin/network@1.1.0"), "{later}");
}

/// A plugin that imports `secrets` and does nothing.
fn asking() -> Vec<u8> {
    let import = r#"(import "hookwright:plugin/secrets@VERSION" "get" (func $get (param i32 i32 i32)))"#;
    module("1.0.0", &guest(EMPTY, "unreachable", "").replacen("(module", &format!("(module {import}"), 1))
}

fn engine_granting(grant: &str) -> Engine {
    let grants = std::iter::once(grant.parse().unwrap()).collect();
    Engine::new(&Settings { instances: 1, grants, ..Settings::default() }).unwrap()
}

#[test]
fn a_plugin_that_asks_without_a_grant_is_refused_and_the_message_says_how_to_grant() {
    for engine in [engine(), engine_granting("other=secrets"), engine_granting("slack=connection-data")] {
        let refused = engine.load("slack", &asking()).unwrap_err();
        assert_eq!(refused, LoadError::NotGranted(vec![Capability::Secrets]));
        assert_eq!(refused.to_string(), "the plugin asks for secrets, which it was not granted");
        assert_eq!(refused.help("slack").unwrap(), "if you trust this plugin with that, grant it with `--grant slack=secrets`");
    }
}

#[test]
fn a_plugin_that_asks_with_a_grant_is_loaded_and_says_what_it_imports() {
    let plugin = engine_granting("slack=secrets,connection-data").load("slack", &asking()).unwrap();
    assert_eq!(plugin.asks(), [Capability::Secrets], "what it does not ask for it does not get");
    assert!(plugin.imports().contains(&"hookwright:plugin/secrets@1.0.0".to_owned()), "{:?}", plugin.imports());
}

#[test]
fn another_major_version_is_refused_with_both_named() {
    let expected = "the plugin was built for hookwright:plugin 2.1.0; this host speaks 1.0.0: rebuild it with a matching hookwright-sdk";
    assert_eq!(refusal(&module("2.1.0", &guest(EMPTY, "unreachable", ""))), expected);
    let import = component(r#"(component (import "hookwright:plugin/log@2.1.0" (instance)))"#);
    assert_eq!(refusal(&import), expected);
}

#[test]
fn a_later_minor_version_runs_if_it_uses_nothing_new() {
    assert!(load(&module("1.7.0", &guest(EMPTY, "unreachable", ""))).is_ok());
}

#[test]
fn a_file_beyond_the_limit_is_not_even_looked_at() {
    let engine = Engine::new(&Settings { file_size: 9, instances: 1, ..Settings::default() }).unwrap();
    let error = engine.load("service", b"0123456789").unwrap_err();
    assert_eq!(error, LoadError::TooLarge { size: 10, limit: 9 });
}

#[test]
fn more_memory_at_the_start_than_there_may_be_is_refused() {
    let greedy = guest(EMPTY, "unreachable", "").replace("\"memory\") 2)", "\"memory\") 2000)");
    assert!(load(&module("1.0.0", &greedy)).is_err());
}

#[test]
fn a_plugin_that_cannot_describe_itself_is_refused() {
    let stopped = "the plugin's description of itself is wrong: the plugin was stopped: it may take 1000 ms";
    assert_eq!(refusal(&module("1.0.0", &guest("(loop (br 0)) unreachable", "unreachable", ""))), stopped);
    let traps = refusal(&module("1.0.0", &guest("unreachable", "unreachable", "")));
    assert!(traps.contains("the plugin crashed: "), "{traps}");
}

#[test]
fn a_start_function_runs_under_the_same_limits() {
    let looping = guest(EMPTY, "unreachable", "(func $start (loop (br 0))) (start $start)");
    assert!(refusal(&module("1.0.0", &looping)).contains("was stopped: it may take 1000 ms"));
}

/// A description at 2048 with one function of that name, which crashes, and nothing else.
pub(crate) fn describing(name: &str) -> Vec<u8> {
    let functions = data(2048, &words(&[0, 0, 0, 0, 3000, 1, 0, 0]));
    let function = data(3000, &words(&[3500, u32::try_from(name.len()).unwrap(), 0, 0, 0, 0, 0, 0, 0]));
    let all = [functions, function, data(3500, name.as_bytes())].concat();
    module("1.0.0", &guest("(i32.const 2048)", "unreachable", &all))
}

#[test]
fn functions_with_names_that_cannot_be_are_refused() {
    assert_eq!(load(&describing("luhn")).unwrap().description().functions[0].name, "luhn");
    let wrong = |name: &str| refusal(&describing(name));
    assert!(wrong("length").ends_with("the function `length` has the name of a built-in function"));
    assert!(wrong("is-fine").ends_with("the function `is-fine` is not a name that an expression can call"));
    assert!(wrong("").ends_with("the function `` is not a name that an expression can call"));
}

#[test]
fn a_description_without_end_is_refused() {
    // 40,000 functions, all at the same place.
    let many = data(2048, &words(&[0, 0, 0, 0, 3000, 40_000, 0, 0]));
    assert!(load(&module("1.0.0", &guest("(i32.const 2048)", "unreachable", &many))).is_err());
    let long = [data(2048, &words(&[3000, 101, 0, 0, 0, 0, 0, 0])), data(3000, &[b'a'; 101])].concat();
    let refused = refusal(&module("1.0.0", &guest("(i32.const 2048)", "unreachable", &long)));
    assert!(refused.ends_with("a name or version has more than 100 bytes, or control characters in it"), "{refused}");
    let forging = [data(2048, &words(&[3000, 3, 0, 0, 0, 0, 0, 0])), data(3000, b"a\nb")].concat();
    assert_eq!(refusal(&module("1.0.0", &guest("(i32.const 2048)", "unreachable", &forging))), refused);
}

#[test]
fn a_component_with_very_many_names_is_refused() {
    let exports: String = (0..200).map(|number| format!(r#"(export "f{number}" (instance $nothing))"#)).collect();
    let refused = refusal(&component(&format!("(component (instance $nothing) {exports})")));
    assert!(refused.ends_with("it imports and exports 200 names; at most 100 are taken"), "{refused}");
}

#[test]
fn what_goes_wrong_in_a_call_becomes_a_sentence() {
    assert_eq!(call("unreachable"), "the plugin crashed: wasm trap: wasm `unreachable` instruction executed");
    assert!(call("(i32.load (i32.const -4))").starts_with("the plugin crashed: "), "a wild pointer");
    assert!(call("(i32.const 131070)").starts_with("the plugin crashed: "), "a result beyond the memory");
    assert_eq!(call("(loop (br 0)) unreachable"), "the plugin was stopped: it may take 50 ms");
    // `ok`, of no bytes: not a value.
    assert_eq!(call("(i32.const 1024)"), "the plugin gave bytes that are not a value");
}

/// Bytes of the address space from `at` on.
fn data(at: u32, bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(r#"(data (i32.const {at}) "{bytes}")"#)
}

/// Numbers as they lie in memory.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn text_that_is_not_utf_8_is_refused_wherever_it_comes_from() {
    // A value: a MessagePack string of one byte.
    let value = [data(2048, &words(&[0, 3000, 2])), data(3000, &[0xa1, 0xff])].concat();
    let plugin = load(&module("1.0.0", &guest(EMPTY, "(i32.const 2048)", &value))).unwrap();
    let session = plugin.try_admit().unwrap().begin(&environment());
    assert_eq!(session.call("any", &[], &Confidential::default()).unwrap_err().message, "the plugin gave bytes that are not a value");
    // A message: the failure `failed` with a text of one byte.
    let message = [data(2048, &words(&[1, 1, 3000, 1])), data(3000, &[0xff])].concat();
    let plugin = load(&module("1.0.0", &guest(EMPTY, "(i32.const 2048)", &message))).unwrap();
    let session = plugin.try_admit().unwrap().begin(&environment());
    let problem = session.call("any", &[], &Confidential::default()).unwrap_err().message;
    assert!(problem.starts_with("the plugin crashed: ") && problem.contains("utf-8"), "{problem}");
    // Its own name.
    let named = [data(2048, &words(&[3000, 1, 0, 0, 0, 0, 0, 0])), data(3000, &[0xff])].concat();
    let refused = refusal(&module("1.0.0", &guest("(i32.const 2048)", "unreachable", &named)));
    assert!(refused.contains("utf-8"), "{refused}");
}

#[test]
fn a_host_import_cannot_be_called_from_within_the_host() {
    // The host asks for memory to put an argument into, and the allocator calls the host.
    let import = r#"(import "hookwright:plugin/log@VERSION" "write" (func $write (param i32 i32 i32)))"#;
    let recursing = guest(EMPTY, "unreachable", "").replacen("(module", &format!("(module {import}"), 1).replace(
        "(result i32) (i32.const 4096))",
        "(result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 0)) (i32.const 4096))",
    );
    let plugin = load(&module("1.0.0", &recursing)).unwrap();
    let session = plugin.try_admit().unwrap().begin(&environment());
    let problem = session.call("any", &[], &Confidential::default()).unwrap_err().message;
    assert!(problem.starts_with("the plugin crashed: ") && problem.contains("leave component instance"), "{problem}");
}

/// A plugin that has one place, and what loads another.
fn with_one_place(patience: Duration) -> (Engine, Arc<Plugin>) {
    let engine = Engine::new(&Settings { instances: 1, patience, ..Settings::default() }).unwrap();
    let plugin = engine.load("service", &module("1.0.0", &guest(EMPTY, EMPTY, ""))).unwrap();
    (engine, plugin)
}

#[tokio::test]
async fn a_request_waits_for_its_place_without_keeping_the_thread() {
    let (_engine, plugin) = with_one_place(Duration::from_secs(600));
    let first = plugin.admit(Caller::default()).await.unwrap();
    let (second, ()) = tokio::join!(plugin.admit(Caller::default()), async { drop(first) });
    assert!(second.is_ok());
}

#[tokio::test]
async fn a_request_gives_up_when_no_place_becomes_free() {
    let (_engine, plugin) = with_one_place(Duration::from_millis(1));
    let session = plugin.admit(Caller::default()).await.unwrap().begin(&environment());
    assert_eq!(plugin.admit(Caller::default()).await.unwrap_err().to_string(), "no instance of a plugin became free in time");
    drop(session);
    assert!(plugin.admit(Caller::default()).await.is_ok());
}

#[test]
fn a_plugin_can_be_loaded_while_all_places_are_taken() {
    let (engine, plugin) = with_one_place(Duration::ZERO);
    let session = plugin.try_admit().unwrap().begin(&environment());
    assert!(session.call("anything", &[], &Confidential::default()).is_err(), "its instance lives on");
    assert!(engine.load("service", &describing("luhn")).is_ok());
}
