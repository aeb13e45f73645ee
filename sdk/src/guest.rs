//! The WebAssembly side: the bindings of the WIT package, and a [`Plugin`] behind them.

#![allow(missing_docs, unreachable_pub)]

use crate::export::{Example, Extractor, Function, Kind, Plugin};
use crate::request::Source;
use crate::wire::{self, Malformed};
use crate::{Failure, Request, Value};

/// What `wit-bindgen` makes of the contract.
#[allow(unsafe_code, clippy::all, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export_guest",
        default_bindings_module: "hookwright_sdk::guest::bindings",
    });
}

use bindings::exports::hookwright::plugin::guest as contract;
use bindings::hookwright::plugin::request::Request as Handle;
use bindings::hookwright::plugin::types::Failure as WireFailure;

pub use bindings::export_guest;

/// Uses the memory that the module starts with before it asks for more: a fresh instance costs a
/// third of what it does with the standard allocator.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Implemented by `plugin!`; everything else about the contract follows from the table.
pub trait HasTable {
    fn table() -> &'static Plugin;
}

impl<T: HasTable> contract::Guest for T {
    fn describe() -> contract::Description {
        report_panics();
        let table = T::table();
        contract::Description {
            name: table.name.to_owned(),
            version: table.version.to_owned(),
            functions: table.functions.iter().map(describe_function).collect(),
            extractors: table.extractors.iter().map(describe_extractor).collect(),
        }
    }

    fn call(name: String, arguments: Vec<u8>) -> Result<Vec<u8>, WireFailure> {
        report_panics();
        T::table().call(&name, &arguments).map_err(wire_failure)
    }

    fn uid(extractor: String, request: &Handle, item: Option<Vec<u8>>) -> Result<Vec<String>, WireFailure> {
        report_panics();
        let item = item.map(|bytes| wire::read(&bytes).and_then(Value::try_from)).transpose();
        let item = item.map_err(|malformed| wire_failure(malformed.into()))?;
        let request = Request::from_source(Borrowed(request));
        T::table().uids(&extractor, &request, item.as_ref()).map_err(wire_failure)
    }
}

/// A panic ends in a trap that says nothing: let its message reach the host's log first.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| crate::host::error(&panic.to_string())));
}

fn wire_failure(failure: Failure) -> WireFailure {
    match failure {
        Failure::Argument(index, problem) => WireFailure::InvalidArgument((index, problem)),
        Failure::Other(message) => WireFailure::Failed(message),
    }
}

fn describe_function(function: &Function) -> contract::Function {
    let parameters = function.parameters.iter().map(|parameter| contract::Parameter {
        name: parameter.name.to_owned(),
        kind: kind(parameter.kind),
        optional: parameter.optional,
        variadic: parameter.variadic,
    });
    contract::Function {
        name: function.name.to_owned(),
        summary: function.summary.to_owned(),
        parameters: parameters.collect(),
        returns: kind(function.returns),
        examples: function.examples.iter().map(describe_example).collect(),
    }
}

fn describe_example(example: &Example) -> contract::Example {
    contract::Example { expression: example.expression.to_owned(), result: example.result.to_owned() }
}

fn describe_extractor(extractor: &Extractor) -> contract::Extractor {
    contract::Extractor { name: extractor.name.to_owned(), summary: extractor.summary.to_owned() }
}

fn kind(kind: Kind) -> contract::Kind {
    match kind {
        Kind::Any => contract::Kind::Any,
        Kind::Null => contract::Kind::Null,
        Kind::Boolean => contract::Kind::Boolean,
        Kind::Number => contract::Kind::Number,
        Kind::Text => contract::Kind::Text,
        Kind::Date => contract::Kind::Date,
        Kind::Binary => contract::Kind::Binary,
        Kind::Array => contract::Kind::Array,
        Kind::Collection => contract::Kind::Collection,
    }
}

/// The host's request, lent for one call.
struct Borrowed<'h>(&'h Handle);

impl Source for Borrowed<'_> {
    fn method(&self) -> String {
        self.0.method()
    }

    fn url(&self) -> String {
        self.0.url()
    }

    fn path(&self) -> String {
        self.0.path()
    }

    fn remote_address(&self) -> String {
        self.0.remote_address()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.0.headers()
    }

    fn query(&self) -> Value {
        from_host(&self.0.query())
    }

    fn body(&self) -> Value {
        from_host(&self.0.body())
    }

    fn raw_body(&self) -> Vec<u8> {
        self.0.raw_body()
    }
}

pub(crate) fn from_host(bytes: &[u8]) -> Value {
    let value: Result<Value, Malformed> = wire::read(bytes).and_then(Value::try_from);
    value.expect("the host sends values")
}
