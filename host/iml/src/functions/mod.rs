//! The built-in functions: one table a family. Being in a table is the registration; an entry's examples
//! are its reference page and its test.
//!
//! ```
//! use hookwright_iml::functions;
//!
//! let trim = functions::find("trim").unwrap();
//! assert_eq!(trim.signature, "trim(text)");
//! for function in functions::all() {
//!     println!("{}: {}", function.signature, function.summary);
//! }
//! ```
//!
//! `hookwright functions --markdown` prints the whole of it as a page.
//!
//! `length` and `contains` take texts and arrays and live in `array`; `createJSON` and `parseJSON` live in
//! `general`.

mod arguments;
mod array;
mod date;
mod documents;
mod encoding;
pub(crate) mod fusion;
mod general;
mod hash;
mod markup;
mod math;
mod sign;
mod text;

use crate::error::Error;
use crate::value::{Text, Value};

pub(crate) use arguments::{ArgumentError, Arguments};

/// All tables, in the order in which references list them.
static FAMILIES: &[&[Function]] = &[
    general::FUNCTIONS,
    documents::FUNCTIONS,
    text::FUNCTIONS,
    markup::FUNCTIONS,
    encoding::FUNCTIONS,
    hash::FUNCTIONS,
    sign::FUNCTIONS,
    math::FUNCTIONS,
    date::FUNCTIONS,
    array::FUNCTIONS,
];

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    /// The name by which expressions call it; upper and lower case differ.
    pub name: &'static str,
    /// Where a reference lists it.
    pub family: Family,
    /// How it is called: `if(condition; then; [else])`. Brackets mark what may be left out, `…` what may be repeated.
    pub signature: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Calls and what they give.
    pub examples: &'static [Example],
    /// How many arguments a call may have.
    pub arity: Arity,
    pub(crate) call: Call,
}

/// A kind of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Choice, access to members, JSON.
    General,
    /// Text and bytes.
    Text,
    /// Hashes and signatures.
    Hash,
    /// Numbers.
    Math,
    /// Dates and times.
    Date,
    /// Arrays and collections.
    Array,
}

impl Family {
    /// Its name in references.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Text => "text",
            Self::Hash => "hash",
            Self::Math => "math",
            Self::Date => "date",
            Self::Array => "array",
        }
    }
}

/// A call and what it gives. It is shown in references and run as a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The expression, without its braces.
    pub expression: &'static str,
    /// Its variables as a JSON object, in the notation of the case files (`{"$date": ...}`, `$clock`).
    pub context: &'static str,
    /// The result as JSON in the same notation.
    pub result: &'static str,
}

impl Example {
    /// An example without variables.
    pub(crate) const fn new(expression: &'static str, result: &'static str) -> Self {
        Self { expression, context: "{}", result }
    }

    /// An example with variables.
    pub(crate) const fn with(context: &'static str, expression: &'static str, result: &'static str) -> Self {
        Self { expression, context, result }
    }
}

/// How many arguments a call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arity {
    /// At least so many.
    pub required: usize,
    /// At most so many; none: any number.
    pub maximum: Option<usize>,
}

impl Arity {
    /// Exactly `count` arguments.
    pub(crate) const fn exactly(count: usize) -> Self {
        Self { required: count, maximum: Some(count) }
    }

    /// From `least` to `most` arguments.
    pub(crate) const fn between(least: usize, most: usize) -> Self {
        Self { required: least, maximum: Some(most) }
    }

    /// `least` arguments or more.
    pub(crate) const fn at_least(least: usize) -> Self {
        Self { required: least, maximum: None }
    }

    /// Whether a call with `count` arguments is right.
    pub fn accepts(self, count: usize) -> bool {
        count >= self.required && self.maximum.is_none_or(|maximum| count <= maximum)
    }
}

impl std::fmt::Display for Arity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "argument" } else { "arguments" };
        match self.maximum {
            Some(0) => out.write_str("no arguments"),
            Some(maximum) if maximum == self.required => {
                write!(out, "{maximum} {}", plural(maximum))
            }
            Some(maximum) if self.required == 0 => {
                write!(out, "at most {maximum} {}", plural(maximum))
            }
            Some(maximum) => write!(out, "{} to {maximum} arguments", self.required),
            None => write!(out, "at least {} {}", self.required, plural(self.required)),
        }
    }
}

/// The code of a function.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    /// Gets its arguments evaluated.
    Eager(for<'a, 'v> fn(&mut Arguments<'a, 'v>) -> Result<Value<'v>, ArgumentError>),
    /// Has only those arguments evaluated that it asks for.
    Lazy(for<'v> fn(&mut dyn LazyArguments<'v>) -> Result<Value<'v>, Error>),
}

impl std::fmt::Debug for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if matches!(self, Self::Lazy(_)) { "Lazy" } else { "Eager" })
    }
}

/// Arguments that are evaluated when asked for.
pub(crate) trait LazyArguments<'v> {
    /// How many there are.
    fn count(&self) -> usize;
    /// Evaluates the argument at `index`, counted from 0; missing when there is none.
    fn evaluate(&mut self, index: usize) -> Result<Value<'v>, Error>;
    /// A value as text, within the limit of size.
    fn text(&self, value: Value<'v>) -> Result<Text<'v>, Error>;
}

/// All built-in functions, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The built-in function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}
