//! What the control interface works on, and what it knows about the live services.

use std::sync::Arc;

use super::answer::Refused;
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
    /// An error for a service whose secrets everybody knows: a hook on it would let anybody in.
    pub(super) fn refuse_example_secrets(&self, name: &str) -> Result<(), Refused> {
        let services = self.services.as_ref().map(|services| services()).unwrap_or_default();
        let mut findings = services.iter().filter(|service| service.name == name).flat_map(|service| &service.findings);
        match findings.find(|finding| finding.is_example_secrets()) {
            Some(Finding { file, message, help, .. }) => {
                let help = help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
                Err(Refused::bad(format!("no hook can be added to `{name}`: {file}: {message}{help}")))
            }
            None => Ok(()),
        }
    }

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

/// Bytes of a name that a near one is looked for, and of those it is looked for among.
const LONGEST_CANDIDATE: usize = 64;
/// The names among which a near one is looked for.
pub(super) const MOST_CANDIDATES: usize = 1000;

/// `; did you mean ...?`, if one of the candidates is near. Nothing where looking would take long: it takes as many steps as the
/// lengths of both names multiplied, for each candidate.
pub(super) fn did_you_mean<'c>(wrong: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    let candidates: Vec<_> = candidates.take(MOST_CANDIDATES + 1).collect();
    if wrong.len() > LONGEST_CANDIDATE || candidates.len() > MOST_CANDIDATES {
        return String::new();
    }
    let distance = |candidate: &str| strsim::damerau_levenshtein(wrong, candidate);
    let candidates = candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST_CANDIDATE);
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

    #[test]
    fn nothing_is_offered_where_looking_would_take_long() {
        let (wrong, near) = ("a".repeat(64), "a".repeat(63));
        assert!(!did_you_mean(&wrong, [near.as_str()].into_iter()).is_empty());
        assert_eq!(did_you_mean(&format!("{wrong}a"), [wrong.as_str()].into_iter()), "");
        assert_eq!(did_you_mean(&wrong, [format!("{wrong}a").as_str()].into_iter()), "");
        let among = |count| did_you_mean("slakc", std::iter::repeat_n("slack", count));
        assert_eq!([among(MOST_CANDIDATES).is_empty(), among(MOST_CANDIDATES + 1).is_empty()], [false, true]);
    }
}
