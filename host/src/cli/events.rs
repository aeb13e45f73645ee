//! `hookwright events`: the requests that were accepted, and what became of them.

mod list;
mod replay;
mod select;
mod show;
mod tail;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::control::HostArguments;
use crate::admin::EventOutcome;

/// List, show, follow and replay events: the requests that were accepted, and what became of them.
///
/// Tokens in URLs and the values of headers that hold secrets are masked. Events are kept as long as the server's retention
/// says, seven days unless it says otherwise.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::Arguments),
    Show(show::Arguments),
    Replay(replay::Arguments),
    Tail(tail::Arguments),
}

/// Runs one of the verbs.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, verb } = arguments;
    match verb {
        Verb::List(arguments) => list::run(&host, &arguments)?,
        Verb::Show(arguments) => show::run(&host, &arguments)?,
        Verb::Tail(arguments) => tail::run(&host, &arguments)?,
        Verb::Replay(arguments) => return replay::run(&host, &arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// An outcome in the colour of how urgently somebody should look at it; whoever prints it takes the colour out where there
/// is no terminal.
fn coloured(outcome: EventOutcome) -> String {
    let (colour, word) = match outcome {
        EventOutcome::Accepted => ("32", "accepted"),
        EventOutcome::Replayed => ("32", "replayed"),
        EventOutcome::Pending => ("36", "pending"),
        EventOutcome::Unmatched => ("33", "unmatched"),
        EventOutcome::Failed => ("31", "failed"),
        EventOutcome::Dead => ("31", "dead"),
    };
    format!("\u{1b}[{colour}m{word}\u{1b}[0m")
}
