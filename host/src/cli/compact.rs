//! `hookwright compact`: space that connections and hooks take without need.

use std::process::ExitCode;

use clap::Args;
use http::Method;

use super::control::{HostArguments, print_json};
use crate::admin::{CompactAnswer, Control};

/// Write connections and hooks anew, so that what was changed or removed takes no more room, whether a server runs or not.
///
/// Webhooks are received and delivered meanwhile; changes to connections and hooks wait (a million connections take some
/// ten seconds). It needs as much room again until it is done. The events need no command: `serve --retain` and
/// `--journal-max` say what is kept of them.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// Print the bytes before and after as JSON.
    #[arg(long)]
    json: bool,
}

/// Writes them anew.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, json } = arguments;
    let done: CompactAnswer = host.on_existing(async |control: Control| Ok(control.ask(Method::POST, "/compact", None::<&()>).await?))?;
    if json {
        print_json(&done)?;
    }
    let kib = |bytes: u64| bytes.div_ceil(1024);
    anstream::eprintln!("connections and hooks took {} KiB and take {} KiB now", kib(done.before), kib(done.after));
    Ok(ExitCode::SUCCESS)
}
