//! The command line: one command a file.
//!
//! Exit codes: 0 it worked, 1 it did not (what was asked for is wrong or failed), 2 the command line itself is wrong.

mod address_space;
pub mod backup;
pub mod check;
pub mod compact;
pub mod compile_plugin;
pub mod completions;
pub mod connections;
mod control;
pub mod dead_letters;
pub mod deliveries;
mod delivery_options;
pub mod demo;
pub mod eval;
mod evaluation_limits;
pub mod events;
pub mod export;
pub mod functions;
pub mod hooks;
pub mod import;
mod journal_options;
pub mod keys;
mod log_format;
mod log_writer;
mod logging;
mod manner;
mod open_files;
pub mod openapi;
pub mod plugin;
mod plugin_limits;
mod printable;
mod progress;
pub mod restore;
mod sample;
pub mod serve;
pub mod services;
mod time;
pub mod tokens;
pub mod try_request;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::duration;

/// A self-hosted webhook runtime: specs in Make's webhook format, WebAssembly plugins, durable delivery.
#[derive(Debug, Parser)]
#[command(name = "hookwright", version, max_term_width = 100)]
pub struct Cli {
    /// When to colour what is printed.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,

    /// Say more about what is done (-vv: everything).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

/// When to colour what is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    /// Where the output is a terminal that can.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Arguments>),
    Connections(connections::Arguments),
    Hooks(hooks::Arguments),
    Events(events::Arguments),
    Deliveries(deliveries::Arguments),
    DeadLetters(dead_letters::Arguments),
    Services(services::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Compact(compact::Arguments),
    CompilePlugin(compile_plugin::Arguments),
    Tokens(tokens::Arguments),
    Keys(keys::Arguments),
    Openapi(openapi::Arguments),
    Check(check::Arguments),
    Try(try_request::Arguments),
    Eval(eval::Arguments),
    Functions(functions::Arguments),
    Completions(completions::Arguments),
    Plugin(plugin::Arguments),
    Demo(demo::Arguments),
}

/// Runs one parsed command line.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    choice(cli.color).write_global();
    match cli.command {
        Command::Serve(arguments) => serve::run(*arguments, cli.verbose),
        Command::Connections(arguments) => connections::run(arguments),
        Command::Hooks(arguments) => hooks::run(arguments),
        Command::Events(arguments) => events::run(arguments),
        Command::Deliveries(arguments) => deliveries::run(arguments),
        Command::DeadLetters(arguments) => dead_letters::run(arguments),
        Command::Services(arguments) => services::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Restore(arguments) => restore::run(arguments),
        Command::Compact(arguments) => compact::run(arguments),
        Command::CompilePlugin(arguments) => compile_plugin::run(arguments),
        Command::Tokens(arguments) => tokens::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Openapi(arguments) => openapi::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Try(arguments) => try_request::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Functions(arguments) => functions::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Plugin(arguments) => plugin::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
    }
}

fn choice(color: Color) -> anstream::ColorChoice {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
}

/// Whether standard output may be coloured, as `--color`, the terminal and `NO_COLOR` have it.
pub fn colour_stdout() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Whether standard error may be coloured.
pub fn colour_stderr() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Prints an error to standard error: what failed, then each cause on a line of its own.
pub fn print_error(error: &anyhow::Error) {
    anstream::eprintln!("\u{1b}[1;31merror:\u{1b}[0m {}", printable::printable(&error.to_string()));
    for cause in error.chain().skip(1) {
        anstream::eprintln!("  because: {}", printable::printable(&cause.to_string()));
    }
}

/// Whether the only thing wrong is that nobody reads our output any more (`hookwright functions | head`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_closed_pipe_is_recognised_under_its_context() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("printing");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::anyhow!("something else")));
    }
}
