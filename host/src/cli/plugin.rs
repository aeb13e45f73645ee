//! `hookwright plugin`: begin a plugin, build it, test it, look into it.

mod inspect;
mod test;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::printable::{self, coloured_lines, printable};
use crate::plugin::build::{self, BuildRequest};
use crate::plugin::{Compilation, new, rebuild};

/// Begin, build, test and inspect plugins.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a Rust crate as a plugin and check it by loading it.
    ///
    /// Installs the WebAssembly target if it is missing. The crate needs hookwright-sdk and nothing else.
    Build {
        /// The crate's directory.
        #[arg(value_name = "CRATE")]
        crate_directory: PathBuf,
        /// Where to put it: a file, or a directory for plugin.wasm [default: the crate's directory].
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
        /// Build again whenever the crate's sources change, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Test a service with its plugin as it will be served.
    ///
    /// Runs every sample in the directory's `samples`, and the examples in the documentation of the plugin's functions,
    /// through the built plugin.wasm, under the limits of `serve`; the plugin is granted whatever it asks for. Exits with 1
    /// if anything is not as it says.
    Test {
        /// The service directory, with the plugin.wasm in it.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Begin a plugin: a crate with its service directory, which builds, passes its tests and runs as it is.
    New {
        /// The directory to write; its last part is the name of the crate and of the service.
        #[arg(value_name = "NAME")]
        directory: PathBuf,
        /// Where hookwright-sdk is [default: looked for here and above].
        #[arg(long, value_name = "DIR")]
        sdk: Option<PathBuf>,
    },
    /// Show what a plugin is: what it offers, what it imports and asks for, its size and digest.
    Inspect {
        /// The plugin file.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the commands.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Build { crate_directory, to, watch } => {
            let request = BuildRequest { crate_directory, to, quiet: false, compilation: Compilation::default() };
            if watch {
                return keep_building(&request);
            }
            build_once(&request)?;
        }
        Command::Test { directory } => return test(&directory),
        Command::New { directory, sdk } => {
            new::create(&directory, sdk.as_deref())?;
            anstream::print!("{}", next_steps(&directory));
        }
        Command::Inspect { file, json } => {
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let plugin = build::check(&bytes, Compilation::default()).with_context(|| format!("{} cannot be used", file.display()))?;
            match json {
                true => anstream::println!("{}", printable::json(&format!("{:#}", inspect::as_json(&plugin, bytes.len())))),
                false => anstream::print!("{}", printable(&inspect::shown(&plugin, bytes.len()))),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn build_once(request: &BuildRequest) -> Result<()> {
    let built = build::build(request)?;
    anstream::println!("{}", built.path.display());
    anstream::print!("{}", printable(&inspect::shown(&built.plugin, built.size)));
    Ok(())
}

/// Builds after each change; what does not build is said and waited over.
fn keep_building(request: &BuildRequest) -> Result<ExitCode> {
    rebuild::follow(&request.crate_directory, || {
        if let Err(error) = build_once(request) {
            super::print_error(&error);
        }
        anstream::eprintln!("Waiting for changes in {}.", request.crate_directory.display());
        ControlFlow::Continue(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn test(directory: &Path) -> Result<ExitCode> {
    let outcome = test::run(directory)?;
    anstream::print!("{}", coloured_lines(&outcome.lines));
    anstream::println!("{} passed, {} failed", outcome.passed, outcome.failed);
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn next_steps(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let path = directory.display();
    format!(
        "{path} is ready. Next:\n  \
         cargo test --manifest-path {path}/Cargo.toml\n  \
         hookwright plugin build {path} --to {path}/services/{name}\n  \
         hookwright plugin test {path}/services/{name}\n  \
         hookwright serve --services {path}/services\n"
    )
}
