//! `hookwright connections`: users' accounts with services.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;
use serde_json::Value;

use super::control::{HostArguments, UrlArguments, destination, member, members, path_of, print_json, print_secret, print_table};
use super::manner::MannerArguments;
use super::printable::on_one_line;
use crate::admin::{ConnectionAdded, ConnectionView, NewConnection};

/// Add, list and remove connections: users' accounts with services, for shared webhooks.
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
    /// List the connections; their data is masked.
    List {
        /// Show the values of the data, too: they may be secrets.
        #[arg(long)]
        show_data: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a connection and the hooks on it.
    Remove {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// Add a connection, and a hook on it that listens to every shared webhook of the service.
///
/// Prints the connection's id on standard output and what else is of use on standard error.
#[derive(Debug, Args)]
struct AddArguments {
    /// The service: the name of its directory.
    service: String,
    /// The id by which the service names its user.
    #[arg(long)]
    uid: String,
    /// A name for people.
    #[arg(long)]
    name: Option<String>,
    /// What else is to be known about the account: NAME=TEXT, or NAME:=JSON. May be given several times.
    #[arg(long, value_name = "NAME=TEXT", value_parser = member)]
    data: Vec<(String, Value)>,
    /// Where its bundles go: http://..., https://..., file:PATH (JSON lines) or stdout: (the server's).
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
        Verb::List { show_data, json } => list(&host, show_data, json)?,
        Verb::Remove { id } => {
            let _: Value = host.ask_plainly(Method::DELETE, &path_of("/connections/", &id, ""))?;
            anstream::eprintln!("connection {id} is removed, its hooks with it");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn add(host: &HostArguments, arguments: AddArguments) -> anyhow::Result<()> {
    let AddArguments { service, uid, name, data, to, manner, json, url } = arguments;
    let to = to.as_deref().map(destination).transpose()?;
    let new = NewConnection { service, uid, name, data: data.into_iter().collect(), to, manner: manner.wanted() };
    let mut added: ConnectionAdded = host.ask(Method::POST, "/connections", Some(&new))?;
    if let Some(warning) = &added.warning {
        anstream::eprintln!("warning: {}", on_one_line(warning));
    }
    added.hook.urls = url.urls(&added.hook);
    if json {
        return print_json(&added);
    }
    anstream::println!("{}", added.connection.id);
    let id = &added.hook.id;
    match &added.hook.destination {
        Some(destination) => anstream::eprintln!("hook {id} on it delivers to {destination}"),
        None => anstream::eprintln!("hook {id} on it keeps its bundles for `hookwright hooks pull {id}`"),
    }
    print_secret(added.secret.as_deref());
    for url in &added.hook.urls {
        anstream::eprintln!("the service sends to {url}");
    }
    Ok(())
}

fn list(host: &HostArguments, show_data: bool, json: bool) -> anyhow::Result<()> {
    let target = if show_data { "/connections?show=data" } else { "/connections" };
    let connections: Vec<ConnectionView> = host.ask_plainly(Method::GET, target)?;
    if json {
        return print_json(&connections);
    }
    if connections.is_empty() {
        anstream::eprintln!("no connections yet; `hookwright connections add` adds one");
        return Ok(());
    }
    let rows: Vec<_> = connections.into_iter().map(|connection| row(connection, show_data)).collect();
    Ok(print_table(["ID", "SERVICE", "UID", "NAME", "DATA"], &rows)?)
}

fn row(connection: ConnectionView, show_data: bool) -> [String; 5] {
    let data = members(&connection.data, show_data);
    [connection.id, connection.service, connection.uid, connection.name.unwrap_or_default(), data]
}
