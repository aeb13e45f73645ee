//! How Hookwright compares with the same work written by hand.
//!
//!     cargo bench -p hookwright-tests --bench load
//!
//! starts the optimised binary and a hyper server that does the same by hand, sends both the same signed GitHub payload
//! over the same connections, turn by turn, and prints requests a second, latencies and their ratio; then it watches
//! the host's memory over many requests, and what requests feel beside a plugin that misbehaves. Everything is on loopback
//! and, unless `--directory` says otherwise, in the system's temporary directory: where that is in memory, an fsync costs
//! nothing. `-- --help` lists what can be set.

mod baseline;
mod beside;
mod load;
mod memory;
mod report;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::sign;

use load::{Outcome, Plan, Until};

const PAYLOAD: &[u8] = include_bytes!("payload/issues.json");
const SECRET: &str = "a benchmark's secret";

#[derive(Parser)]
struct Arguments {
    /// Connections that send at the same time, one request each.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds measured in each turn, after one that is not.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Turns of each server; the figures are those of the median one.
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Requests over which the host's memory is watched.
    #[arg(long, default_value_t = 200_000)]
    requests: u64,
    /// Where both write; a directory on the disk that matters.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Deliver to this destination; without it bundles are delivered to a file that forgets them.
    #[arg(long, default_value = "file:/dev/null")]
    to: String,
    /// Another binary than the one just built.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_hookwright-under-test"))]
    binary: PathBuf,
    /// Serve as the baseline: how the benchmark starts itself once more.
    #[arg(long, hide = true)]
    baseline: Option<PathBuf>,
    /// What cargo says when it is a benchmark that is run, and not a test of one.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(directory) = &arguments.baseline {
        return baseline::serve(directory, SECRET);
    }
    if !arguments.bench {
        println!("not measured: run `cargo bench -p hookwright-tests --bench load`");
        return Ok(());
    }
    compare(&arguments)?;
    watch_memory(&arguments)?;
    beside::compare(&installation(&arguments)?, arguments.turns, arguments.seconds)
}

/// Both servers, turn by turn, so that whatever else the machine does hits both.
fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let installation = installation(arguments)?;
    let path = installation.hook("bench", &[&format!("secret={SECRET}")], &arguments.to);
    let by_hand = Host::start(baseline_command(&installation)?);
    let host = installation.serve();
    println!(
        "payload {} bytes, {} connections, {} turns of {} s each",
        PAYLOAD.len(),
        arguments.connections,
        arguments.turns,
        arguments.seconds
    );

    let mut figures = report::Comparison::default();
    for turn in 1..=arguments.turns {
        let baseline = measure(arguments, &by_hand, "/")?;
        let ours = measure(arguments, &host, &path)?;
        println!("turn {turn}: baseline {:>7.0}/s, hookwright {:>7.0}/s", baseline.per_second(), ours.per_second());
        figures.add(baseline, ours);
    }
    println!("\n{figures}");
    host.stop();
    Ok(())
}

fn measure(arguments: &Arguments, server: &Host, path: &str) -> anyhow::Result<Outcome> {
    let plan = plan(arguments, server, path);
    load::run(&plan, Until::Elapsed(Duration::from_secs(1)))?;
    load::run(&plan, Until::Elapsed(Duration::from_secs(arguments.seconds)))
}

/// A fresh host, and what it holds in memory while requests go by.
fn watch_memory(arguments: &Arguments) -> anyhow::Result<()> {
    let installation = installation(arguments)?;
    let path = installation.hook("bench", &[&format!("secret={SECRET}")], &arguments.to);
    let host = installation.serve();
    let plan = plan(arguments, &host, &path);
    println!("memory of the host over {} requests:", arguments.requests);
    let mut watched = memory::Watched::of(host.id());
    for _ in 0..memory::STEPS {
        load::run(&plan, Until::Requests(arguments.requests / memory::STEPS))?;
        watched.look(arguments.requests / memory::STEPS)?;
    }
    println!("{watched}");
    host.stop();
    Ok(())
}

fn installation(arguments: &Arguments) -> anyhow::Result<Installation> {
    let installation = match &arguments.directory {
        Some(directory) => Installation::new_in(&arguments.binary, directory),
        None => Installation::new(&arguments.binary),
    };
    installation.copy(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/service/bench")));
    Ok(installation)
}

fn baseline_command(installation: &Installation) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--baseline").arg(installation.path("baseline"));
    Ok(command)
}

/// The same signed request, again and again.
fn plan(arguments: &Arguments, server: &Host, path: &str) -> Plan {
    let request = Request::json(path, PAYLOAD)
        .header("connection", "keep-alive")
        .header("user-agent", "GitHub-Hookshot/044aadd")
        .header("accept", "*/*")
        .header("x-github-event", "issues")
        .header("x-github-delivery", "a1f0c3e0-0104-11f1-94d2-0a6b5d1a7c33")
        .header("x-hub-signature-256", sign::github(SECRET, PAYLOAD));
    Plan { address: server.address(), request: request.to_bytes(), connections: arguments.connections, every: None }
}
