//! `#[uid]`: the extractor as written, and beside it a type of the same name that describes and calls it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Error, FnArg, ItemFn, Result};

use crate::attribute::{Returned, arguments_of, check_plain, given_name};
use crate::documentation::documentation;

pub(crate) fn expand(attribute: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    check_plain(function)?;
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let name = given_name(attribute)?.unwrap_or_else(|| ident.to_string().trim_matches('_').replace('_', "-"));
    let summary = documentation(&function.attrs);
    // Invisible to the author's code, so that they cannot hide a function of the same name.
    let [request, item, uids] = ["request", "item", "uids"].map(|name| Ident::new(name, Span::mixed_site()));
    let handed = item_argument(function, &item)?;
    let unwrap = Returned::of(&function.sig.output).fallible.then(|| quote!(.map_err(::hookwright_sdk::Failure::from_error)?));
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::empty_enums)]
        #visibility enum #ident {}

        impl ::hookwright_sdk::export::IsExtractor for #ident {
            const EXTRACTOR: ::hookwright_sdk::export::Extractor = ::hookwright_sdk::export::Extractor {
                name: #name,
                summary: #summary,
                uids: |#request, #item| {
                    let #uids = #ident(#request, #handed)#unwrap;
                    ::core::result::Result::Ok(::hookwright_sdk::IntoUids::into_uids(#uids))
                },
            };
        }
    })
}

/// How the item is handed to the function, if it takes one.
fn item_argument(function: &ItemFn, item: &Ident) -> Result<Option<TokenStream>> {
    let inputs = &function.sig.inputs;
    match inputs.len() {
        1 => Ok(None),
        2 => match &inputs[1] {
            FnArg::Typed(typed) if arguments_of(&typed.ty, "Option").is_some() => Ok(Some(quote!(#item))),
            _ => Ok(Some(quote!(#item.unwrap_or(&::hookwright_sdk::Value::Missing)))),
        },
        _ => Err(Error::new_spanned(&function.sig, "an extractor takes the request, and the item if it wants it: `fn(&Request, &Value)`")),
    }
}
