//! What a plugin may ask the operator for, and what the operator has granted to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Something of the operator's that a plugin reaches only where it was granted. A plugin asks by importing the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// The service's `common` values.
    Secrets,
    /// The parameters of the hook that a call is for.
    ConnectionData,
}

impl Capability {
    /// All there are.
    pub const ALL: &'static [Self] = &[Self::Secrets, Self::ConnectionData];

    /// Its name in a grant, which is the interface's name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::ConnectionData => "connection-data",
        }
    }

    /// The one of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|capability| capability.name() == name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// `SERVICE=secrets,connection-data`: what the plugin of one service is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    service: String,
    capabilities: Vec<Capability>,
}

impl FromStr for Grant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (service, names) = text.split_once('=').ok_or("this is not SERVICE=NAME,NAME")?;
        let capabilities = names.split(',').map(|name| Capability::find(name).ok_or_else(|| unknown(name)));
        Ok(Self { service: service.to_owned(), capabilities: capabilities.collect::<Result<_, _>>()? })
    }
}

fn unknown(name: &str) -> String {
    format!("there is no `{name}` to grant: a plugin may ask for {}", list(Capability::ALL))
}

/// Names with commas between, as a grant has them.
pub(super) fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| capability.name()).collect::<Vec<_>>().join(",")
}

/// What the operator has granted: nothing, unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    everything: bool,
    of_services: BTreeMap<String, BTreeSet<Capability>>,
}

impl Grants {
    /// Whatever anyone asks for: for looking at a plugin and for its author's own tests, never for serving.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// What of `asked` the plugin of this service was not granted.
    pub(super) fn missing(&self, service: &str, asked: &[Capability]) -> Vec<Capability> {
        let granted = self.of_services.get(service);
        let has = |capability: &Capability| self.everything || granted.is_some_and(|granted| granted.contains(capability));
        asked.iter().copied().filter(|capability| !has(capability)).collect()
    }
}

/// Several grants for one service add up.
impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        let mut all = Self::default();
        for Grant { service, capabilities } in grants {
            all.of_services.entry(service).or_default().extend(capabilities);
        }
        all
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn grants(texts: &[&str]) -> Grants {
        texts.iter().map(|text| text.parse::<Grant>().unwrap()).collect()
    }

    #[test]
    fn nothing_is_granted_but_what_was_said() {
        let grants = grants(&["slack=secrets", "github=secrets,connection-data", "slack=connection-data"]);
        assert_eq!(grants.missing("slack", Capability::ALL), []);
        assert_eq!(grants.missing("github", Capability::ALL), []);
        assert_eq!(grants.missing("stripe", Capability::ALL), Capability::ALL);
        assert_eq!(Grants::default().missing("slack", &[Capability::Secrets]), [Capability::Secrets]);
    }

    #[test]
    fn a_grant_of_what_there_is_not_is_refused_with_what_there_is() {
        assert_eq!("slack".parse::<Grant>().unwrap_err(), "this is not SERVICE=NAME,NAME");
        let unknown = "slack=secret".parse::<Grant>().unwrap_err();
        assert_eq!(unknown, "there is no `secret` to grant: a plugin may ask for secrets,connection-data");
    }
}
