//! What crosses the control interface, as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::manner::MannerView;
use crate::services::Finding;

/// What stands in place of a secret.
pub(super) const MASK: &str = "***";

/// `POST /connections`: a connection, and a hook on it for every shared webhook of its service.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// The service's name.
    pub service: String,
    /// How the service names its user.
    pub uid: String,
    /// How the operator names the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What else is known about the account.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// The hook's destination; none, or `pull:`: its bundles wait to be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How the hook's bundles are delivered.
    #[serde(default)]
    pub manner: MannerView,
}

/// `POST /hooks`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHook {
    /// The service's name.
    pub service: String,
    /// The webhook's name; none for the service's only one (dedicated) or all of them (shared).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The id of the connection that the hook listens on, for shared webhooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What the spec sees as `parameters`.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The destination; none, or `pull:`: its bundles wait to be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How its bundles are delivered.
    #[serde(default)]
    pub manner: MannerView,
}

/// A connection as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionView {
    /// Names it.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// How the service names its user.
    pub uid: String,
    /// How the operator names it.
    pub name: Option<String>,
    /// What else is known; the values are `***` unless they were asked for.
    pub data: Map<String, Value>,
}

/// A hook as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HookView {
    /// Names it.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// The webhook's name, if the hook listens to one only.
    pub webhook: Option<String>,
    /// The connection it listens on.
    pub connection: Option<String>,
    /// The values are `***` unless they were asked for.
    pub parameters: Map<String, Value>,
    /// Where its bundles go; none: they wait to be fetched. Passwords and queries in it are `***` unless they were asked for.
    pub destination: Option<String>,
    /// How they are delivered.
    pub manner: MannerView,
    /// Since when every attempt has failed, in milliseconds since 1970, where that is an hour or more.
    pub failing_since_ms: Option<u64>,
    /// `enabled` or `disabled`.
    pub state: String,
    /// Where the provider has to send to: under the public URL; a token in it is `***` unless it was asked for.
    pub paths: Vec<String>,
    /// The same as whole URLs, where the server knows its public one.
    pub urls: Vec<String>,
}

/// A service as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// Whether it is served, and in which version.
    pub state: ServiceState,
    /// Its webhooks, as they are served.
    pub webhooks: Vec<WebhookView>,
    /// Its plugin, where it has one.
    pub plugin: Option<PluginView>,
    /// What is wrong with its directory as it is now.
    pub diagnostics: Vec<Finding>,
}

/// Whether a service is served, and in which version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// As its directory has it.
    #[default]
    Served,
    /// In the last good version: what the directory has now was refused.
    Outdated,
    /// Not at all: there has been no good version since the start.
    Refused,
}

/// A webhook of a loaded service as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct WebhookView {
    /// Its name.
    pub name: String,
    /// The path of a shared webhook; a dedicated one has none of its own.
    pub path: Option<String>,
}

/// The plugin of a loaded service as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PluginView {
    /// What it calls itself.
    pub name: String,
    /// Its version, as its author numbers it.
    pub version: String,
    /// The digest of its file, in hexadecimal.
    pub sha256: String,
    /// What it was granted.
    pub asks: Vec<String>,
    /// Why it is not called any more, if it is not.
    pub out_of_service: Option<String>,
}

/// The answer to [`NewConnection`].
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct ConnectionAdded {
    /// The connection.
    pub connection: ConnectionView,
    /// The hook on it.
    pub hook: HookView,
    /// What signs its deliveries: shown now and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What looks wrong though it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The answer to [`NewHook`].
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct HookAdded {
    /// The hook, its URL unmasked.
    pub hook: HookView,
    /// What signs its deliveries: shown now and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What looks wrong though it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The answer to `POST /hooks/{id}/enable`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HookEnabled {
    /// The hook's id.
    pub enabled: String,
    /// How many dead letters it has, as far as that could be found out: they are not redriven by themselves.
    pub dead_letters: Option<u64>,
}

/// `POST /hooks/{id}/rotate-secret`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the earlier secrets sign, too.
    pub overlap_seconds: u64,
}

/// The answer to [`RotateSecret`].
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct SecretRotated {
    /// The hook's id.
    pub hook: String,
    /// The new secret: shown now and never again.
    pub secret: String,
}

/// The answer to whatever removes something.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// What was removed, by its id or its name.
    pub removed: String,
}

/// The answer to `POST /hooks/{id}/disable`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Disabled {
    /// The hook's id.
    pub disabled: String,
}

/// What of an answer is not to be masked.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Show {
    /// What to show that may be secret, with commas between: `data` of connections, `urls` and `parameters` of hooks,
    /// `secrets` of events. A token that may only read is refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    show: Option<String>,
}

/// The answer to whatever could not be done.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Problem {
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The members with their values masked.
pub(super) fn masked(members: &Map<String, Value>) -> Map<String, Value> {
    members.keys().map(|key| (key.clone(), MASK.into())).collect()
}
