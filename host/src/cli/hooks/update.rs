//! `hookwright hooks update`: another destination, another manner, other parameters.

use std::time::Duration;

use clap::Args;
use http::Method;
use serde_json::Value;

use super::super::printable::on_one_line;
use super::{HostArguments, destination, duration, member, path_of, print_json, print_secret};
use crate::admin::{HookUpdated, MannerUpdate, UpdateHook};

/// Change a hook; what is not said stays as it is.
///
/// A new destination or manner goes for what waits already, too: it is attempted at once.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(super) struct Arguments {
    /// Its id, as `list` shows it.
    id: String,
    /// Where its bundles go, as `add` has it; pull: for nowhere, so that they wait to be fetched.
    #[arg(long, value_name = "URL", group = "change")]
    to: Option<String>,
    /// How long to wait before each attempt after the first, such as 5s,5m,2h.
    #[arg(long, value_name = "TIME,...", value_delimiter = ',', value_parser = duration, group = "change")]
    retry: Vec<Duration>,
    /// Wait as the host does, after having had a schedule of its own.
    #[arg(long, conflicts_with = "retry", group = "change")]
    retry_as_host: bool,
    /// Whether to deliver one bundle at a time, in the order in which they came.
    #[arg(long, value_name = "BOOL", group = "change")]
    ordered: Option<bool>,
    /// Set a parameter: NAME=TEXT, or NAME:=JSON; NAME:=null removes it. May be given several times.
    #[arg(long, value_name = "NAME=TEXT", value_parser = member, group = "change")]
    parameter: Vec<(String, Value)>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(host: &HostArguments, arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { id, to, retry, retry_as_host, ordered, parameter, json } = arguments;
    let waits = retry.iter().map(|wait| wait.as_millis() as u64).collect();
    let retry_ms = if retry_as_host { Some(None) } else { (!retry.is_empty()).then_some(Some(waits)) };
    let wanted = UpdateHook {
        to: to.as_deref().map(destination).transpose()?,
        manner: MannerUpdate { retry_ms, ordered },
        parameters: parameter.into_iter().collect(),
    };
    let updated: HookUpdated = host.ask(Method::PATCH, &path_of("/hooks/", &id, ""), Some(&wanted))?;
    if let Some(warning) = &updated.warning {
        anstream::eprintln!("warning: {}", on_one_line(warning));
    }
    if json {
        return print_json(&updated);
    }
    match &updated.hook.destination {
        Some(destination) => anstream::eprintln!("hook {id} is changed; it delivers to {destination}"),
        None => anstream::eprintln!("hook {id} is changed; it keeps its bundles for `hookwright hooks pull {id}`"),
    }
    print_secret(updated.secret.as_deref());
    Ok(())
}
