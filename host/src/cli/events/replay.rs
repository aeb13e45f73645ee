//! `hookwright events replay`

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use http::Method;
use serde::de::DeserializeOwned;

use super::super::control::{HostArguments, path_of, print_json};
use super::super::printable::{on_one_line, printable};
use super::select::SelectArguments;
use crate::admin::{BundleIds, PreviewPage, ReplayEvents, ReplayManner, ReplayPage, ReplayPreview, Replayed, Selection};

/// Evaluate the requests of events with the spec as it is now, and deliver what that gives.
///
/// Name the events by their ids, or choose them as `list` does: those are replayed oldest first, and replays are not
/// replayed again. The request is evaluated at the time at which it came, with connections and hooks as they are now. What is
/// replayed is an event of its own, stored before this says so, and no repeat by `dedupe`. With --hook only the bundles for that
/// hook are delivered.
///
/// A receiver drops bundles whose id it knows. Unless it is said otherwise, a bundle that is as it was keeps its id, and one
/// that is new or different has a new one: what a mended spec changes arrives, what it does not change arrives once.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Their ids, or their numbers as the log has them.
    #[arg(value_name = "ID", conflicts_with_all = ["service", "webhook", "outcome", "from", "to", "text", "field", "all"])]
    ids: Vec<String>,
    #[command(flatten)]
    which: SelectArguments,
    /// All events there are.
    #[arg(long)]
    all: bool,
    /// Deliver nothing: show the bundles, and how they differ from the stored ones.
    #[arg(long)]
    dry_run: bool,
    /// Let every bundle have the id of the one that was in its place, also if it differs: receivers drop what they have.
    #[arg(long, conflicts_with = "new_ids")]
    same_ids: bool,
    /// Let every bundle have a new id: receivers take it once more, also if they have it.
    #[arg(long)]
    new_ids: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  hookwright events replay 0199a3c1-… --dry-run
  hookwright events replay --outcome failed --service shop
  hookwright events replay --service shop --from 2h --hook HOOK --new-ids";

pub(super) fn run(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut select = arguments.which.selection();
    let hook = select.hook.take();
    if arguments.ids.is_empty() && !arguments.all && select == Selection::default() {
        bail!("say which events: their ids, or what `hookwright events list` can choose by; --all means all there are");
    }
    let ids = match (arguments.same_ids, arguments.new_ids) {
        (true, _) => BundleIds::Same,
        (_, true) => BundleIds::New,
        _ => BundleIds::Unchanged,
    };
    let manner = ReplayManner { ids, hook };
    match arguments.dry_run {
        true => preview(host, arguments, select, manner),
        false => replay(host, arguments, select, manner),
    }
}

fn replay(host: &HostArguments, arguments: &Arguments, select: Selection, manner: ReplayManner) -> anyhow::Result<ExitCode> {
    let mut events = ReplayEvents { select, manner };
    let mut replayed: Vec<Replayed> = by_id(host, arguments, "/replay", &events.manner)?;
    let mut stopped = None;
    while arguments.ids.is_empty() && stopped.is_none() {
        let page: ReplayPage = host.ask(Method::POST, "/events/replay", Some(&events))?;
        replayed.extend(page.replayed);
        stopped = page.stopped;
        events.select.cursor = page.next;
        if events.select.cursor.is_none() {
            break;
        }
    }
    if arguments.json {
        print_json(&replayed)?;
    } else {
        replayed.iter().for_each(say);
        let made = replayed.iter().filter(|replayed| replayed.replay.is_some()).count();
        anstream::eprintln!("{made} of {} events replayed", replayed.len());
    }
    if let Some(reason) = stopped {
        bail!("replaying stopped there: {reason}");
    }
    Ok(if replayed.iter().all(|replayed| replayed.reason.is_none()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn preview(host: &HostArguments, arguments: &Arguments, select: Selection, manner: ReplayManner) -> anyhow::Result<ExitCode> {
    let mut events = ReplayEvents { select, manner };
    let mut previews: Vec<ReplayPreview> = by_id(host, arguments, "/replay/preview", &events.manner)?;
    while arguments.ids.is_empty() {
        let page: PreviewPage = host.ask(Method::POST, "/events/replay/preview", Some(&events))?;
        previews.extend(page.previews);
        events.select.cursor = page.next;
        if events.select.cursor.is_none() {
            break;
        }
    }
    if arguments.json {
        print_json(&previews)?;
    } else {
        previews.iter().for_each(show);
        match previews.len() {
            0 => anstream::eprintln!("no event would be replayed: none is chosen by that"),
            count => anstream::eprintln!("{count} event{} would be replayed", if count == 1 { "" } else { "s" }),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn by_id<T: DeserializeOwned>(host: &HostArguments, arguments: &Arguments, verb: &str, manner: &ReplayManner) -> anyhow::Result<Vec<T>> {
    arguments.ids.iter().map(|id| host.ask(Method::POST, &path_of("/events/", id, verb), Some(manner))).collect()
}

fn say(replayed: &Replayed) {
    let Replayed { event, reason, replay, bundles, .. } = replayed;
    let count = format!("{bundles} bundle{}", if *bundles == 1 { "" } else { "s" });
    match (replay, reason) {
        (Some(replay), _) => anstream::println!("{event} -> {replay}: {count}"),
        (None, Some(reason)) => anstream::println!("{event}: nothing is delivered: {}", on_one_line(reason)),
        (None, None) => anstream::println!("{event}: nothing is delivered: there are no bundles"),
    }
}

fn show(preview: &ReplayPreview) {
    let ReplayPreview { event, reason, bundles, difference, .. } = preview;
    anstream::println!("event {event}");
    if let Some(reason) = reason {
        anstream::println!("  nothing is delivered: {}", on_one_line(reason));
    }
    for bundle in bundles {
        let id = if bundle.repeat { format!("{}, as before", bundle.id) } else { "a new id".to_owned() };
        anstream::println!("  bundle for hook {} ({id})\n    {}", bundle.hook, printable(bundle.json.get()));
    }
    match difference {
        Some(difference) => anstream::println!("{}", coloured(&printable(difference))),
        None => anstream::println!("  as it was stored"),
    }
}

/// A difference with its lines in colour, indented.
fn coloured(difference: &str) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'-') => format!("  \u{1b}[31m{line}\u{1b}[0m"),
        Some(b'+') => format!("  \u{1b}[32m{line}\u{1b}[0m"),
        _ => format!("  {line}"),
    };
    difference.lines().map(line).collect::<Vec<_>>().join("\n")
}
