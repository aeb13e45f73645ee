//! Paths of the public listener to webhooks: `/<service>`, `/<service>/<webhook>`, `/h/<token>`.

use std::sync::Arc;

use hookwright_webhook::{Kind, Webhook};

use super::load::DEDICATED;
use super::{Service, Services};
use crate::connections::{Connections, Hook, State};

/// A webhook that a request is for, held in the version it begins with.
#[derive(Clone)]
pub struct Found {
    /// Its service.
    pub service: Arc<Service>,
    /// Which of the service's webhooks.
    index: usize,
    /// The hook, if the webhook is a dedicated one.
    pub hook: Option<Arc<Hook>>,
}

/// Why a path leads to no webhook.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing has this path or token.
    Unknown,
    /// The hook is disabled or removed.
    Gone,
    /// The service or the hook is there, but the service is not loaded (a spec that was broken from the start, a directory taken away).
    NotLoaded,
}

impl Found {
    /// The webhook.
    pub fn webhook(&self) -> &Webhook {
        &self.service.webhooks[self.index]
    }
}

impl Services {
    /// Finds who is to answer a path.
    pub fn route(&self, path: &str, connections: &Connections) -> Result<Found, Missing> {
        let path = path.strip_prefix('/').ok_or(Missing::Unknown)?;
        let (first, rest) = match path.split_once('/') {
            None | Some((_, "")) => (path.trim_end_matches('/'), None),
            Some((first, rest)) => (first, Some(rest)),
        };
        match rest {
            Some(token) if first == DEDICATED => self.dedicated(token, connections),
            name => self.shared(first, name),
        }
    }

    /// Finds who is to answer a stored request: the webhook of that name as it is now, and of a dedicated one the hook that
    /// the path's token belongs to.
    pub fn route_again(&self, service: &str, webhook: &str, path: &str, connections: &Connections) -> Result<Found, Missing> {
        let service = self.service(service).ok_or(Missing::NotLoaded)?;
        let index = service.position(Some(webhook)).ok_or(Missing::NotLoaded)?;
        match service.webhooks[index].kind() {
            Kind::Shared => Ok(Found { service, index, hook: None }),
            Kind::Dedicated => self.route(path, connections),
        }
    }

    fn shared(&self, service: &str, webhook: Option<&str>) -> Result<Found, Missing> {
        let service = self.service(service).ok_or_else(|| self.why_not(service))?;
        let index = service.position(webhook).ok_or(Missing::Unknown)?;
        match service.webhooks[index].kind() {
            Kind::Shared => Ok(Found { service, index, hook: None }),
            Kind::Dedicated => Err(Missing::Unknown),
        }
    }

    /// A sender takes 404 for the last word, so it is not said of what only has to be mended.
    fn why_not(&self, service: &str) -> Missing {
        let refused = self.looks().iter().any(|look| look.name == service && look.service.is_none());
        if refused { Missing::NotLoaded } else { Missing::Unknown }
    }

    fn dedicated(&self, token: &str, connections: &Connections) -> Result<Found, Missing> {
        let hook = connections.hook_by_token(token).ok_or(Missing::Unknown)?;
        if hook.state != State::Enabled {
            return Err(Missing::Gone);
        }
        let service = self.service(&hook.service).ok_or(Missing::NotLoaded)?;
        let index = service.position(hook.webhook.as_deref()).ok_or(Missing::NotLoaded)?;
        match service.webhooks[index].kind() {
            Kind::Dedicated => Ok(Found { service, index, hook: Some(hook) }),
            Kind::Shared => Err(Missing::Unknown),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::connections::Change;
    use crate::plugin::{self, Engine};
    use crate::services::{Examples, Loader, Scan, Secrets};

    const SPECS: [(&str, &str); 5] = [
        ("slack/webhook.json", r#"{"uid": "{{body.team}}"}"#),
        ("stripe/webhooks/account.json", r#"{"uid": "{{body.account}}"}"#),
        ("stripe/webhooks/direct.json", r#"{"output": "{{body}}"}"#),
        ("github/webhook.json", r#"{"output": "{{body}}"}"#),
        ("broken/webhook.json", r#"{"uid": "{{nonsense(1)}}"}"#),
    ];

    fn services() -> Arc<Services> {
        let root = tempfile::tempdir().unwrap();
        for (path, spec) in SPECS {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, spec).unwrap();
        }
        let engine = Arc::new(Engine::new(&plugin::Settings::default()).unwrap());
        let loader = Loader { engine, secrets: Secrets::default(), examples: Examples::Refused };
        let mut scan = Scan::new(vec![root.path().to_owned()], &loader);
        scan.refresh(Duration::MAX);
        scan.services()
    }

    async fn hooks() -> Arc<Connections> {
        let connections = Connections::in_memory();
        let hook = |token: &str, service: &str, webhook: Option<&str>, state| Hook {
            id: token.to_owned(),
            service: service.to_owned(),
            webhook: webhook.map(str::to_owned),
            connection: None,
            token: Some(token.to_owned()),
            parameters: serde_json::Map::new(),
            destination: None,
            manner: Default::default(),
            failing_since_ms: None,
            state,
        };
        for hook in [
            hook("only", "github", None, State::Enabled),
            hook("named", "stripe", Some("direct"), State::Enabled),
            hook("disabled", "github", None, State::Disabled),
            hook("removed", "github", None, State::Removed),
            hook("orphan", "gitlab", None, State::Enabled),
            hook("shared", "slack", None, State::Enabled),
        ] {
            connections.apply(Change::PutHook(hook)).await.unwrap();
        }
        connections
    }

    #[tokio::test]
    async fn each_path_leads_where_the_table_says() {
        let (services, connections) = (services(), hooks().await);
        let table = [
            ("/slack", Ok("slack/webhook")),
            ("/slack/", Ok("slack/webhook")),
            ("/slack/webhook", Ok("slack/webhook")),
            ("/stripe/account", Ok("stripe/account")),
            ("/h/only", Ok("github/webhook")),
            ("/h/named", Ok("stripe/direct")),
            ("/stripe", Err(Missing::Unknown)),
            ("/stripe/direct", Err(Missing::Unknown)),
            ("/github", Err(Missing::Unknown)),
            ("/slack/webhook/more", Err(Missing::Unknown)),
            ("/Slack", Err(Missing::Unknown)),
            ("/nothing", Err(Missing::Unknown)),
            ("/", Err(Missing::Unknown)),
            ("", Err(Missing::Unknown)),
            ("*", Err(Missing::Unknown)),
            ("/h", Err(Missing::Unknown)),
            ("/h/", Err(Missing::Unknown)),
            ("/h/unknown", Err(Missing::Unknown)),
            ("/h/only/more", Err(Missing::Unknown)),
            ("/h/shared", Err(Missing::Unknown)),
            ("/h/disabled", Err(Missing::Gone)),
            ("/h/removed", Err(Missing::Gone)),
            ("/h/orphan", Err(Missing::NotLoaded)),
            ("/broken", Err(Missing::NotLoaded)),
            ("/broken/webhook", Err(Missing::NotLoaded)),
        ];
        for (path, expected) in table {
            let found = services.route(path, &connections).map(|found| format!("{}/{}", found.service.name, found.webhook().name()));
            assert_eq!(found, expected.map(str::to_owned), "{path}");
        }
    }
}
