//! `hookwright functions`: the reference of the built-in functions, made from the table they are registered in, and of what
//! a service's plugin adds to them, made from what it says of itself.

mod entry;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::Value;

use super::printable;
use crate::plugin::{Engine, Grants, Settings};
use crate::services::{Examples, Loader, Secrets};
use entry::Entry;

/// List the IML functions, or explain one: the built-in ones, and with --service those of the service's plugin.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The function to explain.
    name: Option<String>,

    /// A service directory, whose plugin's functions are listed too.
    #[arg(long, value_name = "DIR")]
    service: Option<PathBuf>,

    /// Print a reference page in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,

    /// Print JSON: name, family, signature, summary and examples of each.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  hookwright functions                 every function with its signature
  hookwright functions formatDate      one function with its examples
  hookwright functions --service services/cards luhn
  hookwright functions --markdown      the whole reference as a page";

/// Prints the list, or one entry of it.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { name, service, markdown: page, json } = arguments;
    let mut entries = entry::built_in();
    if let Some(directory) = service {
        entries.extend(of_service(&directory)?);
    }
    if let Some(name) = &name {
        let Some(found) = entries.iter().position(|entry| entry.name == *name) else {
            anstream::eprintln!("error: there is no function `{name}`{}", suggestion(name, &entries));
            return Ok(ExitCode::FAILURE);
        };
        entries = vec![entries.swap_remove(found)];
    }
    let text = match (name, page, json) {
        (_, true, _) => markdown(&entries),
        (_, _, true) => format!("{:#}\n", Value::from_iter(entries.iter().map(Entry::json))),
        (None, ..) => list(&entries),
        (Some(_), ..) => entries.iter().map(explained).collect(),
    };
    let text = if json { printable::json(&text) } else { printable::printable(&text) };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The functions of the plugin in a service directory. It is only looked at, so it gets whatever it asks for.
fn of_service(directory: &Path) -> anyhow::Result<Vec<Entry>> {
    let engine = Engine::new(&Settings { grants: Grants::everything(), instances: 1, ..Settings::default() })?;
    let loader = Loader { engine: engine.into(), secrets: Secrets::new(None), examples: Examples::Accepted };
    let loaded = loader.load(&super::check::named(directory)?);
    let (service, _) = loaded.map_err(|report| anyhow!("{}", report.render(false).trim_end().to_owned()))?;
    let plugin = service.plugin.ok_or_else(|| anyhow!("{} has no plugin.wasm", directory.display()))?;
    Ok(entry::of_plugin(&service.name, plugin.description()))
}

/// Names that hold what was asked for, whatever its case.
fn suggestion(name: &str, entries: &[Entry]) -> String {
    let wanted = name.to_ascii_lowercase();
    let near = entries.iter().filter(|entry| entry.name.to_ascii_lowercase().contains(&wanted));
    let near: Vec<_> = near.map(|entry| format!("`{}`", entry.name)).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) }
}

/// The functions of one family after the other, as the table has them.
fn families(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    entries.chunk_by(|one, other| one.family == other.family)
}

fn list(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.signature.chars().count()).max().unwrap_or_default().min(44);
    let mut out = String::new();
    for family in families(entries) {
        let separator = if out.is_empty() { "" } else { "\n" };
        _ = writeln!(out, "{separator}{}:", family[0].family);
        for entry in family {
            _ = writeln!(out, "  {:width$}  {}", entry.signature, first_sentence(&entry.summary));
        }
    }
    out
}

/// A summary up to the first full stop or semicolon that ends something.
fn first_sentence(summary: &str) -> &str {
    let end = [". ", "; "].iter().filter_map(|stop| summary.find(stop)).min();
    summary[..end.unwrap_or(summary.len())].trim_end_matches('.')
}

fn explained(entry: &Entry) -> String {
    let mut out = format!("{}\n\n{}\n", entry.signature, entry.summary);
    for example in &entry.examples {
        _ = write!(out, "\n  {{{{{}}}}}\n", example.expression);
        if example.context != "{}" {
            _ = writeln!(out, "    where  {}", example.context);
        }
        _ = writeln!(out, "    gives  {}", example.result);
    }
    out
}

fn markdown(entries: &[Entry]) -> String {
    let mut out = String::from("# IML functions\n");
    for family in families(entries) {
        _ = writeln!(out, "\n## {}", family[0].family);
        for entry in family {
            _ = write!(out, "\n### `{}`\n\n{}\n", entry.signature, entry.summary);
            if !entry.examples.is_empty() {
                out.push_str("\n| expression | variables | result |\n| --- | --- | --- |\n");
            }
            for example in &entry.examples {
                let context = if example.context == "{}" { String::new() } else { cell(&example.context) };
                _ = writeln!(out, "| {} | {context} | {} |", cell(&format!("{{{{{}}}}}", example.expression)), cell(&example.result));
            }
        }
    }
    out
}

/// Code in a cell of a table: a bar would end it, and so would a line break.
fn cell(code: &str) -> String {
    let code = code.replace('|', "\\|").replace('\n', "␤");
    let fence = if code.contains('`') { "``" } else { "`" };
    let pad = if code.contains('`') { " " } else { "" };
    format!("{fence}{pad}{code}{pad}{fence}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_function_once() {
        let all = entry::built_in();
        let list = list(&all);
        for entry in &all {
            assert_eq!(list.matches(&format!("  {} ", entry.signature)).count(), 1, "{}", entry.name);
        }
    }

    #[test]
    fn one_function_is_explained_with_its_examples() {
        let all = entry::built_in();
        let explained = explained(all.iter().find(|entry| entry.name == "if").unwrap());
        assert!(explained.starts_with("if("), "{explained}");
        assert!(explained.contains("gives"), "{explained}");
    }

    #[test]
    fn another_case_finds_the_name_it_was_meant_to_be() {
        assert_eq!(suggestion("PARSEJSON", &entry::built_in()), "; did you mean `parseJSON`?");
        assert_eq!(suggestion("xyzzy", &entry::built_in()), "");
    }

    #[test]
    fn a_bar_does_not_break_the_table() {
        assert_eq!(cell("a | b"), "`a \\| b`");
        assert_eq!(cell("x.`y z`"), "`` x.`y z` ``");
    }
}
