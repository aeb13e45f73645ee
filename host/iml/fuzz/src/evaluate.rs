//! What holds of every template and every body, whatever stands in them. Run by the fuzzer and, on its corpus, by a test.

use std::ops::Range;

use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Error, Limits, NoCustom, Template, Value, Warning, Zone, json};
use serde_json::value::RawValue;

/// What separates a template from the variables it is evaluated with.
const SEPARATOR: char = '\u{1f}';

/// The variables where the input brings none.
const VARIABLES: &str = r#"{
    "text": "Příliš 😀 <b>žluťoučký</b> kůň", "zero": 0, "pi": 3.14159, "big": 123456789012345678901234567890, "no": false, "nil": null,
    "list": [3, "b", null, [1, [2]], {"k": 1}, 0.1, "b"], "numbers": [1, 2, 2.5, "3", -4],
    "people": [{"name": "Ada", "born": {"year": 1815}}, {"name": "Bob"}, {}], "object": {"k": {"l": [1, {"m": 2}]}, "": 1},
    "date": {"$date": "2016-12-28T16:03:06.372Z"}, "bytes": {"$buffer": "/wDDTWFrZQ=="}, "environment": {"timezone": "Europe/Prague"}
}"#;

/// Small, so that the fuzzer finds what grows beyond them.
const LIMITS: Limits = Limits { size: 1 << 16, depth: 32 };

/// Compiles and evaluates a template, as a text and, where it is JSON, as a tree.
///
/// # Panics
/// Where something does not hold.
pub(crate) fn check(input: &str) {
    let (template, variables) = input.split_once(SEPARATOR).unwrap_or((input, VARIABLES));
    check_compiled(template, Template::compile(template, &NoCustom), variables);
    if let Ok(tree) = json::Document::parse_with_comments(template) {
        check_compiled(template, Template::compile_tree(tree.root(), &NoCustom), variables);
        check_compiled(template, Template::compile_path(tree.root(), &NoCustom), variables);
    }
}

fn check_compiled(source: &str, compiled: Result<(Template, Vec<Warning>), Vec<Error>>, variables: &str) {
    match compiled {
        Err(errors) => {
            assert!(!errors.is_empty(), "a template that does not compile says why");
            errors.iter().for_each(|error| check_place(source, &error.span));
        }
        Ok((template, warnings)) => {
            warnings.iter().for_each(|warning| check_place(source, &warning.span));
            evaluate(source, &template, variables);
        }
    }
}

fn evaluate(source: &str, template: &Template, variables: &str) {
    let Ok(variables) = json::Document::parse(variables) else { return };
    let now = Date::from_milliseconds(1_709_164_800_123).expect("a date of 2024");
    let environment = Environment { now, zone: Zone::UTC, random: || 0x9E37_79B9_7F4A_7C15, limits: LIMITS };
    let Ok(scope) = Context::read(variables.root(), &environment) else { return };
    match template.evaluate(&scope) {
        Err(error) => check_place(source, &error.span),
        Ok(value) => check_value(value),
    }
}

/// A place that a message points at is one that can be shown.
fn check_place(source: &str, span: &Range<usize>) {
    assert!(source.get(span.clone()).is_some(), "{span:?} is no part of the source");
}

/// A result is JSON that others can read, within the limits, and the same once it borrows nothing. A number may be one that
/// only its digits can hold, `1e400`: what is passed through is not computed.
fn check_value(value: Value<'_>) {
    let written = value.to_json();
    assert!(serde_json::from_str::<&RawValue>(&written).is_ok(), "a result is JSON");
    let read = json::Document::parse(&written).expect("a result is JSON that is read here, too");
    assert!(depth(read.root()) <= LIMITS.depth, "a result nests within the limit");
    let mut notation = Vec::new();
    value.write_notation(&mut notation);
    assert!(serde_json::from_slice::<&RawValue>(&notation).is_ok(), "the notation is JSON");
    assert_eq!(value.into_owned().to_json(), written);
}

fn depth(node: json::Node<'_>) -> usize {
    let inside = node.elements().chain(node.entries().map(|(_, value)| value)).map(depth).max().unwrap_or(0);
    inside + usize::from(matches!(node.kind(), json::Kind::Array | json::Kind::Object))
}
