//! IML, the expression language of Make app specs.
//!
//! A [`Template`] is compiled once, from a text or from a whole JSON tree, and evaluated often, against a
//! [`Scope`]. The crate does no I/O: clock, zone and randomness arrive in the [`Environment`].
//!
//! What the language means follows Make's own pages ([IML], and the help pages on functions and type coercion); where
//! those are silent or contradict each other, the conformance cases in `tests/cases` say what is done and why.
//!
//! [IML]: https://developers.make.com/custom-apps-documentation/block-elements/iml

mod ast;
mod compile;
mod constant;
mod decimal;
mod error;
mod eval;
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
mod regex;
mod scope;
mod template;
mod token;
mod value;
pub mod xml;

pub use error::{Error, Warning};
pub use functions::Function;
pub use jiff::tz::TimeZone as Zone;
pub use library::{Library, NoCustom, Parameter, Signature};
pub use scope::{Environment, Limits, Scope};
pub use template::Template;
pub use value::{Array, Binary, Collection, Date, Fields, Number, Text, Value};
