//! The compiler's child process: a plugin's file comes in by standard input, native code goes out by standard output.

use std::io::{self, Read};

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use wasmtime::Engine;

use super::{CompileLimits, answer, component};
use crate::plugin::contract::LoadError;
use crate::plugin::native_code::{MemoryLayout, NativeCode};

/// Files that the process may have open: its three streams, and one for what the system's allocator may ask.
const FILES: u64 = 8;

/// The command line of a child: what [`run`] is to be called with.
pub(crate) fn arguments(limits: CompileLimits, layout: MemoryLayout) -> [String; 5] {
    [
        COMMAND.to_owned(),
        format!("--memory={}", limits.memory),
        format!("--seconds={}", limits.time.as_secs()),
        format!("--memory-reservation={}", layout.reservation),
        format!("--memory-guard={}", layout.guard),
    ]
}

/// The command that runs a child; it is not listed, since only the host starts it.
pub const COMMAND: &str = "compile-plugin";

/// Limits this process, then compiles what comes by standard input. The answer, also that there is no code, goes to standard
/// output. Does nothing else and must be a process of its own: the limits stay.
///
/// # Errors
/// When the streams fail. That the parent is gone is no matter any more.
pub fn run(limits: CompileLimits, layout: MemoryLayout) -> io::Result<()> {
    let answer = limit_this_process(limits).map_err(cannot_limit).and_then(|()| compile(layout));
    answer::write(&answer, &mut io::stdout().lock())
}

/// First of all that the process does: nothing of the plugin was read yet.
fn limit_this_process(limits: CompileLimits) -> io::Result<()> {
    // It ends with its parent, whatever ends that.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let seconds = limits.time.as_secs().max(1);
    // The soft limit's signal says that it was the time; the hard one ends whoever ignores it.
    limit(Resource::Cpu, seconds, seconds + 1)?;
    limit(Resource::As, limits.memory, limits.memory)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Nofile, FILES, FILES)
}

/// Lowers a limit; one that is lower already stays.
fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let lower = |limit: u64, now: Option<u64>| Some(now.map_or(limit, |now| now.min(limit)));
    setrlimit(resource, Rlimit { current: lower(soft, now.current), maximum: lower(hard, now.maximum) })?;
    Ok(())
}

fn compile(layout: MemoryLayout) -> Result<NativeCode, LoadError> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map_err(|error| LoadError::Compiler(error.to_string()))?;
    let engine = Engine::new(&layout.config()).map_err(|error| LoadError::Compiler(format!("{error:#}")))?;
    component::compile(&engine, &bytes)
}

#[allow(clippy::needless_pass_by_value)] // what `map_err` hands over
fn cannot_limit(error: io::Error) -> LoadError {
    LoadError::Compiler(format!("it cannot limit what it takes: {error}; the system has to let it call prlimit and prctl"))
}
