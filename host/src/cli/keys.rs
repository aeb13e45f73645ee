//! `hookwright keys`: what connections and hooks are encrypted with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::control::HostArguments;
use crate::connections;
use crate::data_directory::DataDirectory;
use crate::key_file::Key;

/// Make keys, and encrypt connections and hooks with another one.
///
/// With `serve --key-file FILE` connections and hooks, with their data, parameters and secrets, are encrypted on the disk
/// (XChaCha20-Poly1305). Events are not.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new key in a new file that only its owner can read.
    ///
    /// Keep a copy of it elsewhere: what is encrypted with a key cannot be read without it.
    New {
        /// The file.
        file: PathBuf,
    },
    /// Encrypt all connections and hooks with a new key, also what was stored before there was one; with the same key, only that.
    ///
    /// Nothing that was encrypted with the old key, or not at all, is left in the data directory. No server may run meanwhile.
    /// If it is interrupted, one of the two keys is still the right one for all of them: run the same again to finish it.
    Rotate {
        /// The file with the new key; `--key-file` names the one with the old key, if there is one.
        #[arg(long, value_name = "FILE")]
        new_key_file: PathBuf,
    },
}

/// Runs one of the verbs.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, verb } = arguments;
    match verb {
        Verb::New { file } => new(&file)?,
        Verb::Rotate { new_key_file } => rotate(&host, &new_key_file)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(file: &Path) -> anyhow::Result<()> {
    Key::create(file)?;
    anstream::eprintln!(
        "there is a new key in {}; keep a copy of it elsewhere: without it nobody can read what it encrypts",
        file.display()
    );
    Ok(())
}

fn rotate(host: &HostArguments, new: &Path) -> anyhow::Result<()> {
    let (old, new_key) = (host.key()?, Key::read(new)?);
    let directory = DataDirectory::open_existing(host.data_directory()).map_err(|error| {
        let in_use = error.is_in_use();
        let error = anyhow::Error::from(error);
        if in_use { error.context("stop the server first: its connections are written anew") } else { error }
    })?;
    let count = connections::rotate(&directory, old.as_ref(), &new_key)?;
    anstream::eprintln!("{count} connections and hooks are encrypted with the key in {}; start the server with it", new.display());
    Ok(())
}
