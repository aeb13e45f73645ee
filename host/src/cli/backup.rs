//! `hookwright backup`: all of a host's data in a directory of its own.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use http::Method;

use super::control::{HostArguments, print_json};
use crate::admin::{Backup, BackupMade, Control};

/// Copy all of a host's data into a directory, whether a server runs or not.
///
/// Connections, hooks, events, what became of their deliveries, and the hashes of tokens: everything that was acknowledged
/// before the command began is in the backup. Deliveries that were made meanwhile may not be, and are then made once more,
/// with the same ids. Services, their plugins and key files are yours to keep.
///
/// A backup is checked and put in place by `hookwright restore`; `sha256sum -c SHA256SUMS` checks it too. What is encrypted
/// in the data directory is encrypted in the backup, and nobody can read it without the key file: keep a copy of that elsewhere.
///
/// What is left of a backup that was interrupted is refused by `restore`, `serve` and a second `backup`, with what to do about it.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// Where to: a directory that is not there yet, or is empty. The server must be able to make it.
    directory: PathBuf,

    /// Print what was backed up as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a backup.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, directory, json } = arguments;
    let directory = std::path::absolute(directory).context("the working directory is gone")?;
    let wanted = Backup { directory: directory.clone() };
    let made: BackupMade = host.on_existing(async |control: Control| Ok(control.ask(Method::POST, "/backup", Some(&wanted)).await?))?;
    if json {
        print_json(&made)?;
    }
    let BackupMade { connections, hooks, files, bytes, encrypted } = made;
    anstream::eprintln!(
        "{connections} connections, {hooks} hooks and all events are in {} ({files} files, {} KiB)",
        directory.display(),
        bytes.div_ceil(1024)
    );
    if encrypted {
        anstream::eprintln!("the connections in it are encrypted: without the key file nobody can restore them");
    }
    Ok(ExitCode::SUCCESS)
}
