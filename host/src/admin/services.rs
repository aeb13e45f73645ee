//! What can be asked about the services that are served.

use super::answer::{Answer, Asked, Refused};
use super::operator::{KnownPlugin, KnownService, Operator};
use super::wire::{PluginView, ServiceView, WebhookView};

/// `GET /services`
pub(super) async fn list(operator: &Operator, _: Asked<'_>) -> Result<Answer, Refused> {
    match &operator.services {
        Some(services) => Ok(Answer::ok(services().into_iter().map(view).collect::<Vec<_>>())),
        None => Err(Refused::unavailable("no server runs, and only a server has services loaded")
            .with_help("`hookwright check` reads service directories without one")),
    }
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
