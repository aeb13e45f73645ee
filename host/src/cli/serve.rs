//! `hookwright serve`: receive webhooks, store them, deliver them.

use std::process::ExitCode;

use clap::Args;

/// Receive webhooks, store them, deliver them.
#[derive(Args, Debug)]
pub struct Arguments {}

/// Serves until it is told to stop.
pub fn run(_arguments: Arguments, _verbose: u8) -> anyhow::Result<ExitCode> {
    anyhow::bail!("the host is not assembled yet")
}
