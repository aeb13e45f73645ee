//! Turns a syntax tree into the form that is evaluated: names resolved, constants folded, spans counted in
//! bytes of the source document.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use jiff::tz::TimeZone;

use crate::ast::{self, Expression, ExpressionKind};
use crate::budget::Interrupt;
use crate::constant::Constant;
use crate::error::{Error, Warning};
use crate::functions::{self, Function};
use crate::hints;
use crate::json;
use crate::library::Library;
use crate::operators;
use crate::scope::Limits;
use crate::token::Operator;
use crate::value::Number;

/// An expression ready to be evaluated, and the bytes of the source it was written in.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) code: Code,
    start: u32,
    end: u32,
}

impl Compiled {
    /// An error about this expression.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(message, self.span())
    }

    /// An evaluation that was ended while it was at this expression.
    pub(crate) fn interrupted(&self, interrupt: Interrupt) -> Error {
        Error::interrupted(interrupt, self.span())
    }

    fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What to evaluate.
#[derive(Debug)]
pub(crate) enum Code {
    Constant(Constant),
    Variable(Box<str>),
    Now,
    Timestamp,
    Random,
    Uuid,
    Path { base: Box<Compiled>, steps: Box<[Step]> },
    Not(Box<Compiled>),
    Negate(Box<Compiled>),
    Chain { first: Box<Compiled>, rest: Box<[(Operator, Compiled)]> },
    And(Box<[Compiled]>),
    Or(Box<[Compiled]>),
    Joined(Box<[Compiled]>),
    Call { function: &'static Function, arguments: Box<[Compiled]> },
    Custom { name: Box<str>, arguments: Box<[Compiled]> },
    Array(Box<[Compiled]>),
    Collection(Box<[(Box<str>, Compiled)]>),
}

/// One step into a value.
#[derive(Debug)]
pub(crate) enum Step {
    Member(Box<str>),
    First,
    At(i64),
    Index(Compiled),
}

/// Compiles the expressions of one template and collects what it learns on the way.
pub(crate) struct Compiler<'c> {
    pub(crate) library: &'c dyn Library,
    pub(crate) errors: Vec<Error>,
    pub(crate) warnings: Vec<Warning>,
    /// The variables that are mentioned.
    pub(crate) variables: BTreeSet<Box<str>>,
    /// Whether a custom function is called.
    pub(crate) calls_custom: bool,
}

/// Where the bytes of a template text stand in the source.
#[derive(Clone, Copy)]
pub(crate) enum Place<'d> {
    /// The text is the source.
    Text,
    /// The text is this node of a document, whose escapes may make it shorter than its source.
    Node(json::Node<'d>),
}

impl Place<'_> {
    /// A range of the template text as a range of the source.
    pub(crate) fn source(self, range: &Range<usize>) -> Range<usize> {
        match self {
            Self::Text => range.clone(),
            Self::Node(node) => node.source_offset(range.start)..node.source_offset(range.end),
        }
    }
}

impl<'c> Compiler<'c> {
    pub(crate) fn new(library: &'c dyn Library) -> Self {
        Self { library, errors: Vec::new(), warnings: Vec::new(), variables: BTreeSet::new(), calls_custom: false }
    }

    /// Compiles one expression. Mistakes are collected; what comes back is then of no use.
    pub(crate) fn expression(&mut self, expression: Expression<'_>, place: Place<'_>) -> Compiled {
        let span = place.source(&expression.span);
        let code = match expression.kind {
            ExpressionKind::Nothing => Code::Constant(Constant::Missing),
            ExpressionKind::Text(text) => Code::Constant(Constant::Text(text.into())),
            ExpressionKind::Number(digits) => self.number(digits, &span),
            ExpressionKind::Name { name, backticked } => self.name(name, backticked),
            ExpressionKind::Path { base, steps } => self.path(*base, steps, place),
            ExpressionKind::Call { name, name_span, arguments } => self.call(name, &place.source(&name_span), arguments, place),
            ExpressionKind::Not(operand) => not(self.expression(*operand, place)),
            ExpressionKind::Negate(operand) => negate(self.expression(*operand, place)),
            ExpressionKind::Chain { first, rest } => self.chain(*first, rest, place),
            ExpressionKind::Juxtaposed(parts) => Code::Joined(self.all(parts, place)),
            ExpressionKind::Array(items) => Code::Array(self.all(items, place)),
            ExpressionKind::Collection(pairs) => {
                let pairs = pairs.into_iter().map(|(key, value)| (key.into(), self.expression(value, place)));
                Code::Collection(pairs.collect())
            }
        };
        Compiled { code, start: span.start as u32, end: span.end as u32 }
    }

    fn all(&mut self, expressions: Vec<Expression<'_>>, place: Place<'_>) -> Box<[Compiled]> {
        expressions.into_iter().map(|expression| self.expression(expression, place)).collect()
    }

    fn number(&mut self, digits: &str, span: &Range<usize>) -> Code {
        let Some(number) = Number::parse(digits) else {
            self.errors.push(Error::new("this number is too large", span.clone()));
            return Code::Constant(Constant::Null);
        };
        let whole = digits.bytes().all(|byte| byte.is_ascii_digit()) && number.as_small().is_none();
        let written = Number::from_digits(Cow::Borrowed(digits)).filter(|_| whole);
        let constant = Constant::of_number(written.as_ref().unwrap_or(&number));
        Code::Constant(constant)
    }

    /// A keyword or a variable.
    fn name(&mut self, name: &str, backticked: bool) -> Code {
        if !backticked && let Some(code) = keyword(name) {
            return code;
        }
        self.variables.insert(Box::from(name));
        Code::Variable(Box::from(name))
    }

    fn path(&mut self, base: Expression<'_>, steps: Vec<ast::Step<'_>>, place: Place<'_>) -> Code {
        let base = self.expression(base, place);
        let steps = steps.into_iter().map(|step| self.step(step, place)).collect();
        Code::Path { base: Box::new(base), steps }
    }

    fn step(&mut self, step: ast::Step<'_>, place: Place<'_>) -> Step {
        let index = match step {
            ast::Step::Member(name) => return Step::Member(Box::from(name)),
            ast::Step::First => return Step::First,
            ast::Step::Index(index) => self.expression(index, place),
        };
        match index.code {
            Code::Constant(Constant::Integer(position)) => Step::At(position),
            Code::Constant(Constant::Text(name)) => Step::Member(name),
            _ => Step::Index(index),
        }
    }

    fn chain(&mut self, first: Expression<'_>, rest: Vec<(Operator, Expression<'_>)>, place: Place<'_>) -> Code {
        let logical = rest.first().map(|(operator, _)| *operator);
        let first = self.expression(first, place);
        let rest = rest.into_iter().map(|(operator, operand)| (operator, self.expression(operand, place)));
        let rest: Vec<_> = rest.collect();
        match logical {
            Some(Operator::And) => Code::And(operands(first, rest)),
            Some(Operator::Or) => Code::Or(operands(first, rest)),
            _ => folded(first, rest),
        }
    }

    fn call(&mut self, name: &str, name_span: &Range<usize>, mut arguments: Vec<Expression<'_>>, place: Place<'_>) -> Code {
        self.warnings.extend(hints::unquoted_format(name, &arguments, place));
        let custom = self.library.custom(name);
        let shadowed = custom.is_some() && self.library.may_shadow(name);
        if let Some(function) = functions::find(name).filter(|_| !shadowed) {
            if matches!(function.call, functions::Call::Eager(_)) {
                drop_empty_last(&mut arguments, function.arity);
            }
            self.check_arity(name, function.arity, arguments.len(), function.signature, name_span);
            self.warnings.extend(functions::fusion::warning(name, name_span));
            return Code::Call { function, arguments: self.all(arguments, place) };
        }
        match custom {
            Some(signature) => {
                let arity = if shadowed { functions::Arity::at_least(0) } else { signature.arity() };
                drop_empty_last(&mut arguments, arity);
                self.check_arity(name, arity, arguments.len(), &signature.shown(), name_span);
                self.calls_custom = true;
            }
            None => self.errors.push(self.unknown_function(name, name_span)),
        }
        Code::Custom { name: Box::from(name), arguments: self.all(arguments, place) }
    }

    fn check_arity(&mut self, name: &str, arity: functions::Arity, count: usize, signature: &str, span: &Range<usize>) {
        if !arity.accepts(count) {
            let message = format!("`{name}` takes {arity}, not {count}");
            self.errors.push(Error::new(message, span.clone()).with_help(format!("it is called as `{signature}`")));
        }
    }

    fn unknown_function(&self, name: &str, span: &Range<usize>) -> Error {
        let error = Error::new(format!("there is no function `{name}`"), span.clone());
        if let Some(instead) = functions::fusion::instead_of(name) {
            return error.with_help(format!("it is Workfront Fusion's; Make's way is {instead}"));
        }
        match self.library.help_with_unknown(name, self.nearest(name).as_deref()) {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// The function whose name is close enough to have been meant.
    fn nearest(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let built_in = functions::all().map(|function| function.name);
        let names = built_in.chain(self.library.custom_names());
        let ranked = names.map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known));
        let (distance, nearest) = ranked.min_by_key(|(distance, _)| *distance)?;
        (distance <= 1 + name.chars().count() / 5).then(|| nearest.to_owned())
    }
}

/// Forgets an empty last argument, `round(a;)`, unless the function needs one there. A lazy function sees where each stands:
/// the last of `switch(a; 'x'; 1; 'y';)` belongs to a case.
fn drop_empty_last(arguments: &mut Vec<Expression<'_>>, arity: functions::Arity) {
    let empty = matches!(arguments.last(), Some(Expression { kind: ExpressionKind::Nothing, .. }));
    if empty && arity.accepts(arguments.len() - 1) {
        arguments.pop();
    }
}

/// The words that are values themselves.
fn keyword(name: &str) -> Option<Code> {
    let constant = match name {
        "true" => Constant::Bool(true),
        "false" => Constant::Bool(false),
        "null" | "erase" => Constant::Null,
        "undefined" | "ignore" => Constant::Missing,
        "emptyarray" => Constant::EmptyArray,
        "emptystring" => Constant::Text(Box::from("")),
        "space" => Constant::Text(Box::from(" ")),
        "tab" => Constant::Text(Box::from("\t")),
        "newline" => Constant::Text(Box::from("\n")),
        "carriagereturn" => Constant::Text(Box::from("\r")),
        "nbsp" => Constant::Text(Box::from("\u{a0}")),
        "pi" => Constant::Digits(Box::from("3.141592653589793")),
        "now" => return Some(Code::Now),
        "timestamp" => return Some(Code::Timestamp),
        "random" => return Some(Code::Random),
        "uuid" => return Some(Code::Uuid),
        _ => return None,
    };
    Some(Code::Constant(constant))
}

fn not(operand: Compiled) -> Code {
    match &operand.code {
        Code::Constant(constant) => Code::Constant(Constant::Bool(!constant.value().is_truthy())),
        _ => Code::Not(Box::new(operand)),
    }
}

fn negate(operand: Compiled) -> Code {
    if let Code::Constant(constant) = &operand.code {
        let value = operators::negate(&constant.value()).ok();
        if let Some(constant) = value.as_ref().and_then(Constant::of) {
            return Code::Constant(constant);
        }
    }
    Code::Negate(Box::new(operand))
}

fn operands(first: Compiled, rest: Vec<(Operator, Compiled)>) -> Box<[Compiled]> {
    std::iter::once(first).chain(rest.into_iter().map(|(_, operand)| operand)).collect()
}

/// A chain of operators, its constant beginning computed. What would be an error is left for the evaluation,
/// which may never come to it. No constant is a date, so any zone will do.
fn folded(mut first: Compiled, rest: Vec<(Operator, Compiled)>) -> Code {
    let mut rest = rest.into_iter().peekable();
    while let Some((operator, operand)) = rest.peek() {
        let (Code::Constant(one), Code::Constant(other)) = (&first.code, &operand.code) else {
            break;
        };
        let value = operators::apply(*operator, one.value(), other.value(), &TimeZone::UTC, &Limits::default()).ok();
        let Some(constant) = value.as_ref().and_then(Constant::of) else {
            break;
        };
        first = Compiled { code: Code::Constant(constant), start: first.start, end: operand.end };
        rest.next();
    }
    if rest.peek().is_none() {
        return first.code;
    }
    Code::Chain { first: Box::new(first), rest: rest.collect() }
}
