//! IML, the expression language of Make app specs.
//!
//! A [`Template`] is compiled once, from a text or from a whole JSON tree, and evaluated often, against a [`Scope`]. The
//! crate does no I/O: clock, zone and randomness arrive in the [`Environment`].
//!
//! ```
//! use hookwright_iml::notation::Context;
//! use hookwright_iml::{Date, Environment, Limits, NoCustom, Template, Zone, json};
//!
//! let (template, _warnings) = Template::compile("Hello, {{upper(body.name)}}!", &NoCustom).unwrap();
//!
//! let variables = json::Document::parse(r#"{"body": {"name": "Ada"}}"#).unwrap();
//! let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() };
//! let scope = Context::read(variables.root(), &environment).unwrap();
//! assert_eq!(template.evaluate(&scope).unwrap().to_text(), "Hello, ADA!");
//! ```
//!
//! # Templates
//!
//! A template is text in which expressions stand between `{{` and `}}`. A text that is exactly one expression gives the
//! expression's value, whatever its type; anything else gives text, with each value as [`Value::to_text`] writes it. Braces
//! that open no expression are plain text.
//!
//! In a JSON tree ([`Template::compile_tree`]) every text is a template. A member whose value is missing is left out, an
//! element that is missing becomes null, and the collection that stands under the key `"{{...}}"` is spread into the object
//! around it: a later member replaces an earlier one of its name.
//!
//! # Expressions
//!
//! | written | means |
//! | --- | --- |
//! | `'text'`, `"text"` | a text; its own quote is written twice, a backslash is a backslash |
//! | `12`, `1.5`, `1e3` | a number, kept digit for digit as long as it is only passed through |
//! | `true`, `false`, `null`, `erase` | themselves; `erase` is null |
//! | `undefined`, `ignore` | missing |
//! | `emptystring`, `emptyarray`, `space`, `tab`, `newline`, `carriagereturn`, `nbsp`, `pi` | what their names say |
//! | `now`, `timestamp`, `random`, `uuid` | the clock as a date and in seconds; made anew at each use |
//! | `name`, `` `any name` `` | a variable; one that nobody knows is missing, never an error |
//! | `a.b`, `` a.`b c` ``, `a['b']` | a member; of what has none, missing |
//! | `a[1]`, `a[-1]`, `a[]`, `a[n + 1]` | an element, counted from 1, from the end, the first, computed |
//! | `1.name` | a member of the variable `1`: Make's number of a module |
//! | `f(a; b)`, `f(a, b)` | a call; an argument may be left empty |
//! | `[a, b]`, `{k: v}` | an array, a collection |
//! | `a 'text' b` | values side by side: their texts joined |
//!
//! Operators, the loosest first; those of one line apply from left to right:
//!
//! | | |
//! | --- | --- |
//! | `\|` `\|\|` `or` | the first operand that is true, else the last; the rest is not evaluated |
//! | `&` `&&` `and` | the first operand that is false, else the last |
//! | `=` `==` `===` `!=` `!==` | equality by type and value; a number equals a text that is exactly that number, null equals missing. Texts of equal length are compared in constant time |
//! | `<` `<=` `>` `>=` | texts by UTF-16 code unit, anything else as numbers |
//! | `+` `++` `-` | `+` adds numbers, joins where one operand is a text, and gives the other where one is missing or null; `++` and `-` want numbers |
//! | `*` `/` `%` | exact on decimal fractions: `0.1 + 0.2` is `0.3`. What has no number as its result is an error |
//! | `!` `-` | not, by JavaScript's truth: false, null, missing, 0 and `''` are false; negation |
//!
//! # Functions
//!
//! The built-in ones are in [`functions`], each with its signature, its summary and examples. What a host adds comes
//! through a [`Library`], which says at compile time what there is, and the [`Scope`], which is called:
//!
//! ```
//! # use hookwright_iml::{CallError, Date, Environment, Library, Limits, Parameter, Scope, Signature, Template, Value, Zone};
//! struct Shop(Signature);
//!
//! impl Library for Shop {
//!     fn custom(&self, name: &str) -> Option<&Signature> {
//!         Some(&self.0).filter(|signature| signature.name == name)
//!     }
//!     fn custom_names(&self) -> Vec<&str> {
//!         vec![&self.0.name]
//!     }
//! }
//!
//! struct Order(Environment);
//!
//! impl<'v> Scope<'v> for Order {
//!     fn variable(&self, name: &str) -> Value<'v> {
//!         if name == "total" { Value::integer(19) } else { Value::Missing }
//!     }
//!     fn environment(&self) -> &Environment {
//!         &self.0
//!     }
//!     fn call(&self, function: &str, arguments: &[Value<'v>]) -> Result<Value<'v>, CallError> {
//!         assert_eq!(function, "euros");
//!         Ok(Value::text(format!("{} €", arguments[0].to_text())))
//!     }
//! }
//!
//! let amount = Parameter { name: "amount".into(), optional: false, variadic: false };
//! let shop = Shop(Signature { name: "euros".into(), parameters: vec![amount], summary: "An amount in euros.".into() });
//! let order = Order(Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() });
//!
//! let (template, _) = Template::compile("{{euros(total + 1)}}", &shop).unwrap();
//! assert_eq!(template.evaluate(&order).unwrap().to_text(), "20 €");
//!
//! // A name that is not there, or a call that cannot be right, is an error when the template is compiled.
//! let errors = Template::compile("{{euro(total)}}", &shop).unwrap_err();
//! assert_eq!(errors[0].message, "there is no function `euro`");
//! assert_eq!(errors[0].help.as_deref(), Some("did you mean `euros`?"));
//! assert_eq!(errors[0].span, 2..6);
//! ```
//!
//! # Errors
//!
//! An [`Error`] says what is wrong, what to do about it where that is known, and which bytes of the source it is about. One
//! expression that fails fails its whole template. Values do not stand in messages: where arguments are swapped a value
//! may be a secret.
//!
//! What a single value may be is bounded by [`Limits`], and what a whole evaluation may use by the [`Budget`] of its scope;
//! expressions nest 64 deep, and a regular expression that takes too many steps is an error.
//!
//! # Where the meaning comes from
//!
//! Make's own pages ([IML], and the help pages on functions and type coercion). Where those are silent or contradict each
//! other, the conformance cases in `tests/cases` say what is done and why.
//!
//! [IML]: https://developers.make.com/custom-apps-documentation/block-elements/iml

mod ast;
mod budget;
mod compile;
mod constant;
mod decimal;
mod error;
mod eval;
mod excerpt;
pub mod functions;
mod hints;
pub mod json;
mod lexer;
mod library;
mod moment;
pub mod notation;
mod operators;
mod parser;
mod path;
#[cfg(test)]
mod properties;
mod regex;
mod scope;
mod template;
mod token;
mod value;
pub mod xml;

pub use budget::{Budget, Interrupt, Unbounded};
pub use error::{CallError, Error, Warning};
pub use excerpt::excerpt;
pub use functions::Function;
pub use jiff::tz::TimeZone as Zone;
pub use library::{Library, NoCustom, Parameter, Signature, did_you_mean};
pub use scope::{Environment, Limits, Scope};
pub use template::Template;
pub use value::{Array, Binary, Collection, Date, Fields, Number, Text, Value};
