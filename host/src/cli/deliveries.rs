//! `hookwright deliveries`: how much is on its way to each hook.

use std::process::ExitCode;

use clap::Args;
use http::Method;

use super::control::{HostArguments, print_json, print_table};
use super::printable::on_one_line;
use super::time::time;
use crate::admin::DeliveriesView;

/// List the hooks that have bundles on their way: how many, since when, when they are tried again, and why the last attempt failed.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    /// Only those to this hook.
    #[arg(long, value_name = "ID")]
    hook: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Asks and prints.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, hook, json } = arguments;
    let query = hook.map_or_else(String::new, |hook| {
        format!("?{}", form_urlencoded::Serializer::new(String::new()).append_pair("hook", &hook).finish())
    });
    let deliveries: Vec<DeliveriesView> = host.ask_plainly(Method::GET, &format!("/deliveries{query}"))?;
    if json {
        print_json(&deliveries)?;
    } else if deliveries.is_empty() {
        anstream::eprintln!("nothing is on its way");
    } else {
        let rows: Vec<_> = deliveries.into_iter().map(row).collect();
        print_table(["HOOK", "SERVICE", "PENDING", "RETRYING", "OLDEST", "NEXT ATTEMPT", "DEAD LETTERS", "LAST FAILURE"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(view: DeliveriesView) -> [String; 8] {
    let counts = [view.pending, view.retrying, view.dead_letters].map(|count| count.to_string());
    let [pending, retrying, dead_letters] = counts;
    let times = [view.oldest_ms, view.next_ms].map(|ms| time(ms.unwrap_or_default()));
    let [oldest, next] = times;
    let failure = view.last_failure.map_or_else(String::new, |reason| on_one_line(&reason).into_owned());
    [view.hook, view.service.unwrap_or_default(), pending, retrying, oldest, next, dead_letters, failure]
}
