//! `hookwright export`: all connections and hooks, as JSON lines.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::control::HostArguments;
use crate::admin::{ExportHead, ExportLine};

/// Print all connections and hooks as JSON lines, as they are at one moment.
///
/// It works whether a server runs or not.
///
/// The form is stable, and `hookwright import` takes it. The first line says what follows:
///
///   {"export":{"format":"hookwright-connections 1","secrets":true,"connections":1,"hooks":1}}
///
/// Each further line is one definition, the connections before the hooks:
///
///   {"connection":{"id":"c1","service":"slack","uid":"T024BE7LD","name":"acme","data":{"token":"t"}}}
///   {"hook":{"id":"h1","service":"slack","connection":"c1","destination":"file:/var/slack.jsonl","state":"enabled"}}
///
/// A hook may also have `webhook`, `token` (the secret part of a dedicated webhook's URL),
/// `parameters`, `secrets` (what signs its deliveries: [{"secret":"whsec_...","until_ms":0}]),
/// `retry_ms`, `ordered`, `failing_since_ms`, and no `destination` where its bundles wait to be
/// fetched.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,

    /// Print everything as it is, so that it can be imported: data, parameters, tokens and signing secrets, which are `***`
    /// or left out otherwise. Keep the result where nobody else can read it.
    #[arg(long)]
    secrets: bool,
}

/// Prints them.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, secrets } = arguments;
    let target = if secrets { "/export?secrets=true" } else { "/export" };
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut head, mut printed) = (None, 0);
    host.read(target, |line| {
        if head.is_none() {
            head = Some(announced(line)?);
        } else {
            printed += 1;
        }
        out.write_all(line)?;
        Ok(out.write_all(b"\n")?)
    })?;
    out.flush()?;
    let (connections, hooks) = head.context("the host exported nothing, not even what it would export")?;
    if printed != connections + hooks {
        bail!("the export broke off: {printed} of {} definitions came", connections + hooks);
    }
    anstream::eprintln!("{connections} connections and {hooks} hooks exported");
    if !secrets {
        anstream::eprintln!("what may be secret is masked, so that this cannot be imported: --secrets exports everything");
    }
    Ok(ExitCode::SUCCESS)
}

/// How many connections and hooks the first line announces.
fn announced(line: &[u8]) -> anyhow::Result<(u64, u64)> {
    match serde_json::from_slice(line) {
        Ok(ExportLine::Export(ExportHead { connections: Some(connections), hooks: Some(hooks), .. })) => Ok((connections, hooks)),
        _ => bail!("the server exports in a form that this version does not know"),
    }
}
