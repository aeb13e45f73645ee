//! What the end-to-end tests and the benchmark share: the real binary in a directory of its own, and the world around it.

pub use hookwright::cli::demo::sign;

pub mod client;
pub mod crash;
pub mod host;
pub mod javascript;
mod key_pair;
pub mod left_out;
pub mod packages;
pub mod plugins;
pub mod receiver;
pub mod samples;
pub mod schema;
pub mod signers;
pub mod wait;
