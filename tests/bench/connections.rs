//! What many connections cost.
//!
//!     cargo bench -p hookwright-tests --bench connections
//!
//! writes a file with a million connections, each with a hook, imports it with the optimised binary, and looks at the data
//! directory in processes of their own: how long it takes to open, how much memory it then has, and how long `hooks_of`
//! takes, which every webhook asks once for each uid. Beside it, a plain `HashMap` from the same uids to the same
//! definitions. Before all that, single changes: one at a time, and by many at once. `-- --help` lists what can be set.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use hookwright::connections::{Change, Connection, Connections, Hook};
use hookwright::data_directory::DataDirectory;
use tokio::task::JoinSet;

const SERVICE: &str = "slack";
/// A number without a common factor with any count of connections that is not a multiple of it: steps of it go everywhere.
const STEP: u64 = 982_451_653;
/// `hooks_of` is to take less than this at the 99th percentile.
const TARGET: Duration = Duration::from_micros(2);
/// By how many at once changes are made.
const AT_ONCE: u64 = 64;

#[derive(Parser)]
struct Arguments {
    /// How many connections, each with a hook.
    #[arg(long, default_value_t = 1_000_000)]
    connections: u64,
    /// Single changes that are measured, of either kind.
    #[arg(long, default_value_t = 2_000)]
    changes: u64,
    /// Look-ups that are measured.
    #[arg(long, default_value_t = 1_000_000)]
    look_ups: u64,
    /// Where the data lie; otherwise in the system's temporary directory.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// What a process of its own looks at: this data directory.
    #[arg(long, hide = true)]
    opened: Option<PathBuf>,
    /// The same for the plain map.
    #[arg(long, hide = true)]
    plain: Option<PathBuf>,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match (&arguments.opened, &arguments.plain) {
        (Some(data), _) => opened(data, &arguments),
        (_, Some(data)) => plain(data, &arguments),
        _ => run(&arguments),
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let root = match &arguments.directory {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    }?;
    change(&root.path().join("changed"), arguments.changes).context("cannot make changes")?;
    let (file, data) = (root.path().join("connections.jsonl"), root.path().join("data"));
    write(&file, arguments.connections).context("cannot write the file to import")?;
    println!("{} connections, each with a hook, in {} MiB of JSON lines", arguments.connections, fs::metadata(&file)?.len() >> 20);
    let began = Instant::now();
    let imported =
        Command::new(env!("CARGO_BIN_EXE_hookwright-under-test")).arg("import").arg(&file).arg("--data-dir").arg(&data).status()?;
    ensure!(imported.success(), "the import failed");
    println!("import: {:.1} s", began.elapsed().as_secs_f64());
    for looked_at in ["--opened", "--plain"] {
        let (connections, look_ups) = (arguments.connections.to_string(), arguments.look_ups.to_string());
        let mut process = Command::new(std::env::current_exe()?);
        process.arg(looked_at).arg(&data).args(["--connections", &connections, "--look-ups", &look_ups]);
        ensure!(process.status()?.success(), "looking at {looked_at} failed");
    }
    Ok(())
}

/// Adds connections, each durable before it is acknowledged: by one that waits for each, and by many who do.
fn change(data: &Path, changes: u64) -> anyhow::Result<()> {
    let connections = Connections::open(&DataDirectory::open(data)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let alone = runtime.block_on(per_second(&connections, changes, 1))?;
    let together = runtime.block_on(per_second(&connections, changes, AT_ONCE))?;
    println!("changes: {alone:.0}/s one at a time, {together:.0}/s by {AT_ONCE} at once: {:.1} times as many", together / alone);
    Ok(())
}

async fn per_second(connections: &Arc<Connections>, changes: u64, at_once: u64) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for client in 0..at_once {
        let connections = Arc::clone(connections);
        clients.spawn(async move {
            for n in (client..changes).step_by(at_once as usize) {
                let (id, service, uid) = (format!("{at_once}-{n}"), SERVICE.to_owned(), uid(n));
                connections.apply(Change::PutConnection(Connection { id, service, uid, name: None, data: Default::default() })).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok(changes as f64 / began.elapsed().as_secs_f64())
}

fn write(file: &Path, connections: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, r#"{{"export":{{"format":"hookwright-connections 1","secrets":true}}}}"#)?;
    for n in 0..connections {
        let uid = uid(n);
        writeln!(out, r#"{{"connection":{{"id":"c{n}","service":"{SERVICE}","uid":"{uid}","data":{{"token":"xoxb-{n:032}"}}}}}}"#)?;
    }
    for n in 0..connections {
        writeln!(out, r#"{{"hook":{{"id":"h{n}","service":"{SERVICE}","connection":"c{n}","destination":"https://example.com/{n}"}}}}"#)?;
    }
    Ok(out.flush()?)
}

fn uid(n: u64) -> String {
    format!("T{n:010}")
}

fn opened(data: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let before = resident()?;
    let began = Instant::now();
    let connections = Connections::open(&DataDirectory::open_existing(data)?)?;
    println!("hookwright: opens in {:.1} s", began.elapsed().as_secs_f64());
    ensure!(connections.counts().0 as u64 == arguments.connections, "not all were imported");
    report_memory("hookwright", resident()? - before, arguments.connections);
    let p99 = look_up("hookwright", arguments, |uid| connections.hooks_of(SERVICE, "events", uid));
    println!("target: p99 under {TARGET:?}: {}", if p99 < TARGET { "met" } else { "MISSED" });
    Ok(())
}

fn plain(data: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let mut map: HashMap<String, (Arc<Connection>, Vec<Arc<Hook>>)> = HashMap::new();
    let before;
    {
        let opened = Connections::open(&DataDirectory::open_existing(data)?)?;
        before = resident()?;
        for connection in opened.connections() {
            let hooks = opened.hooks_of(SERVICE, "events", &connection.uid);
            let copied = hooks.iter().map(|hook| Arc::new(Hook::clone(hook))).collect();
            map.insert(connection.uid.clone(), (Arc::new(Connection::clone(&connection)), copied));
        }
        // Before what they were copied from is given back.
        report_memory("plain map", resident()?.saturating_sub(before), arguments.connections);
    }
    look_up("plain map", arguments, |uid| map.get(uid).map(|(_, hooks)| hooks.clone()).unwrap_or_default());
    Ok(())
}

/// Times each look-up by itself, the clock's own time included; gives the 99th percentile.
fn look_up(what: &str, arguments: &Arguments, hooks_of: impl Fn(&str) -> Vec<Arc<Hook>>) -> Duration {
    let mut times: Vec<_> = (0..arguments.look_ups)
        .map(|turn| {
            let uid = uid(turn.wrapping_mul(STEP) % arguments.connections);
            let began = Instant::now();
            let found = black_box(hooks_of(black_box(&uid)));
            let took = began.elapsed();
            assert_eq!(found.len(), 1, "{uid} has a hook");
            took
        })
        .collect();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what}: a look-up takes {:?} (p50), {:?} (p99), {:?} (p99.9)", at(0.5), at(0.99), at(0.999));
    at(0.99)
}

fn report_memory(what: &str, kibibytes: u64, connections: u64) {
    println!("{what}: {} MiB of memory, {} bytes for a connection with its hook", kibibytes >> 10, (kibibytes << 10) / connections);
}

/// This process's resident memory in KiB, from Linux's own account.
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("memory is only looked at on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")
}
