//! What a plugin sees of what it was granted, and nothing where it was not asked for.

use std::sync::{Arc, LazyLock};

use hookwright::plugin::{Engine, LoadError, Plugin, Settings};
use hookwright_iml::Value;
use hookwright_webhook::{Confidential, Exports as _, Headers, Plugin as _, Request};

use super::{built, environment, notation};

static WASM: LazyLock<Vec<u8>> = LazyLock::new(|| built("asking"));

fn load(grant: &str) -> Result<Arc<Plugin>, LoadError> {
    let grants = std::iter::once(grant.parse().unwrap()).collect();
    let settings = Settings { deadline: std::time::Duration::from_secs(20), grants, ..super::settings() };
    Engine::new(&settings).unwrap().load("asking", &WASM)
}

fn collection(name: &'static str, value: Value<'static>) -> Value<'static> {
    Value::collection(vec![(name.into(), value)])
}

fn confidential(hook: Value<'static>) -> Confidential<'static> {
    Confidential { common: collection("key", Value::decimal_text("1.00")), parameters: collection("name", hook) }
}

#[test]
fn secrets_and_the_data_of_whom_each_call_is_for_are_seen_where_granted() {
    let plugin = load("asking=secrets,connection-data").unwrap();
    let session = plugin.try_admit().unwrap().begin(&environment());
    let ask = |function: &str, name: &str, confidential: &Confidential<'_>| {
        notation(&session.call(function, &[Value::text(name.to_owned())], confidential).unwrap())
    };
    let (ada, bob) = (confidential(Value::text("Ada")), confidential(Value::binary(vec![0, 255])));
    assert_eq!(ask("secret", "key", &ada), "1.00", "every digit");
    assert_eq!(ask("datum", "name", &ada), r#""Ada""#);
    assert_eq!(ask("datum", "name", &bob), notation(&Value::binary(vec![0, 255])), "of another recipient in the same request");
    assert_eq!(ask("datum", "name", &Confidential::default()), notation(&Value::Missing), "and nothing of the one before");
    assert_eq!(ask("datum", "key", &ada), notation(&Value::Missing), "secrets are not data");
    assert!(plugin.description().sees_parameters());
}

#[test]
fn an_extractor_sees_secrets() {
    let plugin = load("asking=secrets,connection-data").unwrap();
    let session = plugin.try_admit().unwrap().begin(&environment());
    let headers = Headers::new([]);
    let request = Request {
        method: "POST",
        url: "https://example.com/asking",
        path: "/asking",
        query: Value::Missing,
        headers: &headers,
        raw_body: b"",
        body: Value::Null,
        remote_address: "192.0.2.1",
    };
    let confidential = Confidential { common: collection("owner", Value::text("T1")), parameters: Value::Missing };
    assert_eq!(session.uids("owner", &request, None, &confidential).unwrap(), ["T1"]);
}

#[test]
fn one_grant_of_two_is_not_enough() {
    let refused = load("asking=secrets").unwrap_err();
    assert_eq!(refused.help("asking").unwrap(), "if you trust this plugin with that, grant it with `--grant asking=connection-data`");
}
