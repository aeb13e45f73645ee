//! What authors write who come from another language or from the visual editor, and what to tell them.

use std::ops::Range;

use crate::ast::{Expression, ExpressionKind, Step};
use crate::compile::Place;
use crate::error::{Error, Warning};
use crate::lexer::Piece;
use crate::token::{Operator, Token, TokenKind};

/// How a name is written that is more than letters, digits and `_`.
pub(crate) const BACKTICKS: &str = "a name of other characters than letters, digits and `_` stands in backticks: ``headers.`x-id` ``";

/// A better message or at least advice for a token that should not be there.
pub(crate) struct Hint {
    message: Option<&'static str>,
    help: &'static str,
}

impl Hint {
    /// The error with this hint's message and advice.
    pub(crate) fn or_message_of(self, error: Error) -> Error {
        let message = self.message.map_or(error.message, str::to_owned);
        Error { message, ..error }.with_help(self.help)
    }
}

/// What an author meant with a token that cannot stand where it stands.
pub(crate) fn for_unexpected(text: &str, token: &Token<'_>) -> Option<Hint> {
    let rest = &text[token.span.start..];
    let hint = |message, help| Some(Hint { message: Some(message), help });
    match token.kind {
        TokenKind::Unknown('?') if rest.starts_with("??") => hint("IML has no `??`", "write `ifempty(a; b)`"),
        TokenKind::Unknown('?') if rest.starts_with("?.") => {
            hint("IML has no `?.`", "write `.`: a step that is missing gives nothing, never an error")
        }
        TokenKind::Unknown('?') => hint("IML has no `? :`", "write `if(condition; then; else)`"),
        TokenKind::Unknown('\\') => hint("`\\` means nothing here", "a quote inside a text is written twice: `'it''s'`"),
        TokenKind::Unknown('\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}') => {
            hint("a typographic quote does not begin a text", "write `\"` or `'`")
        }
        TokenKind::Unknown('$' | '@' | '#') => Some(Hint { message: None, help: BACKTICKS }),
        TokenKind::Unknown('^') => hint("IML has no `^`", "multiply: `a * a`"),
        TokenKind::Operator(Operator::Greater) if text[..token.span.start].ends_with('<') => hint("IML has no `<>`", "write `!=`"),
        TokenKind::Operator(Operator::Greater) if text[..token.span.start].ends_with('=') => {
            hint("IML has no `=>`", "write `>=` to compare")
        }
        _ => None,
    }
}

/// `name.toUpperCase()`: values have no methods.
pub(crate) fn method_call(text: &str, path: Range<usize>, at: Range<usize>) -> Error {
    let (value, method) = text[path.clone()].rsplit_once('.').unwrap_or((&text[path.clone()], ""));
    let instead = match method {
        "toUpperCase" => "upper",
        "toLowerCase" => "lower",
        "includes" => "contains",
        "toISOString" => "formatDate",
        "replaceAll" => "replace",
        _ if crate::functions::find(method).is_some() => method,
        _ => "",
    };
    let help = if instead.is_empty() {
        "functions take the value as an argument: `name(value)`".to_owned()
    } else {
        format!("functions take the value as an argument: `{instead}({value})`")
    };
    Error::new("a value has no functions of its own", path.start..at.end).with_help(help)
}

/// A `{{` that nothing closes: the whole would be delivered as text.
pub(crate) fn unclosed(text: &str, pieces: &[Piece<'_>], place: Place<'_>) -> Option<Warning> {
    let mut plain = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(plain) => plain.rfind("{{").map(|at| plain.as_ptr() as usize - text.as_ptr() as usize + at),
        Piece::Expression(_) => None,
    });
    let open = plain.next_back()?;
    Some(Warning::new("this `{{` is never closed, so that it is text", "an expression ends with `}}`", place.source(&(open..open + 2))))
}

/// `{{headers.token = parameters.secret}}` lets everybody in where nobody has set the secret.
pub(crate) fn unset_secret(text: &str, expression: &Expression<'_>, place: Place<'_>) -> Option<Warning> {
    let ExpressionKind::Chain { first, rest } = &expression.kind else { return None };
    let [(Operator::Equal, other)] = &rest[..] else { return None };
    let secret = [&**first, other].into_iter().find(|side| is_path_from(side, &["parameters", "common"]))?;
    [&**first, other].into_iter().find(|side| is_path_from(side, &["headers", "query", "body"]))?;
    let (secret, whole) = (&text[secret.span.clone()], &text[expression.span.clone()]);
    let help = format!("if this lets a request in, ask for the secret first: `{secret} && {whole}`");
    Some(Warning::new("where neither is there, they are equal", help, place.source(&expression.span)))
}

fn is_path_from(expression: &Expression<'_>, variables: &[&str]) -> bool {
    let ExpressionKind::Path { base, .. } = &expression.kind else { return false };
    matches!(base.kind, ExpressionKind::Name { name, .. } if variables.contains(&name))
}

/// `headers.x-hub-signature`: a subtraction of three variables, or a name that wants backticks.
pub(crate) fn unquoted_dash(text: &str, chain: &Expression<'_>) -> Option<Warning> {
    let ExpressionKind::Chain { first, rest } = &chain.kind else {
        return None;
    };
    let ExpressionKind::Path { steps, .. } = &first.kind else {
        return None;
    };
    let Some(Step::Member(_)) = steps.last() else {
        return None;
    };
    let all_dashes = rest.iter().all(|(operator, operand)| {
        *operator == Operator::Subtract && matches!(operand.kind, ExpressionKind::Name { .. } | ExpressionKind::Path { .. })
    });
    let written = &text[chain.span.clone()];
    if !all_dashes || written.contains(char::is_whitespace) || written.contains('`') {
        return None;
    }
    let (before, name) = written.split_at(written.find('-').and_then(|dash| written[..dash].rfind('.'))? + 1);
    Some(Warning::new(
        format!("`{written}` subtracts"),
        format!("if `{name}` is one name, write it in backticks: {before}`{name}`"),
        chain.span.clone(),
    ))
}

/// `if(a; Hello World; b)`: two variables next to each other, or a text without quotes.
pub(crate) fn unquoted_words(text: &str, joined: &Expression<'_>) -> Option<Warning> {
    let ExpressionKind::Juxtaposed(parts) = &joined.kind else {
        return None;
    };
    let all_names = parts.iter().all(|part| matches!(part.kind, ExpressionKind::Name { backticked: false, .. }));
    let written = &text[joined.span.clone()];
    all_names.then(|| {
        Warning::new(
            format!("`{written}` reads variables and joins what they hold"),
            format!("a text stands in quotes: `'{written}'`"),
            joined.span.clone(),
        )
    })
}

/// `list.length`: members of JavaScript's that IML does not know.
pub(crate) fn length_member(text: &str, steps: &[Step<'_>], span: &Range<usize>) -> Option<Warning> {
    let [.., Step::Member("length")] = steps else {
        return None;
    };
    let value = text[span.clone()].strip_suffix(".length")?;
    Some(Warning::new("`.length` reads a member of that name", format!("how long a value is, `length({value})` tells"), span.clone()))
}

/// `formatDate(now; YYYY)`: a format without quotes reads a variable called `YYYY`.
pub(crate) fn unquoted_format(function: &str, arguments: &[Expression<'_>], place: Place<'_>) -> Option<Warning> {
    if !matches!(function, "formatDate" | "parseDate") {
        return None;
    }
    let format = arguments.get(1)?;
    is_format(format)
        .then(|| Warning::new("this format is read as variables", "a text stands in quotes: `'YYYY-MM-DD'`", place.source(&format.span)))
}

/// Whether an expression is nothing but letters that date formats are made of.
fn is_format(expression: &Expression<'_>) -> bool {
    match &expression.kind {
        ExpressionKind::Name { name, backticked: false } => {
            name.bytes().all(|byte| b"YMDHhmsSAaZXxEdT".contains(&byte)) && !matches!(*name, "a" | "d" | "s" | "m" | "h")
        }
        ExpressionKind::Chain { first, rest } => is_format(first) && rest.iter().all(|(_, operand)| is_format(operand)),
        ExpressionKind::Juxtaposed(parts) => parts.iter().all(is_format),
        _ => false,
    }
}
