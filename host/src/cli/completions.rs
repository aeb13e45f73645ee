//! `hookwright completions`: tab completion for a shell.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

/// Print a completion script for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

const EXAMPLES: &str = "Examples:
  hookwright completions bash > ~/.local/share/bash-completion/completions/hookwright
  hookwright completions zsh > ~/.zfunc/_hookwright
  hookwright completions fish > ~/.config/fish/completions/hookwright.fish";

/// Prints the script to standard output.
#[allow(clippy::needless_pass_by_value)] // every command is run with its own arguments
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Cli::command(), "hookwright", &mut script);
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_completed() {
        let mut script = Vec::new();
        clap_complete::generate(Shell::Bash, &mut super::super::Cli::command(), "hookwright", &mut script);
        let script = String::from_utf8(script).unwrap();
        for command in super::super::Cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{}", command.get_name());
        }
    }
}
