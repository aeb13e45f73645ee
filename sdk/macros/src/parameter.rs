//! A parameter of a plugin function: what holds its value, and how the holder is handed over.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, Pat, Result, Type};

use crate::attribute::{arguments_of, camel_case};

/// One parameter, read from the function's signature.
pub(crate) struct Parameter {
    /// As the author named it, in camel case.
    pub(crate) name: String,
    /// The owned or borrowed-from-the-wire type that is decoded: `Cow<str>` for `&str`.
    pub(crate) holder: TokenStream,
    /// May be left out: an `Option`.
    pub(crate) optional: bool,
    /// A `Rest<T>`, or a reference to one.
    pub(crate) variadic: bool,
    handing: Handing,
}

/// How a decoded holder becomes the argument.
enum Handing {
    Value,
    Reference,
    OptionalReference,
    OptionalDereferenced,
}

impl Parameter {
    pub(crate) fn read(index: usize, argument: &FnArg) -> Result<Self> {
        let FnArg::Typed(typed) = argument else {
            return Err(Error::new_spanned(argument, "a plugin function stands alone: it has no `self`"));
        };
        let name = match &*typed.pat {
            Pat::Ident(pattern) => camel_case(&pattern.ident.to_string()),
            _ => format!("argument{}", index + 1),
        };
        let kind = &*typed.ty;
        let variadic = arguments_of(referent(kind), "Rest").is_some();
        let inner = arguments_of(kind, "Option").and_then(|arguments| arguments.first().copied());
        let (holder, handing) = match (inner, kind) {
            (Some(Type::Reference(reference)), _) => {
                let held = held(&reference.elem);
                let handing = if borrows(&reference.elem) { Handing::OptionalDereferenced } else { Handing::OptionalReference };
                (quote!(::core::option::Option<#held>), handing)
            }
            (None, Type::Reference(reference)) => (held(&reference.elem), Handing::Reference),
            _ => (quote!(#kind), Handing::Value),
        };
        Ok(Self { name, holder, optional: inner.is_some(), variadic, handing })
    }

    /// The expression that hands the decoded `variable` to the function.
    pub(crate) fn hand_over(&self, variable: &syn::Ident) -> TokenStream {
        match self.handing {
            Handing::Value => quote!(#variable),
            Handing::Reference => quote!(&#variable),
            Handing::OptionalReference => quote!(#variable.as_ref()),
            Handing::OptionalDereferenced => quote!(#variable.as_deref()),
        }
    }
}

/// The type itself, or what it is a reference to.
fn referent(kind: &Type) -> &Type {
    match kind {
        Type::Reference(reference) => &reference.elem,
        _ => kind,
    }
}

/// What is decoded for a reference to `target`.
fn held(target: &Type) -> TokenStream {
    if borrows(target) { quote!(::std::borrow::Cow<'_, #target>) } else { quote!(#target) }
}

/// `str` and slices are borrowed from the wire where they can be.
fn borrows(target: &Type) -> bool {
    match target {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}
