//! `hookwright functions`: the reference of the built-in functions, made from the table they are registered in.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use hookwright_iml::Function;
use hookwright_iml::functions;
use serde_json::{Value, json};

/// List the built-in IML functions, or explain one.
///
/// A service's plugin may add functions of its own; `hookwright plugin inspect` lists those.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The function to explain.
    name: Option<String>,

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
  hookwright functions --markdown      the whole reference as a page";

/// Prints the list, or one entry of it.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { name, markdown: page, json } = arguments;
    let chosen: Vec<&Function> = match &name {
        None => functions::all().collect(),
        Some(name) => functions::find(name).into_iter().collect(),
    };
    if let (Some(name), []) = (&name, chosen.as_slice()) {
        anstream::eprintln!("error: there is no function `{name}`{}", suggestion(name));
        return Ok(ExitCode::FAILURE);
    }
    let text = match (name, page, json) {
        (_, true, _) => markdown(&chosen),
        (_, _, true) => format!("{:#}\n", Value::from_iter(chosen.iter().map(|function| described(function)))),
        (None, ..) => list(&chosen),
        (Some(_), ..) => chosen.iter().map(|function| explained(function)).collect(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Names that hold what was asked for, whatever its case.
fn suggestion(name: &str) -> String {
    let wanted = name.to_ascii_lowercase();
    let near = functions::all().filter(|function| function.name.to_ascii_lowercase().contains(&wanted));
    let near: Vec<_> = near.map(|function| format!("`{}`", function.name)).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) }
}

/// The functions of one family after the other, as the table has them.
fn families<'f>(functions: &'f [&'static Function]) -> impl Iterator<Item = &'f [&'static Function]> {
    functions.chunk_by(|one, other| one.family == other.family)
}

fn list(functions: &[&'static Function]) -> String {
    let width = functions.iter().map(|function| function.signature.chars().count()).max().unwrap_or_default().min(44);
    let mut out = String::new();
    for family in families(functions) {
        let separator = if out.is_empty() { "" } else { "\n" };
        _ = writeln!(out, "{separator}{}:", family[0].family.name());
        for function in family {
            _ = writeln!(out, "  {:width$}  {}", function.signature, first_sentence(function.summary));
        }
    }
    out
}

/// A summary up to the first full stop or semicolon that ends something.
fn first_sentence(summary: &str) -> &str {
    let end = [". ", "; "].iter().filter_map(|stop| summary.find(stop)).min();
    summary[..end.unwrap_or(summary.len())].trim_end_matches('.')
}

fn explained(function: &Function) -> String {
    let mut out = format!("{}\n\n{}\n", function.signature, function.summary);
    for example in function.examples {
        _ = write!(out, "\n  {{{{{}}}}}\n", example.expression);
        if example.context != "{}" {
            _ = writeln!(out, "    where  {}", example.context);
        }
        _ = writeln!(out, "    gives  {}", example.result);
    }
    out
}

fn markdown(functions: &[&'static Function]) -> String {
    let mut out = String::from("# IML functions\n");
    for family in families(functions) {
        _ = writeln!(out, "\n## {}", family[0].family.name());
        for function in family {
            _ = write!(out, "\n### `{}`\n\n{}\n", function.signature, function.summary);
            if !function.examples.is_empty() {
                out.push_str("\n| expression | variables | result |\n| --- | --- | --- |\n");
            }
            for example in function.examples {
                let context = if example.context == "{}" { String::new() } else { cell(example.context) };
                _ = writeln!(out, "| {} | {context} | {} |", cell(&format!("{{{{{}}}}}", example.expression)), cell(example.result));
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

fn described(function: &Function) -> Value {
    let examples = function.examples.iter().map(|example| {
        let context: Value = serde_json::from_str(example.context).unwrap_or_default();
        let result: Value = serde_json::from_str(example.result).unwrap_or_default();
        json!({ "expression": example.expression, "context": context, "result": result })
    });
    json!({
        "name": function.name,
        "family": function.family.name(),
        "signature": function.signature,
        "summary": function.summary,
        "arguments": { "required": function.arity.required, "maximum": function.arity.maximum },
        "examples": Value::from_iter(examples),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_function_once() {
        let all: Vec<_> = functions::all().collect();
        let list = list(&all);
        for function in &all {
            assert_eq!(list.matches(&format!("  {} ", function.signature)).count(), 1, "{}", function.name);
        }
    }

    #[test]
    fn one_function_is_explained_with_its_examples() {
        let explained = explained(functions::find("if").unwrap());
        assert!(explained.starts_with("if("), "{explained}");
        assert!(explained.contains("gives"), "{explained}");
    }

    #[test]
    fn another_case_finds_the_name_it_was_meant_to_be() {
        assert_eq!(suggestion("PARSEJSON"), "; did you mean `parseJSON`?");
        assert_eq!(suggestion("xyzzy"), "");
    }

    #[test]
    fn a_bar_does_not_break_the_table() {
        assert_eq!(cell("a | b"), "`a \\| b`");
        assert_eq!(cell("x.`y z`"), "`` x.`y z` ``");
    }
}
