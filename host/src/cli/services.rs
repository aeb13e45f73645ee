//! `hookwright services`: what a running server has loaded, and how its plugins are.

use std::process::ExitCode;

use clap::Args;
use http::Method;

use super::control::{HostArguments, print_json, print_table};
use super::printable::printable;
use crate::admin::{PluginView, ServiceState, ServiceView};

/// List the services of a running server: whether they are served, what is wrong with them, how their plugins are.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Asks the server and prints.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, json } = arguments;
    let services: Vec<ServiceView> = host.ask_plainly(Method::GET, "/services")?;
    if json {
        print_json(&services)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = services.iter().map(row).collect();
    print_table(["SERVICE", "WEBHOOKS", "PLUGIN", "STATE"], &rows)?;
    for finding in services.iter().flat_map(|service| &service.diagnostics) {
        anstream::println!("\n{}", printable(&finding.to_string()));
        if let Some(help) = &finding.help {
            anstream::println!("  help: {}", printable(help));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(service: &ServiceView) -> [String; 4] {
    let webhooks = service.webhooks.iter().map(|webhook| webhook.path.clone().unwrap_or_else(|| format!("{} (dedicated)", webhook.name)));
    let plugin = service.plugin.as_ref().map(|plugin| format!("{} {}", plugin.name, plugin.version));
    [service.name.clone(), webhooks.collect::<Vec<_>>().join(", "), plugin.unwrap_or_default(), state(service).to_owned()]
}

/// `ok`, or why it is not.
fn state(service: &ServiceView) -> &str {
    match (service.state, &service.plugin) {
        (ServiceState::Refused, _) => "refused",
        (ServiceState::Outdated, _) => "refused, its last good version is served",
        (ServiceState::Served, Some(PluginView { out_of_service: Some(reason), .. })) => reason,
        (ServiceState::Served, _) => "ok",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::WebhookView;

    #[test]
    fn a_plugin_that_is_out_of_service_shows_why() {
        let plugin = |out_of_service| PluginView {
            name: "cards".into(),
            version: "0.1.0".into(),
            sha256: String::new(),
            asks: Vec::new(),
            out_of_service,
        };
        let webhooks = vec![
            WebhookView { name: "events".into(), path: Some("/cards/events".into()) },
            WebhookView { name: "direct".into(), path: None },
        ];
        let state = ServiceState::Served;
        let mut service = ServiceView { name: "cards".into(), state, webhooks, plugin: None, diagnostics: Vec::new() };
        assert_eq!(row(&service), ["cards", "/cards/events, direct (dedicated)", "", "ok"]);
        service.plugin = Some(plugin(None));
        assert_eq!(row(&service)[2..], ["cards 0.1.0", "ok"]);
        service.plugin = Some(plugin(Some("it crashed".into())));
        assert_eq!(row(&service)[3], "it crashed");
        service.state = ServiceState::Outdated;
        assert_eq!(row(&service)[3], "refused, its last good version is served");
    }
}
