//! `hookwright events tail`

use std::io::Write;

use clap::Args;

use super::super::control::HostArguments;
use super::super::printable::{coloured_line, json};
use super::list::row;
use super::select::SelectArguments;
use crate::admin::TailLine;

/// Follow events as they come, until Ctrl-C.
///
/// Whoever reads too slowly is told how many events were passed over; the server never waits.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: SelectArguments,
    /// Print a line of JSON for each: {"event": {...}}, or {"missed": N}.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(host: &HostArguments, arguments: &Arguments) -> anyhow::Result<()> {
    let target = format!("/events/tail?{}", serde_html_form::to_string(arguments.which.selection())?);
    let begun = || anstream::eprintln!("following events; Ctrl-C ends it");
    let print = |line: TailLine| match line {
        TailLine { event: None, missed: None } => Ok(()),
        line if arguments.json => Ok(writeln!(anstream::stdout().lock(), "{}", json(&serde_json::to_string(&line)?))?),
        line => print(line),
    };
    host.follow(&target, begun, print)
}

fn print(line: TailLine) -> anyhow::Result<()> {
    if let Some(missed) = line.missed {
        anstream::eprintln!("{missed} events were passed over: they came faster than they were read");
    }
    if let Some(event) = line.event {
        let [id, received, webhook, bundles, outcome] = row(event);
        let line = coloured_line(&format!("{received}  {id}  {webhook}  {bundles}  {outcome}"));
        writeln!(anstream::stdout().lock(), "{line}")?;
    }
    Ok(())
}
