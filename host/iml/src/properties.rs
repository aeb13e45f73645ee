//! What holds of every expression, whatever it is: tried on expressions made at random.
#![allow(clippy::unwrap_used)]

mod arbitrary;
mod print;

use proptest::prelude::*;

use crate::ast::{Expression, ExpressionKind, Step};
use crate::lexer::{self, Piece};
use crate::notation::Context;
use crate::value::{Date, Value};
use crate::{Environment, Limits, NoCustom, Template, Zone, json, parser};
use arbitrary::expression;
use print::print;

const VARIABLES: &str = r#"{"text": "Příliš 😀 kůň", "list": [3, "b", null, [1, [2]], {"k": 1}, 0.1], "people": [{"name": "a"}, {"name": "B"}, {}],
    "object": {"k": {"l": [1, {"m": 2}]}, "": 1}, "date": {"$date": "2016-12-28T16:03:06.372Z"}, "bytes": {"$buffer": "/wDD"}}"#;

const LIMITS: Limits = Limits { size: 2_000, depth: 8 };

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_that_is_printed_and_read_again_is_the_same(expression in expression()) {
        let text = print(&expression);
        let tokens = lexer::bare_expression(&text);
        let mut read = parser::parse(&text, &tokens, &mut Vec::new()).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        without_spans(&mut read);
        prop_assert_eq!(&read, &expression, "{}", text);
    }

    #[test]
    fn braces_around_an_expression_hold_the_whole_of_it(expression in expression()) {
        let text = format!("a {{{{ {} }}}} b", print(&expression));
        let pieces = lexer::pieces(&text).unwrap();
        let [Piece::Text("a "), Piece::Expression(tokens), Piece::Text(" b")] = pieces.as_slice() else {
            return Err(TestCaseError::fail(format!("{text}: {pieces:?}")));
        };
        prop_assert!(parser::parse(&text, tokens, &mut Vec::new()).is_ok());
    }

    #[test]
    fn an_evaluation_ends_in_an_error_or_in_a_value_within_the_limits(expression in expression()) {
        let text = format!("{{{{ {} }}}}", print(&expression));
        let Ok((template, _)) = Template::compile(&text, &NoCustom) else { return Ok(()) };
        let variables = json::Document::parse(VARIABLES).unwrap();
        let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: LIMITS };
        let scope = Context::read(variables.root(), &environment).unwrap();
        match template.evaluate(&scope) {
            Err(error) => prop_assert!(text.get(error.span.clone()).is_some(), "{}: {:?}", text, error),
            Ok(value) => {
                prop_assert!(depth(&value) <= LIMITS.depth, "{} nests too deep", text);
                prop_assert!(value.to_text().len() <= 6 * LIMITS.size, "{} is too large", text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_regular_expression_ends_whatever_it_is_and_whatever_it_is_given(
        pattern in prop::collection::vec(prop::sample::select(PATTERN_PARTS), 1..14).prop_map(|parts| parts.concat()),
        times in 1..400usize,
    ) {
        let text = format!("{{{{replace('{}!'; '/{pattern}/g'; '$1$&')}}}}", "ab".repeat(times));
        let (template, _) = Template::compile(&text, &NoCustom).unwrap();
        let nothing = json::Document::parse("{}").unwrap();
        let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: LIMITS };
        let scope = Context::read(nothing.root(), &environment).unwrap();
        if let Ok(value) = template.evaluate(&scope) {
            prop_assert!(value.to_text().len() <= LIMITS.size);
        }
    }
}

/// What patterns that search without end are made of, and what makes them invalid.
const PATTERN_PARTS: &[&str] = &[
    "(", ")", "(a|ab)", "(.*)", "a", "b", ".", "*", "+", "?", "{2,}", "{9}", "|", "[ab]", "[^", "\\1", "(?=", "(?<!", "(?:", "^", "$",
    "\\b",
];

fn depth(value: &Value<'_>) -> usize {
    match value {
        Value::Array(array) => 1 + array.iter().map(|element| depth(&element)).max().unwrap_or(0),
        Value::Collection(collection) => 1 + collection.iter().map(|(_, value)| depth(&value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// Sets every span to that of the expressions made at random.
fn without_spans(expression: &mut Expression<'_>) {
    expression.span = 0..0;
    match &mut expression.kind {
        ExpressionKind::Nothing | ExpressionKind::Text(_) | ExpressionKind::Number(_) | ExpressionKind::Name { .. } => {}
        ExpressionKind::Path { base, steps } => {
            without_spans(base);
            steps.iter_mut().for_each(|step| {
                if let Step::Index(index) = step {
                    without_spans(index);
                }
            });
        }
        ExpressionKind::Call { name_span, arguments, .. } => {
            *name_span = 0..0;
            arguments.iter_mut().for_each(without_spans);
        }
        ExpressionKind::Not(operand) | ExpressionKind::Negate(operand) => without_spans(operand),
        ExpressionKind::Chain { first, rest } => {
            without_spans(first);
            rest.iter_mut().for_each(|(_, operand)| without_spans(operand));
        }
        ExpressionKind::Juxtaposed(items) | ExpressionKind::Array(items) => items.iter_mut().for_each(without_spans),
        ExpressionKind::Collection(pairs) => pairs.iter_mut().for_each(|(_, value)| without_spans(value)),
    }
}
