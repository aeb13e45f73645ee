//! What the control interface works on, and what it knows about the live services.

use std::sync::Arc;

use super::archive::Archive;
use super::tokens::Tokens;
use super::wire::ServiceState;
use crate::Host;
use crate::connections::Connections;
use crate::deliver::{FileGuard, Guard};
use crate::services::Finding;

/// The hands of an operator on a host, running or not.
pub struct Operator {
    /// Connections and hooks.
    pub connections: Arc<Connections>,
    /// The events.
    pub archive: Archive,
    /// Who may ask from afar.
    pub tokens: Tokens,
    /// What senders see before the path, where that is known.
    pub public_url: Option<String>,
    /// Where deliveries may go, where a server runs.
    pub destinations: Option<Guard>,
    /// Which files they may be written to.
    pub files: FileGuard,
    /// The services that there are now, where a server runs.
    pub services: Option<Box<dyn Fn() -> Vec<KnownService> + Send + Sync>>,
    /// The whole host, where a server runs: what evaluates stored requests again.
    pub host: Option<Arc<Host>>,
}

/// A service whose directory is there.
#[derive(Debug, Clone, Default)]
pub struct KnownService {
    /// Its name.
    pub name: String,
    /// Its webhooks.
    pub webhooks: Vec<KnownWebhook>,
    /// Its plugin, where it has one.
    pub plugin: Option<KnownPlugin>,
    /// Whether it is served.
    pub state: ServiceState,
    /// What is wrong with its directory.
    pub findings: Vec<Finding>,
}

/// The plugin of a loaded service.
#[derive(Debug, Clone)]
pub struct KnownPlugin {
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

/// A webhook of a loaded service.
#[derive(Debug, Clone)]
pub struct KnownWebhook {
    /// Its name.
    pub name: String,
    /// The path of a shared webhook; a dedicated one has none of its own.
    pub path: Option<String>,
}

impl Operator {
    /// A service as it is loaded. `Err` has a sentence about a service that is not; `Ok(None)`: nothing is known.
    pub(super) fn service(&self, name: &str) -> Result<Option<KnownService>, String> {
        let Some(services) = &self.services else { return Ok(None) };
        let mut services = services();
        services.retain(|service| service.state != ServiceState::Refused);
        if let Some(found) = services.iter().position(|service| service.name == name) {
            return Ok(Some(services.swap_remove(found)));
        }
        let names = services.iter().map(|service| service.name.as_str());
        Err(format!("no service `{name}` is loaded yet{}", did_you_mean(name, names)))
    }
}

/// `; did you mean ...?`, if one of the candidates is near.
pub(super) fn did_you_mean<'c>(wrong: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    let distance = |candidate: &str| strsim::damerau_levenshtein(wrong, candidate);
    let nearest = candidates.map(|candidate| (distance(candidate), candidate)).min();
    match nearest {
        Some((distance, candidate)) if distance <= 1 + wrong.chars().count() / 4 => format!("; did you mean `{candidate}`?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        let names = || ["slack", "github"].into_iter();
        assert_eq!(did_you_mean("slakc", names()), "; did you mean `slack`?");
        assert_eq!(did_you_mean("stripe", names()), "");
    }
}
