//! The live set of services: read from directories, swapped whole, never locked by a request.

mod common;
mod files;
mod fingerprint;
pub mod first_party;
mod live;
mod load;
mod look;
mod makecomapp;
mod recognise;
mod report;
mod route;
mod scan;
mod secrets;
mod specs;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod watch;
mod workers;
mod zip_export;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hookwright_webhook::{Kind, Webhook};

use crate::plugin::Plugin;

/// The name of a service's only webhook, and of its file without `.json`.
pub const ONLY_WEBHOOK: &str = "webhook";

pub use common::Examples;
pub(crate) use files::{SAMPLE_BYTES, ServiceFiles};
pub use live::{Look, Services};
pub use load::Loader;
pub(crate) use recognise::is_service;
pub use report::{Finding, Report};
pub use route::{Found, Missing};
pub use scan::Scan;
pub use secrets::{Secrets, SecretsError};
pub(crate) use state::State;
pub(crate) use watch::changes_something;
pub use watch::{Pace, Watch};

/// One service as it was loaded: immutable, so that a request ends on the version it began with.
pub struct Service {
    /// Its directory's name.
    pub name: String,
    /// Where it was read from.
    pub directory: PathBuf,
    /// Its webhooks, ordered by name.
    pub webhooks: Vec<Webhook>,
    /// The values that its templates see as `common`.
    pub common: serde_json::Map<String, serde_json::Value>,
    /// Its plugin, where it has one.
    pub plugin: Option<Arc<Plugin>>,
}

impl Service {
    /// The webhook of that name, or without a name the only one there is.
    pub fn webhook(&self, name: Option<&str>) -> Option<&Webhook> {
        self.position(name).map(|index| &self.webhooks[index])
    }

    fn position(&self, name: Option<&str>) -> Option<usize> {
        match name {
            Some(name) => self.webhooks.iter().position(|webhook| webhook.name() == name),
            None if self.webhooks.len() == 1 => Some(0),
            None => None,
        }
    }

    /// The path of a webhook on the public listener; nothing for a dedicated one, whose hooks have a path each.
    pub fn path(&self, webhook: &Webhook) -> Option<String> {
        match webhook.kind() {
            Kind::Dedicated => None,
            Kind::Shared if self.webhooks.len() == 1 => Some(format!("/{}", self.name)),
            Kind::Shared => Some(format!("/{}/{}", self.name, webhook.name())),
        }
    }
}

/// All services at one moment, by name.
pub type Snapshot = BTreeMap<String, Arc<Service>>;
