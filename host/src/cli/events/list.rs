//! `hookwright events list`

use clap::Args;
use http::Method;

use super::super::control::{HostArguments, print_json, print_table};
use super::super::time::time;
use super::coloured;
use super::select::SelectArguments;
use crate::admin::{EventPage, EventView, Selection};

/// Events that are asked for at once.
const PAGE: usize = 1000;

/// List events, newest first.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: SelectArguments,
    /// How many to list at most.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<()> {
    let (events, unreadable) = read(host, arguments)?;
    if unreadable > 0 {
        anstream::eprintln!("warning: {unreadable} events cannot be read: their records are damaged");
    }
    if arguments.json {
        return print_json(&events);
    }
    if events.is_empty() {
        anstream::eprintln!("no such events");
        return Ok(());
    }
    let rows: Vec<_> = events.into_iter().map(row).collect();
    Ok(print_table(["ID", "RECEIVED", "WEBHOOK", "BUNDLES", "OUTCOME"], &rows)?)
}

/// Asks for one part after the other, until there are as many as are wanted.
fn read(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<(Vec<EventView>, usize)> {
    let (mut events, mut unreadable) = (Vec::new(), 0);
    let mut selection = arguments.which.selection();
    while events.len() < arguments.limit {
        selection.limit = Some((arguments.limit - events.len()).min(PAGE));
        let page: EventPage = host.ask_plainly(Method::GET, &target(&selection)?)?;
        events.extend(page.events);
        unreadable += page.unreadable;
        selection.cursor = page.next;
        if selection.cursor.is_none() {
            break;
        }
    }
    Ok((events, unreadable))
}

fn target(selection: &Selection) -> anyhow::Result<String> {
    Ok(format!("/events?{}", serde_html_form::to_string(selection)?))
}

/// What a list has of an event.
pub(super) fn row(event: EventView) -> [String; 5] {
    let webhook = format!("{}/{}", event.service, event.webhook);
    [event.id, time(event.received_ms), webhook, event.bundles.to_string(), coloured(event.outcome)]
}
