//! Expressions made at random, of every kind that the parser knows.

use std::borrow::Cow;

use proptest::prelude::*;

use crate::ast::{Expression, ExpressionKind, Step};
use crate::functions;
use crate::token::Operator;

/// Names that are variables of the tests' scope, keywords, and neither.
const NAMES: &[&str] = &["text", "list", "people", "object", "date", "bytes", "now", "null", "emptyarray", "nobody", "_x1", "žluťoučký"];
const MEMBERS: &[&str] = &["name", "k", "l", "1", "a b", "and", "x-y", "é😀", ""];
const NUMBERS: &[&str] = &["0", "1", "2", "10", "0.1", "1.5", "1e3", "99999999999999999999", "123.456"];
const TEXTS: &[&str] = &["", "a", "it's", "\"", "`", "}}", "{{", "é😀", "2024-02-29", "YYYY-MM-DD", "name", "hex", "/a+/g", "\n", "3"];

/// One expression, up to some levels deep.
pub(super) fn expression() -> impl Strategy<Value = Expression<'static>> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let all = |range| prop::collection::vec(inner.clone(), range);
        prop_oneof![
            3 => call(inner.clone()),
            2 => path(inner.clone()),
            3 => chain(inner.clone()),
            1 => boxed.clone().prop_map(ExpressionKind::Not),
            1 => boxed.prop_map(ExpressionKind::Negate),
            1 => all(2..4).prop_filter_map("no juxtaposition of juxtapositions", juxtaposed),
            1 => all(0..4).prop_map(ExpressionKind::Array),
            1 => collection(inner.clone()),
        ]
        .prop_map(placed)
    })
}

fn placed(kind: ExpressionKind<'static>) -> Expression<'static> {
    Expression { kind, span: 0..0 }
}

fn leaf() -> impl Strategy<Value = Expression<'static>> {
    prop_oneof![
        prop::sample::select(NAMES).prop_map(|name| ExpressionKind::Name { name, backticked: false }),
        prop::sample::select(MEMBERS).prop_map(|name| ExpressionKind::Name { name, backticked: true }),
        prop::sample::select(NUMBERS).prop_map(ExpressionKind::Number),
        prop::sample::select(TEXTS).prop_map(|text| ExpressionKind::Text(Cow::Borrowed(text))),
    ]
    .prop_map(placed)
}

/// A call of a built-in function, mostly with as many arguments as it takes.
fn call(inner: impl Strategy<Value = Expression<'static>>) -> impl Strategy<Value = ExpressionKind<'static>> {
    let all: Vec<_> = functions::all().collect();
    (prop::sample::select(all), prop::collection::vec(inner, 0..5), 0..4usize).prop_map(|(function, mut arguments, more)| {
        let most = function.arity.maximum.unwrap_or(usize::MAX);
        arguments.truncate((function.arity.required + more).min(most));
        ExpressionKind::Call { name: function.name, name_span: 0..0, arguments }
    })
}

fn path(inner: impl Strategy<Value = Expression<'static>> + Clone) -> impl Strategy<Value = ExpressionKind<'static>> {
    let step = prop_oneof![
        prop::sample::select(MEMBERS).prop_map(Step::Member),
        Just(()).prop_map(|()| Step::First),
        inner.clone().prop_map(Step::Index),
    ];
    let steps = prop::collection::vec(step, 1..4);
    (inner.prop_map(Box::new), steps).prop_map(|(base, steps)| ExpressionKind::Path { base, steps })
}

/// Operators of one level between operands; `&` and `|` have a level each.
fn chain(inner: impl Strategy<Value = Expression<'static>> + Clone) -> impl Strategy<Value = ExpressionKind<'static>> {
    let operators: Vec<Operator> = Operator::SPELLINGS.iter().map(|(_, operator)| *operator).filter(|it| it.level().is_some()).collect();
    let operator = prop::sample::select(operators.clone());
    operator.prop_flat_map(move |operator| {
        let same: Vec<Operator> = operators.iter().copied().filter(|other| other.level() == operator.level()).collect();
        let rest = prop::collection::vec((prop::sample::select(same), inner.clone()), 1..4);
        (inner.clone().prop_map(Box::new), rest).prop_map(|(first, rest)| ExpressionKind::Chain { first, rest })
    })
}

fn juxtaposed(parts: Vec<Expression<'static>>) -> Option<ExpressionKind<'static>> {
    (parts.len() > 1).then_some(ExpressionKind::Juxtaposed(parts))
}

fn collection(inner: impl Strategy<Value = Expression<'static>>) -> impl Strategy<Value = ExpressionKind<'static>> {
    let pair = (prop::sample::select(TEXTS).prop_map(Cow::Borrowed), inner);
    prop::collection::vec(pair, 0..3).prop_map(ExpressionKind::Collection)
}
