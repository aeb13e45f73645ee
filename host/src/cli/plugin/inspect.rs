//! What a plugin is and offers, to read or as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::plugin::{Capability, Function, Plugin, first_paragraph};

/// For a person: name, size and digest, what it reaches, what it offers.
pub(super) fn shown(plugin: &Plugin, size: usize) -> String {
    let description = plugin.description();
    let mut out = format!("{} {}\n", description.name, description.version);
    _ = writeln!(out, "  {} KiB, sha256 {}", size.div_ceil(1024), plugin.digest());
    _ = writeln!(out, "  imports {}", listed(plugin.imports().iter().map(String::as_str)));
    _ = writeln!(out, "  asks for {}", listed(plugin.asks().iter().map(|capability| capability.name())));
    for function in &description.functions {
        _ = write!(out, "\n  {}: {}\n{}", function.signature(), function.returns, below(&function.summary));
        for example in &function.examples {
            _ = writeln!(out, "      {} => {}", example.expression, example.result);
        }
    }
    for extractor in &description.extractors {
        _ = write!(out, "\n  uid extractor {}\n{}", extractor.name, below(&extractor.summary));
    }
    out
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The first paragraph of documentation as it stands below a name.
fn below(documentation: &str) -> String {
    match first_paragraph(documentation) {
        paragraph if paragraph.is_empty() => paragraph,
        paragraph => format!("      {paragraph}\n"),
    }
}

/// Everything, for scripts.
pub(super) fn as_json(plugin: &Plugin, size: usize) -> Value {
    let description = plugin.description();
    let extractors = description.extractors.iter().map(|extractor| json!({ "name": extractor.name, "summary": extractor.summary }));
    json!({
        "name": description.name,
        "version": description.version,
        "size": size,
        "sha256": plugin.digest(),
        "imports": plugin.imports(),
        "asks": plugin.asks().iter().copied().map(Capability::name).collect::<Vec<_>>(),
        "functions": description.functions.iter().map(function_json).collect::<Vec<_>>(),
        "extractors": extractors.collect::<Vec<_>>(),
    })
}

fn function_json(function: &Function) -> Value {
    let parameters = function.parameters.iter().map(|parameter| {
        json!({ "name": parameter.name, "kind": parameter.kind, "optional": parameter.optional, "variadic": parameter.variadic })
    });
    let examples = function.examples.iter().map(|example| json!({ "expression": example.expression, "result": example.result }));
    json!({
        "name": function.name,
        "signature": function.signature(),
        "summary": function.summary,
        "parameters": parameters.collect::<Vec<_>>(),
        "returns": function.returns,
        "examples": examples.collect::<Vec<_>>(),
    })
}
