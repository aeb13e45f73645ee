//! What crosses the control interface, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::manner::MannerView;

/// What stands in place of a secret.
pub(super) const MASK: &str = "***";

/// `POST /connections`: a connection, and a hook on it for every shared webhook of its service.
#[derive(Debug, Serialize, Deserialize)]
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
    /// The hook's destination.
    pub to: String,
    /// How the hook's bundles are delivered.
    #[serde(default)]
    pub manner: MannerView,
}

/// `POST /hooks`.
#[derive(Debug, Serialize, Deserialize)]
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
    /// The destination.
    pub to: String,
    /// How its bundles are delivered.
    #[serde(default)]
    pub manner: MannerView,
}

/// A connection as it is shown.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
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
    /// Where its bundles go; passwords and queries in it are `***` unless they were asked for.
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

/// A loaded service as it is shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// Its webhooks.
    pub webhooks: Vec<WebhookView>,
    /// Its plugin, where it has one.
    pub plugin: Option<PluginView>,
}

/// A webhook of a loaded service as it is shown.
#[derive(Debug, Serialize, Deserialize)]
pub struct WebhookView {
    /// Its name.
    pub name: String,
    /// The path of a shared webhook; a dedicated one has none of its own.
    pub path: Option<String>,
}

/// The plugin of a loaded service as it is shown.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Serialize, Deserialize)]
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
#[derive(Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub struct HookEnabled {
    /// The hook's id.
    pub enabled: String,
    /// How many dead letters it has, as far as that could be found out: they are not redriven by themselves.
    pub dead_letters: Option<u64>,
}

/// `POST /hooks/{id}/rotate-secret`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long the earlier secrets sign, too.
    pub overlap_seconds: u64,
}

/// The answer to [`RotateSecret`].
#[derive(Serialize, Deserialize)]
pub struct SecretRotated {
    /// The hook's id.
    pub hook: String,
    /// The new secret: shown now and never again.
    pub secret: String,
}

/// The answer to whatever could not be done.
#[derive(Debug, Serialize, Deserialize)]
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
