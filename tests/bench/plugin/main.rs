//! What a call of a plugin costs.
//!
//!     cargo bench -p hookwright-tests --bench plugin
//!
//! calls the same function natively and in a plugin (a request's whole way: its place, a fresh instance, one call with a
//! payload of 2 KiB, the end of the instance), on one thread and on two at once, turn by turn; then it loads the plugin anew
//! and from the cache, and swaps it under calls. Where npm's `isolated-vm` can be had, a fresh context of it is measured
//! beside. Processor time is hardly moved by what else the machine does; wall time is. `-- --help` lists what can be set.

mod calls;
mod isolated_vm;
mod loading;
mod timing;

use std::time::Duration;

use clap::Parser;
use hookwright_tests::plugins;

use calls::Call;
use timing::{Cost, Turns};

#[derive(Parser)]
struct Arguments {
    /// Turns of each row.
    #[arg(long, default_value_t = 9)]
    turns: usize,
    /// Milliseconds measured in each turn.
    #[arg(long, default_value_t = 200)]
    milliseconds: u64,
    /// Leave isolated-vm out, which takes minutes to install.
    #[arg(long)]
    without_isolated_vm: bool,
    /// What cargo says when it is a benchmark that is run, and not a test of one.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("not measured: run `cargo bench -p hookwright-tests --bench plugin`");
        return Ok(());
    }
    let wasm = std::fs::read(plugins::of_tests("signing"))?;
    let call = Call::new(&wasm)?;
    println!("HMAC-SHA256 of {} bytes; {} turns of {} ms", call.size(), arguments.turns, arguments.milliseconds);
    println!("\n{:<40} {:>9} {:>9} {:>9} {:>9}", "microseconds a call", "cpu best", "median", "wall best", "median");
    let on_one = compare(&arguments, &call, 1);
    compare(&arguments, &call, 2);
    if !arguments.without_isolated_vm {
        isolated_vm::compare(arguments.turns, call.body(), on_one)?;
    }
    loading::measure(&arguments, &wasm, &call)
}

/// Natively and in the plugin, turn by turn; what a call in the plugin costs.
fn compare(arguments: &Arguments, call: &Call, threads: usize) -> Cost {
    let time = Duration::from_millis(arguments.milliseconds);
    let (mut native, mut nothing, mut plugin) = (Turns::default(), Turns::default(), Turns::default());
    for _ in 0..arguments.turns {
        native.add(timing::cost(threads, time, &|| call.natively()));
        nothing.add(timing::cost(threads, time, &|| call.for_nothing()));
        plugin.add(timing::cost(threads, time, &|| call.in_plugin()));
    }
    let on = if threads == 1 { "on one thread".to_owned() } else { format!("on {threads} threads at once") };
    println!("{}", native.row(&format!("native, {on}")));
    println!("{}", nothing.row(&format!("plugin, no work, {on}")));
    println!("{}", plugin.row(&format!("plugin, {on}")));
    println!("{}", plugin.over(&native).row("  over native"));
    plugin.median()
}
