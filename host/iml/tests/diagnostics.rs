//! Golden files of messages: each file of tests/diagnostics holds a template (a text, or a JSON tree), `---`, and
//! what its author is told. `UPDATE_DIAGNOSTICS=1 cargo test -p hookwright-iml --test diagnostics` writes them anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Error, Limits, NoCustom, Template, Warning, Zone, json};

const SEPARATOR: &str = "\n---\n";

/// Small, so that what goes beyond them fits into a golden file.
const LIMITS: Limits = Limits { size: 200, depth: 16 };

#[test]
fn every_mistake_is_told_as_its_golden_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let update = std::env::var_os("UPDATE_DIAGNOSTICS").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let golden = std::fs::read_to_string(&path).unwrap();
        let template = golden.split(SEPARATOR).next().unwrap().trim_end_matches('\n');
        let told = format!("{template}{SEPARATOR}{}", told(template));
        count += 1;
        if told != golden && update {
            std::fs::write(&path, &told).unwrap();
        } else if told != golden {
            wrong.push(format!("{}:\n{told}", path.display()));
        }
    }
    assert!(count > 30, "only {count} golden files were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All that is said about a template: when it is compiled, and if it compiles, when it is evaluated over no variables.
fn told(source: &str) -> String {
    let document = json::Document::parse_with_comments(source).ok();
    let tree = document.as_ref().map(json::Document::root).filter(|_| source.starts_with(['{', '[', '"']) && !source.starts_with("{{"));
    let compiled = match tree {
        Some(root) => Template::compile_tree(root, &NoCustom),
        None => Template::compile(source, &NoCustom),
    };
    match compiled {
        Ok((template, warnings)) => warnings.iter().map(|warning| warned(source, warning)).chain(failed(source, &template)).collect(),
        Err(errors) => errors.iter().map(|error| erred(source, error)).collect(),
    }
}

fn failed(source: &str, template: &Template) -> Option<String> {
    let empty = json::Document::parse("{}").unwrap();
    let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: LIMITS };
    let scope = Context::read(empty.root(), &environment).unwrap();
    template.evaluate(&scope).err().map(|error| format!("when evaluated, {}", erred(source, &error)))
}

fn erred(source: &str, error: &Error) -> String {
    shown(source, "error", &error.message, error.help.as_deref(), &error.span)
}

fn warned(source: &str, warning: &Warning) -> String {
    shown(source, "warning", &warning.message, warning.help.as_deref(), &warning.span)
}

fn shown(source: &str, severity: &str, message: &str, help: Option<&str>, span: &Range<usize>) -> String {
    let start = source[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = source[start..].lines().next().unwrap_or_default();
    let indent = source[start..span.start].chars().count();
    let width = source[span.clone()].lines().next().unwrap_or_default().chars().count().max(1);
    let mut out = format!("{severity}: {message}\n{line}\n{:indent$}{}\n", "", "^".repeat(width));
    if let Some(help) = help {
        writeln!(out, "help: {help}").unwrap();
    }
    out
}
