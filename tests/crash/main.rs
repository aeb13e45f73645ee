//! The crash harness by hand: as many kills or power cuts as asked for, with the optimised binary.
//!
//!     cargo bench -p hookwright-tests --bench crash -- --kills 10000
//!     cargo bench -p hookwright-tests --bench crash -- --power-cuts 500       (as root)
//!
//! prints what was acknowledged, lost and repeated, and ends with an error when anything was lost. `RELIABILITY.md` says
//! what this can show and what it cannot.

use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use clap::Parser;
use hookwright_tests::crash::{Blow, Campaign, Kill, PowerCut, Tally};
use hookwright_tests::host::Installation;

#[derive(Parser)]
struct Arguments {
    /// How often the host is killed.
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// Cut the power of the host's disk so often instead, a file system on a loop device: needs root.
    #[arg(long, conflicts_with = "directory")]
    power_cuts: Option<u32>,
    /// Throws the dice of an earlier run, which printed it.
    #[arg(long)]
    seed: Option<u64>,
    /// Where the host writes; a directory on the disk that matters.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Another binary than the one just built.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_hookwright-under-test"))]
    binary: PathBuf,
    /// What cargo says when it is a benchmark that is run, and not a test of one.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("nobody killed: run `cargo bench -p hookwright-tests --bench crash`");
        return Ok(());
    }
    let seed = arguments.seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()));
    let begun = Instant::now();
    let tally = match arguments.power_cuts {
        Some(cuts) => {
            let disk = PowerCut::new().context("power cuts need root, loop devices, ext4 and perl")?;
            let installation = Installation::new_in(arguments.binary, disk.directory());
            run(installation, disk, seed, cuts)?
        }
        None => {
            let directory = arguments.directory.unwrap_or_else(std::env::temp_dir);
            run(Installation::new_in(arguments.binary, directory), Kill, seed, arguments.kills)?
        }
    };
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    ensure!(tally.holds(), "the promise does not hold: {tally}");
    ensure!(tally.carried_over > 0, "recovery had nothing to do, so this has shown nothing: {tally}");
    Ok(())
}

fn run<B: Blow>(installation: Installation, blow: B, seed: u64, blows: u32) -> anyhow::Result<Tally> {
    println!("{blows} blows, --seed {seed}");
    Ok(Campaign::new(installation, blow, seed)?.run(blows, |blows, tally| println!("{blows:>6}: {tally}"))?)
}
