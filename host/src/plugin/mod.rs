//! Plugins: WebAssembly components with custom functions and uid extractors, each request in an instance of its own.
//!
//! [`Engine::load`] makes a [`Plugin`] of a file's bytes: checked, compiled (or taken from the private
//! cache) and asked what it offers. [`Plugin::begin`] gives a [`Session`] for one request. Nothing
//! outside this folder knows of wasmtime.

mod cache;
mod compile;
mod contract;
mod description;
mod engine;
mod imports;
mod session;
mod settings;
mod slots;
mod state;
mod stopped;
mod ticker;
mod wire;

pub mod build;
pub mod new;

pub use compile::component_from_module;
pub use contract::LoadError;
pub use description::{Description, Extractor, Function, Parameter, first_paragraph};
pub use engine::{Engine, Plugin};
pub use session::Session;
pub use settings::Settings;

/// Wasmtime's error type is its own; what is left of it outside is its message.
#[allow(clippy::needless_pass_by_value)] // what `map_err` hands over
fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

#[cfg(test)]
mod tests;
