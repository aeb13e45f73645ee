//! `hookwright dead-letters`: bundles that were given up, and how to deliver them after all.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;

use super::control::{HostArguments, print_json, print_table};
use super::printable::on_one_line;
use super::time::time;
use crate::admin::{DeadLetterView, DeadLetters, Redrive, RedriveAnswer};

/// Dead letters that are asked for at once.
const PAGE: usize = 1_000;

/// List bundles that were given up, and deliver them after all.
///
/// A bundle is a dead letter when its last retry has failed, or when its hook was disabled or removed before it arrived.
/// It is kept from then on for as long as `serve --retain` says, seven days unless it says otherwise.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListArguments),
    Redrive(RedriveArguments),
}

/// List the dead letters: when they were given up, why, and after how many attempts.
#[derive(Debug, Args)]
struct ListArguments {
    /// Only those of this hook.
    #[arg(long, value_name = "ID")]
    hook: Option<String>,
    /// Only those of this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// How many to list at most, those of the oldest events first.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Deliver dead letters after all: their attempts begin anew, at once.
///
/// Those of a hook that is disabled stay: enable it first. When this says that they are redriven, that is on disk.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
struct RedriveArguments {
    /// Their ids, as `list` shows them.
    #[arg(value_name = "ID", group = "which")]
    ids: Vec<String>,
    /// All of this hook.
    #[arg(long, value_name = "ID", group = "which")]
    hook: Option<String>,
    /// All there are.
    #[arg(long, group = "which")]
    all: bool,
}

/// Runs one of the verbs.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, verb } = arguments;
    match verb {
        Verb::List(arguments) => list(&host, &arguments),
        Verb::Redrive(arguments) => redrive(&host, arguments),
    }
}

fn list(host: &HostArguments, arguments: &ListArguments) -> anyhow::Result<ExitCode> {
    let (dead_letters, more) = read(host, arguments)?;
    if arguments.json {
        print_json(&dead_letters)?;
    } else if dead_letters.is_empty() {
        anstream::eprintln!("no dead letters");
    } else {
        let rows: Vec<_> = dead_letters.into_iter().map(row).collect();
        print_table(["ID", "GIVEN UP", "HOOK", "WEBHOOK", "ATTEMPTS", "REASON"], &rows)?;
    }
    if more {
        anstream::eprintln!("there may be more: --limit shows more than {}", arguments.limit);
    }
    Ok(ExitCode::SUCCESS)
}

/// As many as are wanted, and whether there may be more.
fn read(host: &HostArguments, arguments: &ListArguments) -> anyhow::Result<(Vec<DeadLetterView>, bool)> {
    let (mut read, mut after) = (Vec::new(), None);
    while read.len() < arguments.limit {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &(arguments.limit - read.len()).min(PAGE).to_string());
        let filters = [("hook", &arguments.hook), ("service", &arguments.service), ("after", &after)];
        for (name, value) in filters.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            query.append_pair(name, value);
        }
        let page: DeadLetters = host.ask_plainly(Method::GET, &format!("/dead-letters?{}", query.finish()))?;
        read.extend(page.dead_letters);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((read, false)),
        }
    }
    Ok((read, true))
}

fn redrive(host: &HostArguments, arguments: RedriveArguments) -> anyhow::Result<ExitCode> {
    let RedriveArguments { ids, hook, all } = arguments;
    let wanted = Redrive { ids: (!ids.is_empty()).then_some(ids), hook, all };
    let answer: RedriveAnswer = host.ask(Method::POST, "/dead-letters/redrive", Some(&wanted))?;
    anstream::eprintln!("{} redriven", dead_letters(answer.redriven));
    for left in &answer.left {
        let way_out = if left.because == "disabled" { "; `hookwright hooks enable` lets it take them" } else { "" };
        anstream::eprintln!("{} of hook {} not redriven: it is {}{way_out}", dead_letters(left.dead_letters), left.hook, left.because);
    }
    Ok(if answer.redriven == 0 && !answer.left.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `1 dead letter`, `7 dead letters`.
pub(super) fn dead_letters(count: u64) -> String {
    format!("{count} dead letter{}", if count == 1 { "" } else { "s" })
}

fn row(found: DeadLetterView) -> [String; 6] {
    let webhook = match (found.service, found.webhook) {
        (Some(service), Some(webhook)) => format!("{service}/{webhook}"),
        _ => String::new(),
    };
    [found.id, time(found.at_ms), found.hook, webhook, found.attempts.to_string(), on_one_line(&found.reason).into_owned()]
}
