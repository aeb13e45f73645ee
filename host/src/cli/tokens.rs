//! `hookwright tokens`: who may use the operators' interface from afar.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use http::Method;

use super::control::{HostArguments, path_of, print_json, print_table};
use super::time::time;
use crate::admin::{NewToken, Removed, Scope, TokenAdded, TokenView};

/// Add, list and remove tokens for the operators' interface (`serve --operators`).
///
/// A token is shown once, when it is added: the host keeps its hash only.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a token, and print it: it is shown this once.
    Add {
        /// A name for it: who or what has it.
        name: String,
        /// Let it look at what is masked, and change nothing.
        #[arg(long)]
        read_only: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the tokens by their names.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a token: it is good for nothing from then on.
    Remove {
        /// Its name, as `list` shows it.
        name: String,
    },
}

/// Runs one of the verbs.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { host, verb } = arguments;
    match verb {
        Verb::Add { name, read_only, json } => add(&host, name, if read_only { Scope::Read } else { Scope::Full }, json)?,
        Verb::List { json } => list(&host, json)?,
        Verb::Remove { name } => {
            let removed: Removed = host.ask_plainly(Method::DELETE, &path_of("/tokens/", &name, ""))?;
            anstream::eprintln!("token {} is removed", removed.removed);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn add(host: &HostArguments, name: String, scope: Scope, json: bool) -> anyhow::Result<()> {
    let added: TokenAdded = host.ask(Method::POST, "/tokens", Some(&NewToken { name, scope }))?;
    if json {
        return print_json(&added);
    }
    anstream::println!("{}", added.token);
    anstream::eprintln!("that is the token {}, which is not shown again: send it as `Authorization: Bearer TOKEN`", added.name);
    Ok(())
}

fn list(host: &HostArguments, json: bool) -> anyhow::Result<()> {
    let tokens: Vec<TokenView> = host.ask_plainly(Method::GET, "/tokens")?;
    if json {
        return print_json(&tokens);
    }
    if tokens.is_empty() {
        anstream::eprintln!("no tokens yet; `hookwright tokens add NAME` adds one");
        return Ok(());
    }
    let row = |token: TokenView| [token.name, scope(token.scope).to_owned(), time(token.added_ms)];
    let rows: Vec<_> = tokens.into_iter().map(row).collect();
    Ok(print_table(["NAME", "SCOPE", "ADDED"], &rows)?)
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Full => "full",
    }
}
