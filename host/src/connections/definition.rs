//! What an operator defines: connections and hooks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::data::Data;
use super::secret::Secret;

/// One user's account with a service.
#[derive(Clone, PartialEq)]
pub struct Connection {
    /// Names it for ever.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// How the service names its user; several connections may have the same.
    pub uid: String,
    /// How the operator names it.
    pub name: Option<String>,
    /// What else is known about the account; secrets among it.
    pub data: Data,
}

/// One listener on a webhook.
#[derive(Clone, PartialEq)]
pub struct Hook {
    /// Names it for ever.
    pub id: String,
    /// The service's name.
    pub service: String,
    /// The webhook's name. `None`: every shared webhook of the service, or the only dedicated one.
    pub webhook: Option<String>,
    /// Whose account it listens for (shared webhooks).
    pub connection: Option<String>,
    /// The secret part of its URL (dedicated webhooks).
    pub token: Option<String>,
    /// What the spec sees as `parameters`; secrets among it.
    pub parameters: Map<String, Value>,
    /// Where its bundles go: `https://...`, `file:PATH`, `stdout:`. `None`: they stay in the journal until they are fetched.
    pub destination: Option<String>,
    /// How its bundles are delivered.
    pub manner: Manner,
    /// Since when every attempt has failed, in milliseconds since 1970; `None`: the last one worked, or nearly so.
    pub failing_since_ms: Option<u64>,
    /// Whether it listens.
    pub state: State,
}

impl Hook {
    /// Whether its bundles wait to be fetched.
    pub fn is_pulled(&self) -> bool {
        self.destination.is_none() && self.state != State::Removed
    }
}

/// How a hook's bundles are delivered. The default is that of a hook which says nothing about it.
#[derive(Clone, Default, PartialEq)]
pub struct Manner {
    /// What signs its deliveries, the current one first; none: they are not signed.
    pub secrets: Vec<Secret>,
    /// How long to wait before each attempt after the first; `None`: as the host does.
    pub retry: Option<Vec<Duration>>,
    /// One bundle at a time, in the order in which they came, a failing one holding back those behind it.
    pub ordered: bool,
}

/// Whether a hook listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does.
    Enabled,
    /// It does not, until it is enabled again.
    Disabled,
    /// It never will again; it is there only so that its URL says "gone" instead of "unknown".
    Removed,
}

/// One of both.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// A connection.
    Connection(Arc<Connection>),
    /// A hook.
    Hook(Arc<Hook>),
}

/// Without `data`: what is printed may end in a log, and secrets must not.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, service, uid, name, data: _ } = self;
        let mut fields = f.debug_struct("Connection");
        fields.field("id", id).field("service", service).field("uid", uid).field("name", name).finish_non_exhaustive()
    }
}

/// Without `token`, `parameters` and secrets, for the same reason.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, service, webhook, connection, destination: _, state, token: _, parameters: _, manner: _, failing_since_ms: _ } =
            self;
        let mut fields = f.debug_struct("Hook");
        fields.field("id", id).field("service", service).field("webhook", webhook).field("connection", connection);
        fields.field("state", state).finish_non_exhaustive()
    }
}
