//! `hookwright restore`: a data directory from a backup.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::control::{HostArguments, print_json};
use crate::backup::{self, Restored};

/// Check a backup, put it in place as a data directory that is not there yet, and say what is in it.
///
/// `--data-dir` names the new directory; one that has something in it is refused. Every file has to be as it was when the
/// backup was made, or nothing is written. With encrypted connections, `--key-file` has them read too; without it they are
/// restored and counted.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// The backup.
    backup: PathBuf,

    /// Print what was restored as JSON.
    #[arg(long)]
    json: bool,
}

/// Restores a backup.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, backup, json } = arguments;
    let restored = backup::restore(&backup, host.data_directory(), host.key()?.as_ref())?;
    if json {
        print_json(&restored)?;
    }
    let Restored { files, bytes, connections, hooks, events, pending, dead_letters, damaged, encrypted } = restored;
    let place = host.data_directory().display();
    anstream::eprintln!("{files} files ({} KiB) are as they were written, and in {place}", bytes.div_ceil(1024));
    anstream::eprintln!("connections: {connections}, hooks: {hooks}, events: {events}, pending: {pending}, dead letters: {dead_letters}");
    if damaged > 0 {
        anstream::eprintln!("{damaged} places in the journal could not be read when it was backed up, and are set aside");
    }
    if encrypted {
        anstream::eprintln!("the connections are encrypted; start the server with their key (--key-file)");
    }
    Ok(ExitCode::SUCCESS)
}
