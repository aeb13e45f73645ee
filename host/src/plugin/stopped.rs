//! Why a call did not come back, in words for the author of the plugin.

use std::fmt;
use std::time::Duration;

use hookwright_iml::{CallError, Interrupt};
use wasmtime::Trap;

use super::settings::Settings;
use super::state::State;
use super::wire::TooLarge;

/// A call that ended in the middle. The instance is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The time it may take is used up.
    Deadline(Duration),
    /// It asked for more memory than it may have.
    Memory(usize),
    /// It panicked, and said so.
    Panicked(String),
    /// What it is to be handed takes more memory than it has.
    Handed,
    /// It handed over more than the host takes.
    TooMuch(usize),
    /// What wasmtime says.
    Trap(String),
}

impl fmt::Display for Stopped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline(limit) => write!(out, "the plugin was stopped: it may take {} ms", limit.as_millis()),
            Self::Memory(limit) => write!(out, "the plugin wanted more than the {} MiB of memory it may have", limit >> 20),
            Self::Panicked(message) => write!(out, "the plugin {message}"),
            Self::Handed => out.write_str("the plugin has no memory for what it is to be handed: raise --plugin-memory, or hand it less"),
            Self::TooMuch(limit) => write!(out, "the plugin handed over more than {} KiB in one call", limit >> 10),
            Self::Trap(trap) => write!(out, "the plugin crashed: {trap}"),
        }
    }
}

/// A limit that was met is the request's failure; a crash is the plugin's.
impl From<Stopped> for CallError {
    fn from(stopped: Stopped) -> Self {
        let interrupt = match stopped {
            Stopped::Deadline(_) => Some(Interrupt::Time),
            Stopped::Memory(_) | Stopped::Handed | Stopped::TooMuch(_) => Some(Interrupt::Memory),
            Stopped::Panicked(_) | Stopped::Trap(_) => None,
        };
        Self { message: stopped.to_string(), interrupt }
    }
}

/// The plugin is not even called.
impl From<TooLarge> for CallError {
    fn from(_: TooLarge) -> Self {
        Stopped::Handed.into()
    }
}

impl Stopped {
    /// What an error of wasmtime means, given what the instance did before.
    pub(super) fn from_error(error: &wasmtime::Error, state: &State, settings: &Settings, limit: Duration) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline(limit),
            Some(Trap::UnreachableCodeReached) => unreachable_reached(error, state, settings),
            Some(trap) => Self::Trap(trap.to_string()),
            None if too_much(error) => Self::TooMuch(state.result_size),
            None if error.is::<TooLarge>() => Self::Handed,
            None => Self::Trap(format!("{error:#}")),
        }
    }
}

/// Rust ends a panic and a failed allocation alike; what went before tells them apart.
fn unreachable_reached(error: &wasmtime::Error, state: &State, settings: &Settings) -> Stopped {
    match &state.log.last_error {
        _ if state.limits.memory_refused => Stopped::Memory(settings.memory),
        Some(message) if message.starts_with("panicked") => Stopped::Panicked(message.clone()),
        _ => Stopped::Trap(error.downcast_ref::<Trap>().map(Trap::to_string).unwrap_or_default()),
    }
}

/// Wasmtime has no type for this one.
fn too_much(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| cause.to_string().contains("too much data is being copied"))
}
