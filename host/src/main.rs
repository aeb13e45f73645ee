//! The `hookwright` binary: parse the command line, run it, print what went wrong.

use std::process::ExitCode;

use clap::Parser;
use hookwright::cli::{self, Cli};
use hookwright::evaluate::memory::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            cli::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
