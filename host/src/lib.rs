//! The world around a webhook: sockets, files, storage, plugins.

pub mod admin;
pub mod cli;
pub mod connections;
pub mod data_directory;
pub mod deliver;
pub mod environment;
pub mod failure;
mod fingerprint;
pub mod inbound;
pub mod journal;
pub mod plugin;
pub mod receive;
pub mod server;
pub mod services;
