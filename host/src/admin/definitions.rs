//! Connections and hooks as JSON lines: the form in which they leave a host and come into one, kept stable.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::Refused;
use super::destination::Writable;
use super::hooks::check_name;
use super::manner::schedule;
use super::wire::{MASK, masked};
use crate::connections::{Connection, Definition, Hook, Manner, Secret, State};
use crate::deliver;

/// What the first line of an export says, for readers of later versions.
pub const FORMAT: &str = "hookwright-connections 1";

/// A line of an export. The first is the head; then come the connections, then the hooks.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportLine {
    /// What follows.
    Export(ExportHead),
    /// A connection.
    Connection(ConnectionDefinition),
    /// A hook.
    Hook(HookDefinition),
}

/// The first line of an export.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportHead {
    /// `hookwright-connections 1`.
    pub format: String,
    /// Whether everything is there; otherwise what may be secret is `***`, and it cannot be imported.
    pub secrets: bool,
    /// How many connections follow; may be left out by who writes an import by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    /// How many hooks follow; may be left out likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<u64>,
}

/// A connection or a hook, whole.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionLine {
    /// A connection.
    Connection(ConnectionDefinition),
    /// A hook.
    Hook(HookDefinition),
}

/// A connection, whole.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionDefinition {
    /// Names it for ever.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// How the service names its user.
    pub uid: String,
    /// How the operator names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What else is known about the account.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// A hook, whole.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookDefinition {
    /// Names it for ever.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// The webhook's name; none: every shared webhook of the service, or its only dedicated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The connection it listens on (shared webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The secret part of its URL (dedicated webhooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What the spec sees as `parameters`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Where its bundles go; none: they wait to be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// What signs its deliveries, the current one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretDefinition>,
    /// Milliseconds to wait before each attempt after the first; none: as the host does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<Vec<u64>>,
    /// One bundle at a time, in the order in which they came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ordered: bool,
    /// Since when every attempt has failed, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since_ms: Option<u64>,
    /// Whether it listens.
    #[serde(default)]
    pub state: HookState,
}

/// What signs deliveries.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretDefinition {
    /// `whsec_` and the key in base64.
    pub secret: String,
    /// When it signs no more, in milliseconds since 1970; none: it is the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Whether a hook listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HookState {
    /// It does.
    #[default]
    Enabled,
    /// It does not, until it is enabled again.
    Disabled,
    /// It never will again; its URL says that it is gone.
    Removed,
}

impl ConnectionDefinition {
    /// A connection as it is exported.
    pub(super) fn of(connection: &Connection, with_secrets: bool) -> Self {
        let Connection { id, service, uid, name, data } = connection.clone();
        let data = data.members();
        Self { id, service, uid, name, data: if with_secrets { data } else { masked(&data) } }
    }
}

impl HookDefinition {
    /// A hook as it is exported.
    pub(super) fn of(hook: &Hook, with_secrets: bool) -> Self {
        let Hook { id, service, webhook, connection, token, parameters, destination, manner, failing_since_ms, state } = hook.clone();
        let whole = Self {
            id,
            service,
            webhook,
            connection,
            token,
            parameters,
            destination,
            secrets: manner.secrets.into_iter().map(|Secret { text, until_ms }| SecretDefinition { secret: text, until_ms }).collect(),
            retry_ms: manner.retry.map(|waits| waits.iter().map(|wait| wait.as_millis() as u64).collect()),
            ordered: manner.ordered,
            failing_since_ms,
            state: state.into(),
        };
        if with_secrets { whole } else { whole.masked() }
    }

    fn masked(self) -> Self {
        Self {
            token: self.token.map(|_| MASK.to_owned()),
            parameters: masked(&self.parameters),
            destination: self.destination.as_deref().map(deliver::mask),
            secrets: Vec::new(),
            ..self
        }
    }
}

impl DefinitionLine {
    /// What it defines, if a host takes it, with destinations that are writable.
    pub(super) fn definition(self, writable: &Writable) -> Result<Definition, Refused> {
        match self {
            Self::Connection(ConnectionDefinition { id, service, uid, name, data }) => {
                check_name("service", &service)?;
                Ok(Definition::Connection(Arc::new(Connection { id, service, uid, name, data: data.into() })))
            }
            Self::Hook(hook) => Ok(Definition::Hook(Arc::new(hook.hook(writable)?))),
        }
    }
}

impl HookDefinition {
    fn hook(self, writable: &Writable) -> Result<Hook, Refused> {
        let Self { id, service, webhook, connection, token, parameters, .. } = self;
        check_name("service", &service)?;
        webhook.as_deref().map_or(Ok(()), |webhook| check_name("webhook", webhook))?;
        token.as_deref().map_or(Ok(()), check_token)?;
        let manner = Manner {
            secrets: self.secrets.into_iter().map(secret).collect::<Result<_, _>>()?,
            retry: self.retry_ms.map(schedule).transpose()?,
            ordered: self.ordered,
        };
        let destination = self.destination.map(|text| writable.read(&text)).transpose()?.map(|destination| destination.to_string());
        let (failing_since_ms, state) = (self.failing_since_ms, self.state.into());
        Ok(Hook { id, service, webhook, connection, token, parameters, destination, manner, failing_since_ms, state })
    }
}

fn secret(SecretDefinition { secret, until_ms }: SecretDefinition) -> Result<Secret, Refused> {
    let secret = Secret { text: secret, until_ms };
    match secret.key() {
        Some(_) => Ok(secret),
        None => Err(Refused::bad("a secret of a hook is `whsec_` and a key in base64")),
    }
}

/// A token is the whole of what keeps others from a hook's URL, so that a short one is refused.
fn check_token(token: &str) -> Result<(), Refused> {
    const LEAST: usize = 16;
    match token.len() >= LEAST && token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err(Refused::bad(format!("a token is at least {LEAST} letters and digits, made at random"))),
    }
}

impl From<State> for HookState {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::Disabled => Self::Disabled,
            State::Removed => Self::Removed,
        }
    }
}

impl From<HookState> for State {
    fn from(state: HookState) -> Self {
        match state {
            HookState::Enabled => Self::Enabled,
            HookState::Disabled => Self::Disabled,
            HookState::Removed => Self::Removed,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::admin::route::Caller;
    use crate::admin::tokens::Scope;
    use crate::deliver::FileGuard;

    fn read(line: Value) -> Result<Definition, String> {
        read_for(Caller::Local, line)
    }

    fn read_for(caller: Caller, line: Value) -> Result<Definition, String> {
        let line: DefinitionLine = serde_json::from_value(line).map_err(|error| error.to_string())?;
        let writable = Writable { files: FileGuard::new(Path::new("/tmp"), &[], Vec::new()), caller };
        line.definition(&writable).map_err(|refused| refused.to_string())
    }

    fn hook() -> Value {
        json!({"hook": {
            "id": "h", "service": "shop", "token": "abcdefghijklmnop0123", "parameters": {"key": "k"}, "destination": "https://u:p@x.test/?a=b",
            "secrets": [{"secret": "whsec_AAAA"}, {"secret": "whsec_BBBB", "until_ms": 7}], "retry_ms": [5000], "ordered": true,
            "failing_since_ms": 9, "state": "disabled"
        }})
    }

    #[test]
    fn a_definition_comes_back_as_it_was_exported() {
        let Definition::Hook(read) = read(hook()).unwrap() else { unreachable!("it is a hook") };
        assert_eq!(serde_json::to_value(DefinitionLine::Hook(HookDefinition::of(&read, true))).unwrap(), hook());
    }

    #[test]
    fn without_secrets_nothing_is_shown_that_lets_anybody_in() {
        let Definition::Hook(read) = read(hook()).unwrap() else { unreachable!("it is a hook") };
        let shown = serde_json::to_string(&HookDefinition::of(&read, false)).unwrap();
        for secret in ["abcdefghijklmnop0123", "\"k\"", "u:p@", "a=b", "whsec_"] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
    }

    #[test]
    fn from_afar_no_file_is_imported_as_a_destination_unless_it_is_let_through() {
        let mut line = hook();
        line["hook"]["destination"] = json!("file:/elsewhere/out.jsonl");
        assert!(read(line.clone()).is_ok());
        assert!(read_for(Caller::Token(Scope::Full), line).unwrap_err().contains("from afar"));
        assert!(read_for(Caller::Token(Scope::Full), hook()).is_ok());
    }

    #[test]
    fn what_a_host_would_not_take_is_refused_with_a_reason() {
        let with = |name: &str, value: Value| {
            let mut line = hook();
            line["hook"][name] = value;
            read(line).unwrap_err()
        };
        assert!(with("token", json!("short")).contains("at least 16"));
        assert!(with("destination", json!("ftp://x")).contains("is no destination"));
        assert!(with("destination", json!("file:out.jsonl")).contains("is relative"));
        assert!(with("destination", json!("file:/tmp/out.jsonl")).contains("data directory"));
        assert!(with("secrets", json!([{"secret": "x"}])).contains("whsec_"));
        assert!(with("service", json!("Shop")).contains("is no name of a service"));
        assert!(with("retry_ms", json!(vec![1; 101])).contains("at most 100 retries"));
        assert!(with("stat", json!("enabled")).contains("unknown field `stat`"));
    }
}
