//! Plugins: WebAssembly components with custom functions and uid extractors, each request in an instance of its own.
//!
//! [`Engine::load`] makes a [`Plugin`] of a file's bytes: checked, compiled (or taken from the private
//! cache), given what the operator granted it, and asked what it offers. [`Plugin::admit`] gives one request a place, with which its [`Session`] begins. Nothing
//! outside this folder knows of wasmtime.

mod breaker;
mod cache;
mod caller;
mod capability;
mod circuit;
pub mod compile;
mod contract;
mod description;
mod engine;
mod imports;
mod line;
mod meters;
mod native_code;
mod permit;
mod pool;
mod session;
mod settings;
mod state;
mod stopped;
mod stopwatch;
mod ticker;
mod trust;
mod wire;

pub mod build;
pub mod new;
pub mod rebuild;

pub use caller::Caller;
pub use capability::{Capability, Grant, Grants};
pub use compile::{Compilation, CompileLimits, component_from_module};
pub use contract::LoadError;
pub use description::{Description, Example, Extractor, Function, Parameter, first_paragraph};
pub use engine::{Engine, Plugin};
pub use native_code::MemoryLayout;
pub use permit::{Permit, Unavailable};
pub use session::Session;
pub use settings::Settings;

/// Wasmtime's error type is its own; what is left of it outside is its message.
#[allow(clippy::needless_pass_by_value)] // what `map_err` hands over
fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

#[cfg(test)]
pub(crate) mod tests;
