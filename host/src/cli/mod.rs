//! The command line: one command a file.

pub mod check;
pub mod completions;
pub mod connections;
pub mod demo;
pub mod eval;
pub mod functions;
pub mod hooks;
pub mod plugin;
pub mod serve;
pub mod try_request;
