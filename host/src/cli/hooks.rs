//! `hookwright hooks`: listeners on webhooks.

mod pull;
mod update;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::control::{HostArguments, UrlArguments, destination, member, members, path_of, print_json, print_secret, print_table};
use super::dead_letters::dead_letters;
use super::duration::duration;
use super::manner::MannerArguments;
use super::printable::on_one_line;
use crate::admin::{HookAdded, HookEnabled, HookView, NewHook, RotateSecret, SecretRotated};
use crate::deliver::PULL;

/// Add, list, change, enable, disable and remove hooks, and fetch what waits at them: listeners on webhooks, with their parameters and destination.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(AddArguments),
    /// List the hooks; tokens, parameters and what may be secret in destinations are masked.
    List {
        /// Show whole URLs and destinations: who knows a hook's URL may call it.
        #[arg(long)]
        show_urls: bool,
        /// Show the values of the parameters: they may be secrets.
        #[arg(long)]
        show_parameters: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        url: UrlArguments,
    },
    /// Enable a hook that is disabled: by you, by its destination (410) or because it had failed for five days.
    ///
    /// What came for it meanwhile are dead letters: `dead-letters redrive --hook ID` delivers those.
    Enable {
        /// Its id, as `list` shows it.
        id: String,
    },
    /// Disable a hook: its URL answers 410 from then on.
    Disable {
        /// Its id, as `list` shows it.
        id: String,
    },
    Pull(pull::Arguments),
    Update(update::Arguments),
    /// Sign a hook's deliveries with a new secret, and print it: it is shown this once.
    ///
    /// Until the overlap has passed, deliveries carry the signatures of the earlier secrets too.
    RotateSecret {
        /// Its id, as `list` shows it.
        id: String,
        /// How long the earlier secrets stay valid, such as 24h or 30m; 0s ends them now.
        #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
        overlap: Duration,
    },
    /// Remove a hook: its URL answers 410 from then on.
    Remove {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// Add a hook, and print the URL to give to the provider.
///
/// The URL of a dedicated webhook is a secret: it is printed now, and later only by `list --show-urls`.
#[derive(Debug, Args)]
struct AddArguments {
    /// The service, and which webhook of it where it has several.
    #[arg(value_name = "SERVICE[/WEBHOOK]")]
    target: String,
    /// The connection that the hook listens on, for shared webhooks.
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// What the spec sees as `parameters`: NAME=TEXT, or NAME:=JSON. May be given several times.
    #[arg(long, value_name = "NAME=TEXT", value_parser = member)]
    parameter: Vec<(String, Value)>,
    /// Where its bundles go: http://..., https://..., file:PATH (JSON lines) or stdout: (the server's). A file takes
    /// ?rotate=100MiB or ?rotate=daily, &keep=N rotated ones, and &fsync=always, never or a time such as 1s.
    /// Without one, or with pull:, they wait to be fetched: see `hooks pull`.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    #[command(flatten)]
    manner: MannerArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    url: UrlArguments,
}

/// Runs one of the verbs.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, verb } = arguments;
    match verb {
        Verb::Add(arguments) => add(&host, arguments)?,
        Verb::List { show_urls, show_parameters, json, url } => list(&host, show_urls, show_parameters, json, &url)?,
        Verb::Enable { id } => {
            let enabled: HookEnabled = host.ask_plainly(Method::POST, &path_of("/hooks/", &id, "/enable"))?;
            anstream::eprintln!("hook {id} is enabled");
            if let Some(count @ 1..) = enabled.dead_letters {
                anstream::eprintln!("it has {}: `hookwright dead-letters redrive --hook {id}` delivers them", dead_letters(count));
            }
        }
        Verb::Disable { id } => {
            let _: Value = host.ask_plainly(Method::POST, &path_of("/hooks/", &id, "/disable"))?;
            anstream::eprintln!("hook {id} is disabled");
        }
        Verb::Pull(arguments) => pull::run(&host, &arguments)?,
        Verb::Update(arguments) => update::run(&host, arguments)?,
        Verb::RotateSecret { id, overlap } => rotate_secret(&host, &id, overlap)?,
        Verb::Remove { id } => {
            let _: Value = host.ask_plainly(Method::DELETE, &path_of("/hooks/", &id, ""))?;
            anstream::eprintln!("hook {id} is removed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn add(host: &HostArguments, arguments: AddArguments) -> anyhow::Result<()> {
    let AddArguments { target, connection, parameter, to, manner, json, url } = arguments;
    let (service, webhook) = match target.split_once('/') {
        Some((service, webhook)) => (service.to_owned(), Some(webhook.to_owned())),
        None => (target, None),
    };
    let new = NewHook {
        service,
        webhook,
        connection,
        parameters: parameter.into_iter().collect(),
        to: to.as_deref().map(destination).transpose()?,
        manner: manner.wanted(),
    };
    let mut added: HookAdded = host.ask(Method::POST, "/hooks", Some(&new))?;
    if let Some(warning) = &added.warning {
        anstream::eprintln!("warning: {}", on_one_line(warning));
    }
    added.hook.urls = url.urls(&added.hook);
    if json {
        return print_json(&added);
    }
    for url in &added.hook.urls {
        anstream::println!("{}", on_one_line(url));
    }
    let id = &added.hook.id;
    match &added.hook.destination {
        Some(destination) => anstream::eprintln!("hook {id} delivers to {destination}; give the URL above to the provider"),
        None => anstream::eprintln!("hook {id} keeps its bundles for `hookwright hooks pull {id}`; give the URL above to the provider"),
    }
    print_secret(added.secret.as_deref());
    Ok(())
}

fn rotate_secret(host: &HostArguments, id: &str, overlap: Duration) -> anyhow::Result<()> {
    let wanted = RotateSecret { overlap_seconds: overlap.as_secs() };
    let rotated: SecretRotated = host.ask(Method::POST, &path_of("/hooks/", id, "/rotate-secret"), Some(&wanted))?;
    anstream::println!("{}", rotated.secret);
    anstream::eprintln!("hook {id} signs with the secret above, which is not shown again, and with the earlier ones for {overlap:?} more");
    Ok(())
}

fn list(host: &HostArguments, show_urls: bool, show_parameters: bool, json: bool, url: &UrlArguments) -> anyhow::Result<()> {
    let shown = [(show_urls, "urls"), (show_parameters, "parameters")];
    let shown: Vec<_> = shown.iter().filter(|(wanted, _)| *wanted).map(|(_, part)| *part).collect();
    let mut hooks: Vec<HookView> = host.ask_plainly(Method::GET, &format!("/hooks?show={}", shown.join(",")))?;
    if show_urls {
        hooks.iter_mut().for_each(|hook| hook.urls = url.urls(hook));
    }
    if json {
        return print_json(&hooks);
    }
    if hooks.is_empty() {
        anstream::eprintln!("no hooks yet; `hookwright hooks add` adds one");
        return Ok(());
    }
    let rows: Vec<_> = hooks.into_iter().map(|hook| row(hook, show_parameters)).collect();
    Ok(print_table(["ID", "WEBHOOK", "CONNECTION", "STATE", "PARAMETERS", "TO", "URL"], &rows)?)
}

fn row(hook: HookView, show_parameters: bool) -> [String; 7] {
    let webhook = match hook.webhook {
        Some(webhook) => format!("{}/{webhook}", hook.service),
        None => hook.service,
    };
    let urls = if hook.urls.is_empty() { hook.paths } else { hook.urls };
    let parameters = members(&hook.parameters, show_parameters);
    [
        hook.id,
        webhook,
        hook.connection.unwrap_or_default(),
        hook.state,
        parameters,
        hook.destination.unwrap_or_else(|| PULL.into()),
        urls.join(" "),
    ]
}
