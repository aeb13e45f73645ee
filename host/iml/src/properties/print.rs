//! Writes a syntax tree as the expression it came from, with parentheses where they are needed.

use crate::ast::{Expression, ExpressionKind, Step};
use crate::parser::UNARY_LEVEL;

/// The expression as text.
pub(super) fn print(expression: &Expression<'_>) -> String {
    match &expression.kind {
        ExpressionKind::Nothing => String::new(),
        ExpressionKind::Text(text) => quoted(text),
        ExpressionKind::Number(digits) => (*digits).to_owned(),
        ExpressionKind::Name { name, backticked: true } => format!("`{name}`"),
        ExpressionKind::Name { name, backticked: false } => (*name).to_owned(),
        ExpressionKind::Path { base, steps } => path(base, steps),
        ExpressionKind::Call { name, arguments, .. } => format!("{name}({})", separated(arguments, "; ")),
        ExpressionKind::Not(operand) => format!("!{}", at_level(operand, UNARY_LEVEL)),
        ExpressionKind::Negate(operand) => format!("-{}", at_level(operand, UNARY_LEVEL)),
        ExpressionKind::Chain { first, rest } => {
            let level = level(expression) + 1;
            let rest = rest.iter().map(|(operator, operand)| format!(" {} {}", operator.spelling(), at_level(operand, level)));
            rest.fold(at_level(first, level), |chain, next| chain + &next)
        }
        ExpressionKind::Juxtaposed(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" "),
        ExpressionKind::Array(items) => format!("[{}]", separated(items, ", ")),
        ExpressionKind::Collection(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", quoted(key), print(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn separated(expressions: &[Expression<'_>], separator: &str) -> String {
    expressions.iter().map(print).collect::<Vec<_>>().join(separator)
}

/// How tightly it binds; what is no operator binds tightest.
fn level(expression: &Expression<'_>) -> usize {
    match &expression.kind {
        ExpressionKind::Chain { rest, .. } => rest[0].0.level().unwrap_or(UNARY_LEVEL),
        ExpressionKind::Not(_) | ExpressionKind::Negate(_) => UNARY_LEVEL,
        ExpressionKind::Juxtaposed(_) => UNARY_LEVEL + 1,
        _ => UNARY_LEVEL + 2,
    }
}

fn at_level(expression: &Expression<'_>, wanted: usize) -> String {
    let text = print(expression);
    if level(expression) < wanted { format!("({text})") } else { text }
}

/// A value among others: what might be taken for an argument list or an index stands in parentheses.
fn part(expression: &Expression<'_>) -> String {
    match expression.kind {
        ExpressionKind::Text(_) | ExpressionKind::Number(_) | ExpressionKind::Call { .. } => print(expression),
        ExpressionKind::Name { backticked: true, .. } => print(expression),
        _ => format!("({})", print(expression)),
    }
}

fn path(base: &Expression<'_>, steps: &[Step<'_>]) -> String {
    let base = match base.kind {
        ExpressionKind::Name { .. } | ExpressionKind::Text(_) | ExpressionKind::Call { .. } => print(base),
        _ => format!("({})", print(base)),
    };
    steps.iter().map(step).fold(base, |path, step| path + &step)
}

fn step(step: &Step<'_>) -> String {
    match step {
        Step::Member(name) => format!(".`{name}`"),
        Step::First => "[]".to_owned(),
        Step::Index(index) => format!("[{}]", print(index)),
    }
}
