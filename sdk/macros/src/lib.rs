//! The attributes of `hookwright-sdk`; documented there, where they are re-exported.

mod attribute;
mod documentation;
mod function;
mod parameter;
mod uid;

use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

/// Makes a Rust function callable from specs.
///
/// Its name in an expression is the Rust name in camel case (`team_name` becomes `teamName`), or what
/// `#[function(name = "...")]` says. Its doc comment is its documentation, and the lines of code blocks in it that are
/// marked `iml` are its examples: `luhn("4539 5787 6362 1486") => true`, the result as JSON; `hookwright plugin test` and
/// `testing::check_examples` run them. Trailing `Option`
/// parameters may be left out; a last parameter of type `Rest<T>` takes all that follow. A `Result`
/// that is an error becomes the message of the diagnostic.
#[proc_macro_attribute]
pub fn function(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    function::expand(attribute.into(), &function).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes a Rust function a uid extractor: `fn(&Request) -> ...` or `fn(&Request, item: &Value) -> ...`,
/// where `item` is missing when the whole request is asked about.
///
/// Its name is the Rust name with `-` for `_`, or what `#[uid(name = "...")]` says: the webhook it is
/// for. A plugin's only extractor serves every webhook.
#[proc_macro_attribute]
pub fn uid(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    uid::expand(attribute.into(), &function).unwrap_or_else(|error| error.to_compile_error()).into()
}
