//! How definitions lie on disk: their key, their JSON, and the rows of the store around it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::data::Data;
use super::definition::{Connection, Definition, Hook, Manner, State};
use super::secret::Secret;

/// One definition put or removed, as journal and store keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) key: String,
    /// The JSON; `None`: removed.
    pub(super) json: Option<Vec<u8>>,
}

impl Write {
    /// Bytes of key and JSON.
    pub(super) fn size(&self) -> usize {
        self.key.len() + self.json.as_ref().map_or(0, Vec::len)
    }
}

/// A connection's JSON. Fields may be added if they can be absent.
#[derive(Serialize, Deserialize)]
struct ConnectionRecord {
    id: String,
    service: String,
    uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    data: Data,
}

/// A hook's JSON. Fields may be added if they can be absent.
#[derive(Serialize, Deserialize)]
struct HookRecord {
    id: String,
    service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<SecretRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_ms: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ordered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failing_since_ms: Option<u64>,
    state: StateRecord,
}

#[derive(Serialize, Deserialize)]
struct SecretRecord {
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateRecord {
    Enabled,
    Disabled,
    Removed,
}

/// What the keys of connections begin with.
pub(super) const CONNECTION: &str = "connection/";

pub(super) fn connection_key(id: &str) -> String {
    format!("{CONNECTION}{id}")
}

pub(super) fn hook_key(id: &str) -> String {
    format!("hook/{id}")
}

/// What writing a definition writes.
pub(super) fn put(definition: &Definition) -> Write {
    let (key, json) = match definition {
        Definition::Connection(connection) => (connection_key(&connection.id), serde_json::to_vec(&connection_record(connection))),
        Definition::Hook(hook) => (hook_key(&hook.id), serde_json::to_vec(&hook_record(hook))),
    };
    Write { key, json: Some(json.expect("text keys and JSON values always serialise")) }
}

/// Reads a definition back. `None`: the key is of a kind that this version does not know.
pub(super) fn read(key: &str, json: &[u8]) -> serde_json::Result<Option<Definition>> {
    match key.split_once('/') {
        Some(("connection", _)) => serde_json::from_slice(json).map(|record| Some(connection(record))),
        Some(("hook", _)) => serde_json::from_slice(json).map(|record| Some(hook(record))),
        _ => Ok(None),
    }
}

fn connection_record(connection: &Connection) -> ConnectionRecord {
    let Connection { id, service, uid, name, data } = connection.clone();
    ConnectionRecord { id, service, uid, name, data }
}

fn connection(record: ConnectionRecord) -> Definition {
    let ConnectionRecord { id, service, uid, name, data } = record;
    Definition::Connection(Arc::new(Connection { id, service, uid, name, data }))
}

fn hook_record(hook: &Hook) -> HookRecord {
    let Hook { id, service, webhook, connection, token, parameters, destination, manner, failing_since_ms, state } = hook.clone();
    let Manner { secrets, retry, ordered } = manner;
    let secrets = secrets.into_iter().map(|Secret { text, until_ms }| SecretRecord { secret: text, until_ms }).collect();
    let retry_ms = retry.map(|waits| waits.iter().map(|wait| wait.as_millis() as u64).collect());
    let state = match state {
        State::Enabled => StateRecord::Enabled,
        State::Disabled => StateRecord::Disabled,
        State::Removed => StateRecord::Removed,
    };
    HookRecord { id, service, webhook, connection, token, parameters, destination, secrets, retry_ms, ordered, failing_since_ms, state }
}

fn hook(record: HookRecord) -> Definition {
    let HookRecord {
        id,
        service,
        webhook,
        connection,
        token,
        parameters,
        destination,
        secrets,
        retry_ms,
        ordered,
        failing_since_ms,
        state,
    } = record;
    let secrets = secrets.into_iter().map(|SecretRecord { secret, until_ms }| Secret { text: secret, until_ms }).collect();
    let retry = retry_ms.map(|waits| waits.into_iter().map(Duration::from_millis).collect());
    let manner = Manner { secrets, retry, ordered };
    let state = match state {
        StateRecord::Enabled => State::Enabled,
        StateRecord::Disabled => State::Disabled,
        StateRecord::Removed => State::Removed,
    };
    Definition::Hook(Arc::new(Hook { id, service, webhook, connection, token, parameters, destination, manner, failing_since_ms, state }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read_hook(json: &str) -> Hook {
        match read("hook/h", json.as_bytes()).unwrap().unwrap() {
            Definition::Hook(hook) => Hook::clone(&hook),
            Definition::Connection(_) => unreachable!("the key is a hook's"),
        }
    }

    #[test]
    fn a_hook_from_before_there_was_a_manner_is_read_and_has_the_default() {
        let hook = read_hook(r#"{"id":"h","service":"s","token":"t","parameters":{},"destination":"stdout:","state":"enabled"}"#);
        assert!(hook.manner == Manner::default());
    }

    #[test]
    fn a_hook_is_read_as_it_was_written() {
        let mut hook = read_hook(r#"{"id":"h","service":"s","state":"disabled"}"#);
        hook.manner.secrets = vec![Secret::random(), Secret { until_ms: Some(7), ..Secret::random() }];
        hook.manner.retry = Some(vec![Duration::from_secs(5), Duration::from_hours(2)]);
        hook.manner.ordered = true;
        hook.failing_since_ms = Some(9);
        let written = put(&Definition::Hook(Arc::new(hook.clone()))).json.unwrap();
        assert!(read_hook(std::str::from_utf8(&written).unwrap()) == hook);
    }
}
