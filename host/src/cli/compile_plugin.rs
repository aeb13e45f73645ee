//! `hookwright compile-plugin`: what the host starts to compile a plugin in a process of its own.

use std::process::ExitCode;
use std::time::Duration;

use crate::plugin::compile::child;
use crate::plugin::{CompileLimits, MemoryLayout};

/// Compile the plugin on standard input to native code on standard output, under limits. Started by the host alone.
#[derive(clap::Args, Debug)]
#[command(hide = true)]
pub struct Arguments {
    /// Bytes of address space that this process may have.
    #[arg(long)]
    memory: u64,

    /// Seconds of a processor that it may take.
    #[arg(long)]
    seconds: u64,

    /// Bytes of address space of a linear memory in the host.
    #[arg(long)]
    memory_reservation: u64,

    /// Bytes behind it that stay unmapped there.
    #[arg(long)]
    memory_guard: u64,
}

/// Compiles.
#[allow(clippy::needless_pass_by_value)] // every command is run with its own arguments
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let limits = CompileLimits { memory: arguments.memory, time: Duration::from_secs(arguments.seconds) };
    let layout = MemoryLayout { reservation: arguments.memory_reservation, guard: arguments.memory_guard };
    child::run(limits, layout)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_command_that_the_host_starts_is_one_and_is_not_listed() {
        let line = child::arguments(CompileLimits::default(), MemoryLayout { reservation: 1, guard: 2 });
        Cli::try_parse_from(std::iter::once("hookwright".to_owned()).chain(line)).unwrap();
        let command = Cli::command();
        assert!(command.find_subcommand(child::COMMAND).unwrap().is_hide_set());
    }
}
