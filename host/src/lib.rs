//! The world around a webhook: sockets, files, storage, plugins.
//!
//! [`Host`] is what the binary and the end-to-end tests start. What they must control (listener, folders, limits, when to
//! stop) comes in as parameters.

pub mod admin;
pub mod backup;
pub mod cli;
pub mod connections;
pub mod data_directory;
pub mod deliver;
mod duration;
pub mod environment;
pub mod evaluate;
pub mod failure;
mod fingerprint;
pub mod inbound;
pub mod journal;
pub mod key_file;
pub mod metrics;
pub mod network;
pub mod plugin;
pub mod receive;
pub mod release;
pub mod server;
pub mod services;
pub mod shares;
mod size;
pub mod telemetry;
pub mod trace;

mod host;

pub use host::{Host, Running, Settings};
