//! What the attributes generate code against: a plugin as a table, and the calls through it.

use std::marker::PhantomData;

use ::serde::{Deserialize, Serialize};

use crate::convert::{FromValue, IntoValue};
use crate::serde::FromNode;
use crate::wire::{self, Node, Nodes, Writer};
use crate::{Failure, Request, Value};

/// A plugin: its functions and uid extractors. Made by [`plugin!`](crate::plugin).
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// The crate's name.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// Functions for specs.
    pub functions: &'static [Function],
    /// Uid extractors.
    pub extractors: &'static [Extractor],
}

impl Plugin {
    /// Calls a function with an encoded array of arguments; gives an encoded value.
    pub fn call(&self, name: &str, arguments: &[u8]) -> Result<Vec<u8>, Failure> {
        let function = self.functions.iter().find(|function| function.name == name);
        let function = function.ok_or_else(|| Failure::new(format!("{} has no function {name}", self.name)))?;
        (function.call)(arguments)
    }

    /// The uids that an extractor finds in a request, or in `item` of it.
    pub fn uids(&self, extractor: &str, request: &Request<'_>, item: Option<&Value>) -> Result<Vec<String>, Failure> {
        let found = self.extractors.iter().find(|candidate| candidate.name == extractor);
        let found = found.ok_or_else(|| Failure::new(format!("{} has no extractor {extractor}", self.name)))?;
        (found.uids)(request, item)
    }
}

/// A function for specs.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// As written in an expression.
    pub name: &'static str,
    /// Documentation, Markdown.
    pub summary: &'static str,
    /// In order.
    pub parameters: &'static [Parameter],
    /// What it gives.
    pub returns: Kind,
    /// How it is used.
    pub examples: &'static [Example],
    /// Decodes the arguments, calls, encodes the result.
    pub call: fn(&[u8]) -> Result<Vec<u8>, Failure>,
}

/// A call of a [`Function`] and what it gives.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// An expression without its braces.
    pub expression: &'static str,
    /// What it gives, as JSON.
    pub result: &'static str,
}

/// One parameter of a [`Function`].
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// As the author named it.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// May be left out.
    pub optional: bool,
    /// Takes all that follow.
    pub variadic: bool,
}

/// A uid extractor.
#[derive(Clone, Copy, Debug)]
pub struct Extractor {
    /// The webhook it is for.
    pub name: &'static str,
    /// Documentation, Markdown.
    pub summary: &'static str,
    /// Finds the uids.
    pub uids: fn(&Request<'_>, Option<&Value>) -> Result<Vec<String>, Failure>,
}

/// What a parameter takes or a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The type says nothing.
    Any,
    /// Nothing.
    Null,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A point in time.
    Date,
    /// Bytes.
    Binary,
    /// Values in order.
    Array,
    /// Values by name.
    Collection,
}

/// The type that `#[function]` puts beside a function.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a plugin function", note = "write #[function] above it")]
pub trait IsFunction {
    /// The function.
    const FUNCTION: Function;
}

/// The type that `#[uid]` puts beside an extractor.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a uid extractor", note = "write #[uid] above it")]
pub trait IsExtractor {
    /// The extractor.
    const EXTRACTOR: Extractor;
}

/// The arguments of one call, taken one by one.
pub struct Arguments<'w> {
    nodes: Nodes<'w>,
    taken: u32,
}

impl<'w> Arguments<'w> {
    /// The arguments that `bytes` encode.
    pub fn new(bytes: &'w [u8]) -> Result<Self, Failure> {
        match wire::read(bytes)? {
            Node::Array(nodes) => Ok(Self { nodes, taken: 0 }),
            _ => Err(wire::Malformed.into()),
        }
    }

    /// Whether any are left.
    pub fn has_more(&self) -> bool {
        self.nodes.remaining() > 0
    }

    /// Reads the next one; what was left out is missing.
    pub fn take<T>(&mut self, read: impl FnOnce(Node<'w>) -> Result<T, String>) -> Result<T, Failure> {
        let node = self.nodes.next_node()?.unwrap_or(Node::Missing);
        let index = self.taken;
        self.taken += 1;
        read(node).map_err(|problem| Failure::Argument(index, problem))
    }

    /// Refuses arguments that nothing took.
    pub fn finish(self) -> Result<(), Failure> {
        match self.nodes.remaining() {
            0 => Ok(()),
            _ => Err(Failure::new(format!("too many arguments: {} are taken here", self.taken))),
        }
    }
}

/// Reads a parameter of type `T`: through [`FromValue`] where `T` implements it, else through serde.
/// (An inherent function is preferred to a trait's of the same name, but only where its bounds hold.)
pub struct Take<'w, T>(PhantomData<(&'w (), T)>);

impl<'w, T: FromValue<'w>> Take<'w, T> {
    /// What the parameter takes.
    pub const KIND: Kind = T::KIND;

    /// Takes the next argument.
    pub fn take(arguments: &mut Arguments<'w>) -> Result<T, Failure> {
        arguments.take(T::from_value)
    }
}

/// See [`Take`].
pub trait TakeWithSerde<'w> {
    /// What is read.
    type Taken: Deserialize<'w>;

    /// What the parameter takes.
    const KIND: Kind = Kind::Any;

    /// Takes the next argument.
    fn take(arguments: &mut Arguments<'w>) -> Result<Self::Taken, Failure> {
        arguments.take(|node| Self::Taken::deserialize(FromNode(node)).map_err(|error| error.to_string()))
    }
}

impl<'w, T: Deserialize<'w>> TakeWithSerde<'w> for Take<'w, T> {
    type Taken = T;
}

/// Writes a result: through [`IntoValue`] where its type implements it, else through serde.
pub struct Give<T>(pub T);

impl<T: IntoValue> Give<T> {
    /// What the function gives.
    pub const KIND: Kind = T::KIND;

    /// Encodes the result.
    pub fn give(self) -> Result<Vec<u8>, Failure> {
        let mut writer = Writer::new();
        self.0.write(&mut writer);
        Ok(writer.finish())
    }
}

/// See [`Give`].
pub trait GiveWithSerde: Sized {
    /// What the function gives.
    const KIND: Kind = Kind::Any;

    /// Encodes the result.
    fn give(self) -> Result<Vec<u8>, Failure>;
}

impl<T: Serialize> GiveWithSerde for Give<T> {
    fn give(self) -> Result<Vec<u8>, Failure> {
        crate::serde::write(&self.0).map_err(Failure::new)
    }
}
