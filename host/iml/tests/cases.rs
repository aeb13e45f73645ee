//! Runs the conformance cases of tests/cases/iml.jsonl, and our own beside them in own.jsonl, one JSON object a line: `id`, `area`, `expr`, `context`,
//! `expected`, where the fact comes from (`source`) and how sure it is (`certainty`).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Limits, NoCustom, Template, Zone, json};
use serde_json::Value;

#[test]
fn every_case_gives_what_its_source_says() {
    let lines = [include_str!("cases/iml.jsonl"), include_str!("cases/own.jsonl")].into_iter().flat_map(str::lines);
    let cases = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (with_javascript, cases): (Vec<_>, Vec<_>) = cases.partition(|case| case["context"].get("$functions").is_some());
    println!("{} cases bring JavaScript and wait for it: {}", with_javascript.len(), names(&with_javascript));
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for case in &cases {
        let outcome = run(case);
        if !agrees(&case["expected"], &outcome) {
            let line = format!("{} {} wants {}, gave {outcome:?}", case["id"], case["expr"], case["expected"]);
            wrong.entry(case["area"].as_str().unwrap()).or_default().push(line);
        }
    }
    let count: usize = wrong.values().map(Vec::len).sum();
    assert!(wrong.is_empty(), "{count} of {} cases fail:\n{wrong:#?}", cases.len());
}

fn names(cases: &[Value]) -> String {
    cases.iter().map(|case| case["id"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

fn run(case: &Value) -> Result<Value, String> {
    let expression = case["expr"].as_str().unwrap();
    let context = case["context"].to_string();
    let context = json::Document::parse(&context).unwrap();
    let scope = Context::read(context.root(), &environment())?;
    let tree = json::Document::parse(expression);
    let compiled = match case.get("form") {
        Some(_) => Template::compile_tree(tree.as_ref().unwrap().root(), &NoCustom),
        None => Template::compile(expression, &NoCustom),
    };
    let (template, _) = compiled.map_err(|errors| errors[0].message.clone())?;
    let value = template.evaluate(&scope).map_err(|error| error.message)?;
    let mut written = Vec::new();
    value.write_notation(&mut written);
    Ok(serde_json::from_slice(&written).unwrap())
}

fn environment() -> Environment {
    Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 0x9E37_79B9_7F4A_7C15, limits: Limits::default() }
}

fn agrees(expected: &Value, outcome: &Result<Value, String>) -> bool {
    let wants_error = expected.get("$error").is_some();
    match outcome {
        Ok(value) => !wants_error && same(expected, value),
        Err(_) => wants_error,
    }
}

fn same(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 1e-9 * one.abs().max(1.0)
        }
        (Value::Array(one), Value::Array(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other)),
        (Value::Object(one), Value::Object(other)) => one.keys().eq(other.keys()) && one.iter().all(|(key, one)| same(one, &other[key])),
        _ => expected == value,
    }
}
