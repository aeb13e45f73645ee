//! `hookwright plugin`: begin a plugin, build it, look into it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::plugin::build::{self, BuildRequest};
use crate::plugin::{Description, Function, first_paragraph, new};

/// Begin, build and inspect plugins.
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
    /// Show what a plugin offers.
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
        Command::Build { crate_directory, to } => {
            let built = build::build(&BuildRequest { crate_directory, to, quiet: false })?;
            anstream::println!("{}: {} KiB", built.path.display(), built.size.div_ceil(1024));
            anstream::print!("{}", shown(&built.description));
        }
        Command::New { directory, sdk } => {
            new::create(&directory, sdk.as_deref())?;
            anstream::print!("{}", next_steps(&directory));
        }
        Command::Inspect { file, json } => {
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let description = build::check(&bytes).with_context(|| format!("{} cannot be used", file.display()))?;
            if json {
                anstream::println!("{:#}", as_json(&description, bytes.len()));
            } else {
                anstream::print!("{}", shown(&description));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn next_steps(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let path = directory.display();
    format!(
        "{path} is ready. Next:\n  \
         cargo test --manifest-path {path}/Cargo.toml\n  \
         hookwright plugin build {path} --to {path}/services/{name}\n  \
         hookwright serve --services {path}/services\n"
    )
}

fn shown(description: &Description) -> String {
    let mut out = format!("{} {}\n", description.name, description.version);
    for function in &description.functions {
        let line = below(&function.summary);
        writeln!(out, "  {}: {}{line}", function.signature(), function.returns).expect("writing to a String does not fail");
    }
    for extractor in &description.extractors {
        let line = below(&extractor.summary);
        writeln!(out, "  uid extractor {}{line}", extractor.name).expect("writing to a String does not fail");
    }
    out
}

/// Documentation as it stands below a name.
fn below(documentation: &str) -> String {
    match first_paragraph(documentation) {
        paragraph if paragraph.is_empty() => paragraph,
        paragraph => format!("\n      {paragraph}"),
    }
}

fn as_json(description: &Description, size: usize) -> Value {
    let extractors = description.extractors.iter().map(|extractor| json!({ "name": extractor.name, "summary": extractor.summary }));
    json!({
        "name": description.name,
        "version": description.version,
        "size": size,
        "functions": description.functions.iter().map(function_json).collect::<Vec<_>>(),
        "extractors": extractors.collect::<Vec<_>>(),
    })
}

fn function_json(function: &Function) -> Value {
    let parameters = function.parameters.iter().map(|parameter| {
        json!({ "name": parameter.name, "kind": parameter.kind, "optional": parameter.optional, "variadic": parameter.variadic })
    });
    json!({
        "name": function.name,
        "signature": function.signature(),
        "summary": function.summary,
        "parameters": parameters.collect::<Vec<_>>(),
        "returns": function.returns,
    })
}
