//! How Hookwright compares with the same work written by hand.
//!
//!     cargo bench -p hookwright-tests --bench load
//!
//! starts the optimised binary and looks at it, one study after the other:
//!
//! - `accept`: it and a hyper server that does the same by hand get the same signed GitHub payload over the same connections,
//!   turn by turn, beside bare appends with one fdatasync a batch;
//! - `memory`: the host's memory over many requests;
//! - `delivery`: how long a webhook is on its way to a receiver, and how many arrive a second;
//! - `beside`: what requests feel beside a plugin that misbehaves;
//! - `crowd`, if asked for: the same load with one connection and with a million;
//! - `steady`, if asked for: memory and disk during minutes of the same load.
//!
//! Everything is on loopback and, unless `--directory` says otherwise, in the system's temporary directory: where that is in
//! memory, an fsync costs nothing. `-- --help` lists what can be set.

mod bare;
mod baseline;
mod beside;
mod crowd;
mod delivery;
mod load;
mod memory;
mod receiver;
mod report;
mod steady;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::sign;

use load::{Outcome, Plan, Until};

const PAYLOAD: &[u8] = include_bytes!("payload/issues.json");
const SECRET: &str = "a benchmark's secret";

#[derive(Parser)]
struct Arguments {
    /// What is looked at.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Study::Accept, Study::Memory, Study::Delivery, Study::Beside])]
    only: Vec<Study>,
    /// Connections that send at the same time, one request each: several numbers for `accept`, of which the others take the last.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 256, 64])]
    connections: Vec<usize>,
    /// Seconds measured in each turn, after one that is not.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Turns of each server; the figures are those of the median one.
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Requests over which the host's memory is watched.
    #[arg(long, default_value_t = 200_000)]
    requests: u64,
    /// Minutes of `steady`.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
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

#[derive(Clone, Copy, ValueEnum)]
enum Study {
    Accept,
    Memory,
    Delivery,
    Beside,
    Crowd,
    Steady,
}

impl Arguments {
    /// For what is looked at with one number of connections.
    fn connections(&self) -> usize {
        self.connections.last().copied().unwrap_or(64)
    }
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
    arguments.only.iter().try_for_each(|study| match study {
        Study::Accept => arguments.connections.iter().try_for_each(|connections| compare(&arguments, *connections)),
        Study::Memory => watch_memory(&arguments),
        Study::Delivery => delivery::measure(&arguments, &installation(&arguments)?),
        Study::Beside => beside::compare(&installation(&arguments)?, arguments.turns, arguments.seconds),
        Study::Crowd => crowd::compare(&arguments),
        Study::Steady => steady::watch(&arguments, &installation(&arguments)?),
    })
}

/// Both servers, turn by turn, so that whatever else the machine does hits both.
fn compare(arguments: &Arguments, connections: usize) -> anyhow::Result<()> {
    let installation = installation(arguments)?;
    let path = installation.hook("bench", &[&format!("secret={SECRET}")], &arguments.to);
    let by_hand = Host::start(baseline_command(&installation)?);
    let host = installation.serve();
    println!("payload {} bytes, {connections} connections, {} turns of {} s each", PAYLOAD.len(), arguments.turns, arguments.seconds);

    let mut figures = report::Comparison::named("baseline", "hookwright");
    for turn in 1..=arguments.turns {
        let bare = bare::appends(&installation.path("."), PAYLOAD.len(), connections, Duration::from_secs(1))?;
        let baseline = measure(arguments, &plan(connections, &by_hand, "/"))?;
        let ours = measure(arguments, &plan(connections, &host, &path))?;
        println!(
            "turn {turn}: bare appends {bare:>7.0}/s, baseline {:>7.0}/s, hookwright {:>7.0}/s",
            baseline.per_second(),
            ours.per_second()
        );
        figures.add(baseline, ours);
    }
    println!("\n{figures}");
    host.stop();
    Ok(())
}

fn measure(arguments: &Arguments, plan: &Plan) -> anyhow::Result<Outcome> {
    load::run(plan, Until::Elapsed(Duration::from_secs(1)))?;
    load::run(plan, Until::Elapsed(Duration::from_secs(arguments.seconds)))
}

/// A fresh host, and what it holds in memory while requests go by.
fn watch_memory(arguments: &Arguments) -> anyhow::Result<()> {
    let installation = installation(arguments)?;
    let path = installation.hook("bench", &[&format!("secret={SECRET}")], &arguments.to);
    let host = installation.serve();
    let plan = plan(arguments.connections(), &host, &path);
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
fn plan(connections: usize, server: &Host, path: &str) -> Plan {
    let request = Request::json(path, PAYLOAD)
        .header("connection", "keep-alive")
        .header("user-agent", "GitHub-Hookshot/044aadd")
        .header("accept", "*/*")
        .header("x-github-event", "issues")
        .header("x-github-delivery", "a1f0c3e0-0104-11f1-94d2-0a6b5d1a7c33")
        .header("x-hub-signature-256", sign::github(SECRET, PAYLOAD));
    Plan { address: server.address(), request: request.to_bytes(), connections, every: None }
}
