//! Write Hookwright plugins: custom IML functions and uid extractors as plain Rust functions.
//!
//! ```
//! use hookwright_sdk::{Request, function, plugin, uid};
//!
//! /// Whether a number passes the Luhn check.
//! #[function]
//! fn luhn(number: &str) -> bool {
//!     let digits = number.chars().rev().filter_map(|digit| digit.to_digit(10));
//!     digits.enumerate().map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }).sum::<u32>() % 10 == 0
//! }
//!
//! /// Whose request it is.
//! #[uid]
//! fn account(request: &Request) -> Option<String> {
//!     request.header("x-account")
//! }
//!
//! plugin! { functions: [luhn], uid: [account] }
//! # fn main() { assert!(luhn("4539578763621486")); }
//! ```
//!
//! `hookwright plugin build` makes a component of the crate; natively the functions are what they look
//! like, so that `cargo test` needs no WebAssembly. With the feature `testing`, the module of that name runs a
//! service directory's spec and samples with them, through the code the host itself runs.
//!
//! Parameters may be `&str`, `String`, `&[u8]`, `Vec<u8>`, integers, `f64`, `bool`, [`Date`],
//! [`Value`], `Option` and `Vec` of those, and structs with serde's `Deserialize`; a last
//! [`Rest`] takes any number. Results may be the same, structs with `Serialize`, or a `Result` of
//! them with any error that prints.

mod convert;
#[doc(hidden)]
pub mod export;
mod failure;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
pub mod host;
mod request;
mod serde;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
pub mod wire;

pub use convert::{FromValue, IntoUids, IntoValue, Rest};
pub use export::{Kind, Plugin};
pub use failure::Failure;
pub use hookwright_sdk_macros::{function, uid};
pub use request::Request;
pub use value::{Collection, Date, Number, Value};

/// Names the functions and extractors that make up the plugin; once in a crate.
///
/// `plugin! { functions: [a, b], uid: [c] }`; either list may be left out. Defines `PLUGIN`, which
/// native tests are given.
#[macro_export]
macro_rules! plugin {
    ($(functions: [$($function:path),* $(,)?])? $(,)? $(uid: [$($extractor:path),* $(,)?])? $(,)?) => {
        /// What this crate offers as a plugin.
        pub static PLUGIN: $crate::Plugin = $crate::Plugin {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            functions: &[$($(<$function as $crate::export::IsFunction>::FUNCTION),*)?],
            extractors: &[$($(<$extractor as $crate::export::IsExtractor>::EXTRACTOR),*)?],
        };

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exported;

            impl $crate::guest::HasTable for Exported {
                fn table() -> &'static $crate::Plugin {
                    &PLUGIN
                }
            }

            $crate::guest::export_guest!(Exported);
        };
    };
}
