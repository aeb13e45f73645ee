//! The syntax tree of one expression; spans count bytes of the template text.

use std::borrow::Cow;
use std::ops::Range;

use crate::token::Operator;

/// An expression and the bytes it stands in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression<'t> {
    pub(crate) kind: ExpressionKind<'t>,
    pub(crate) span: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExpressionKind<'t> {
    /// An argument that was left empty.
    Nothing,
    Text(Cow<'t, str>),
    Number(&'t str),
    /// A variable, or a keyword where it is not in backticks.
    Name {
        name: &'t str,
        backticked: bool,
    },
    /// A value and what is read of it, step by step.
    Path {
        base: Box<Expression<'t>>,
        steps: Vec<Step<'t>>,
    },
    Call {
        name: &'t str,
        name_span: Range<usize>,
        arguments: Vec<Expression<'t>>,
    },
    Not(Box<Expression<'t>>),
    Negate(Box<Expression<'t>>),
    /// Operators of one level, applied from left to right; `And` and `Or` only among themselves.
    Chain {
        first: Box<Expression<'t>>,
        rest: Vec<(Operator, Expression<'t>)>,
    },
    /// Values next to each other without an operator: their texts are joined.
    Juxtaposed(Vec<Expression<'t>>),
    Array(Vec<Expression<'t>>),
    Collection(Vec<(Cow<'t, str>, Expression<'t>)>),
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step<'t> {
    /// `.name`
    Member(&'t str),
    /// `[]`
    First,
    /// `[index]`
    Index(Expression<'t>),
}
