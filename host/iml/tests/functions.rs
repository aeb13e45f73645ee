//! The table of functions: every example holds, every signature says what the arity says.
#![allow(clippy::unwrap_used)]

use hookwright_iml::functions::{self, Arity, Example};
use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Limits, NoCustom, Template, Zone, json};

#[test]
fn every_example_gives_what_its_reference_page_says() {
    let wrong: Vec<String> = functions::all()
        .flat_map(|function| function.examples)
        .filter_map(|example| {
            let result = run(example);
            (result != example.result).then(|| format!("{} gives {result}, not {}", example.expression, example.result))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run(example: &Example) -> String {
    let context = json::Document::parse(example.context).unwrap();
    let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() };
    let scope = Context::read(context.root(), &environment).unwrap();
    let text = format!("{{{{{}}}}}", example.expression);
    let (template, warnings) = Template::compile(&text, &NoCustom).unwrap();
    assert!(warnings.iter().all(|warning| warning.message.contains("Fusion")), "{text} warns: {warnings:?}");
    let mut result = Vec::new();
    match template.evaluate(&scope) {
        Ok(value) => value.write_notation(&mut result),
        Err(error) => return error.message,
    }
    String::from_utf8(result).unwrap()
}

#[test]
fn every_function_has_an_example_and_a_sentence() {
    for function in functions::all() {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        assert!(function.summary.ends_with('.'), "{}: the summary is no sentence", function.name);
    }
}

#[test]
fn a_signature_begins_with_the_name_and_says_the_arity() {
    for function in functions::all() {
        let (name, parameters) = function.signature.split_once('(').unwrap();
        assert_eq!(name, function.name);
        assert_eq!(arity_of(parameters.trim_end_matches(')')), function.arity, "{}", function.signature);
    }
}

fn arity_of(parameters: &str) -> Arity {
    let parameters: Vec<&str> = parameters.split("; ").filter(|parameter| !parameter.is_empty()).collect();
    let required = parameters.iter().filter(|parameter| !parameter.starts_with('[') && **parameter != "…").count();
    let variadic = parameters.iter().any(|parameter| parameter.contains('…'));
    Arity { required, maximum: (!variadic).then_some(parameters.len()) }
}

#[test]
fn no_two_functions_share_a_name() {
    let mut names: Vec<_> = functions::all().map(|function| function.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
