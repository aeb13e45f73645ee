//! What can be asked about the services that are served.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Asked, Refused};
use super::operator::{KnownPlugin, KnownService, KnownWebhook, Operator};
use super::wire::{PluginView, ServiceView, WebhookView};
use crate::connections::State;

/// A webhook that is served.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServedWebhook {
    /// Its service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The path of a shared webhook; of a dedicated one each hook has its own.
    pub path: Option<String>,
    /// The same as a whole URL.
    pub url: Option<String>,
    /// How many enabled hooks listen to it.
    pub hooks: usize,
}

/// `GET /services`
pub(super) async fn list(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    Ok(Answer::ok(known(operator)?.into_iter().map(view).collect::<Vec<_>>()))
}

/// `GET /webhooks`
pub(super) async fn webhooks(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    let mut listening: HashMap<(String, Option<String>, bool), usize> = HashMap::new();
    for hook in operator.connections.hooks().iter().filter(|hook| hook.state == State::Enabled) {
        *listening.entry((hook.service.clone(), hook.webhook.clone(), hook.token.is_none())).or_default() += 1;
    }
    let hooks = |service: &str, webhook: &KnownWebhook| {
        let count = |name| listening.get(&(service.to_owned(), name, webhook.path.is_some())).copied().unwrap_or_default();
        count(Some(webhook.name.clone())) + count(None)
    };
    let base = operator.public_url.as_deref().map(|url| url.trim_end_matches('/'));
    let served = |service: &str, webhook: KnownWebhook| ServedWebhook {
        hooks: hooks(service, &webhook),
        service: service.to_owned(),
        url: webhook.path.as_deref().zip(base).map(|(path, base)| format!("{base}{path}")),
        name: webhook.name,
        path: webhook.path,
    };
    let services = known(operator)?.into_iter();
    let webhooks =
        services.flat_map(|service| service.webhooks.into_iter().map(|webhook| served(&service.name, webhook)).collect::<Vec<_>>());
    Ok(Answer::ok(webhooks.collect::<Vec<_>>()))
}

fn known(operator: &Operator) -> Result<Vec<KnownService>, Refused> {
    let services = operator.services.as_ref().ok_or_else(|| {
        Refused::unavailable("no server runs, and only a server has services loaded")
            .with_help("`hookwright check` reads service directories without one")
    })?;
    Ok(services())
}

fn view(service: KnownService) -> ServiceView {
    let webhooks = service.webhooks.into_iter().map(|webhook| WebhookView { name: webhook.name, path: webhook.path });
    let (webhooks, plugin) = (webhooks.collect(), service.plugin.map(plugin_view));
    ServiceView { name: service.name, state: service.state, webhooks, plugin, diagnostics: service.findings }
}

fn plugin_view(plugin: KnownPlugin) -> PluginView {
    let KnownPlugin { name, version, sha256, asks, out_of_service } = plugin;
    PluginView { name, version, sha256, asks, out_of_service }
}
