//! Loading a plugin, and swapping it while it is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hookwright::plugin::{Compilation, Engine, Plugin, Settings};

use crate::Arguments;
use crate::calls::Call;

/// How many swaps one call has to live through.
const SWAPS: u32 = 200;

pub(crate) fn measure(arguments: &Arguments, wasm: &[u8], call: &Call) -> anyhow::Result<()> {
    let cache = tempfile::tempdir()?;
    let engine =
        Engine::new(&Settings { cache: Some(cache.path().join("compiled")), compilation: Compilation::InProcess, ..Settings::default() })?;
    println!("\nloading {} KiB, milliseconds, best and median", wasm.len().div_ceil(1024));
    row("compiled anew", arguments.turns, |turn| load(&engine, &edition(wasm, turn)))?;
    row("from the cache", arguments.turns, |_| load(&engine, &edition(wasm, 0)))?;
    swap(&engine, wasm, call)
}

fn load(engine: &Engine, wasm: &[u8]) -> anyhow::Result<Arc<Plugin>> {
    Ok(engine.load("signing", wasm)?)
}

/// The same plugin in another file: with a custom section at its end that says which.
fn edition(wasm: &[u8], number: usize) -> Vec<u8> {
    let [low, high, ..] = number.to_le_bytes();
    [wasm, &[0, 4, 1, b'e', low, high]].concat()
}

fn row(name: &str, turns: usize, mut load: impl FnMut(usize) -> anyhow::Result<Arc<Plugin>>) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for turn in 0..turns {
        let began = Instant::now();
        load(turn)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    println!("{name:<40} {:>9.2} {:>9.2}", milliseconds(times[0]), milliseconds(times[turns / 2]));
    Ok(())
}

/// Loads and swaps without a pause while another thread calls; what the calls feel of it.
fn swap(engine: &Engine, wasm: &[u8], call: &Call) -> anyhow::Result<()> {
    let quiet = latencies(call, |done| {
        thread::sleep(Duration::from_millis(500));
        done.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    let swapped = latencies(call, |done| {
        let swapped = (0..SWAPS).try_for_each(|_| load(engine, &edition(wasm, 0)).map(|plugin| call.swap(plugin)));
        done.store(true, Ordering::Relaxed);
        swapped
    })?;
    println!("\ncalls meanwhile, microseconds of wall time, half of them and 99 in 100 within");
    print(&quiet, "nothing else");
    print(&swapped, &format!("{SWAPS} swaps, one after the other"));
    Ok(())
}

/// How long each call took until `meanwhile` was done, ascending.
fn latencies(call: &Call, meanwhile: impl FnOnce(&AtomicBool) -> anyhow::Result<()>) -> anyhow::Result<Vec<Duration>> {
    let done = AtomicBool::new(false);
    let mut latencies = thread::scope(|scope| {
        let calling = scope.spawn(|| call_until(call, &done));
        meanwhile(&done)?;
        anyhow::Ok(calling.join().expect("no call fails while the plugin is swapped"))
    })?;
    latencies.sort_unstable();
    Ok(latencies)
}

fn call_until(call: &Call, done: &AtomicBool) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let began = Instant::now();
        call.in_plugin();
        latencies.push(began.elapsed());
    }
    latencies
}

fn print(latencies: &[Duration], name: &str) {
    let within = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_secs_f64() * 1e6;
    println!("{name:<40} {:>9.1} {:>9.1}   of {}", within(50), within(99), latencies.len());
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
