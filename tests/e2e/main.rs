//! End-to-end tests: one story a module, each with the real binary, real sockets, and files that really change.
#![allow(clippy::unwrap_used)]

mod backup;
mod bad_input;
mod budget;
mod compact;
mod compiling;
mod crash;
mod damage;
mod dead_letters;
mod dedupe;
mod demo;
mod destinations;
mod discord;
mod events;
mod export;
mod full_disk;
mod held;
mod interrupted;
mod javascript;
mod keys;
mod metrics;
mod operators;
mod operators_encrypted;
mod plugin_stops;
mod plugins;
mod pull;
mod reload;
mod samples;
mod service_directories;
mod shared;
mod shutdown;
mod signed_deliveries;
mod signers;
mod telemetry;
mod twilio;
mod untouched;
mod update;
mod verification;

use hookwright_tests::host::Installation;

/// Services, data and the binary of this build.
fn installation() -> Installation {
    Installation::new(env!("CARGO_BIN_EXE_hookwright-under-test"))
}

/// As [`installation`], on a certain disk.
fn installation_in(directory: &std::path::Path) -> Installation {
    Installation::new_in(env!("CARGO_BIN_EXE_hookwright-under-test"), directory)
}

/// A dedicated webhook whose bundle is the body and whose reply is the body of `respond`.
fn answering(text: &str) -> String {
    format!(r#"{{ "respond": {{ "type": "text", "body": "{text}" }} }}"#)
}
