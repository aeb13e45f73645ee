//! `#[function]`: the function as written, and beside it a type of the same name that describes and calls it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Error, ItemFn, Result};

use crate::attribute::{Returned, camel_case, check_plain, given_name};
use crate::documentation::Documentation;
use crate::parameter::Parameter;

pub(crate) fn expand(attribute: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    check_plain(function)?;
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let name = given_name(attribute)?.unwrap_or_else(|| camel_case(&ident.to_string()));
    let Documentation { summary, examples } = Documentation::read(function)?;
    let examples =
        examples.iter().map(|(expression, result)| quote!(::hookwright_sdk::export::Example { expression: #expression, result: #result }));
    let parameters = read_parameters(function)?;
    let described = parameters.iter().map(describe);
    let returned = Returned::of(&function.sig.output);
    let returns = match returned.value {
        Some(kind) => quote!(::hookwright_sdk::export::Give::<#kind>::KIND),
        None => quote!(::hookwright_sdk::export::Kind::Any),
    };
    let bytes = Ident::new("bytes", Span::mixed_site());
    let call = call(function, &bytes, &parameters, returned.fallible);
    Ok(quote! {
        #function

        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::empty_enums)]
        #visibility enum #ident {}

        const _: () = {
            #[allow(unused_imports)]
            use ::hookwright_sdk::export::{GiveWithSerde as _, TakeWithSerde as _};

            impl ::hookwright_sdk::export::IsFunction for #ident {
                const FUNCTION: ::hookwright_sdk::export::Function = ::hookwright_sdk::export::Function {
                    name: #name,
                    summary: #summary,
                    parameters: &[#(#described),*],
                    returns: #returns,
                    examples: &[#(#examples),*],
                    call: |#bytes| #call,
                };
            }
        };
    })
}

fn read_parameters(function: &ItemFn) -> Result<Vec<Parameter>> {
    let inputs = &function.sig.inputs;
    let parameters: Vec<Parameter> =
        inputs.iter().enumerate().map(|(index, argument)| Parameter::read(index, argument)).collect::<Result<_>>()?;
    for (index, parameter) in parameters.iter().enumerate() {
        if parameter.variadic && index + 1 < parameters.len() {
            return Err(Error::new_spanned(&inputs[index], "`Rest` takes all that follow: it can only come last"));
        }
        let before_optional = index > 0 && parameters[index - 1].optional;
        if before_optional && !parameter.optional && !parameter.variadic {
            return Err(Error::new_spanned(&inputs[index], "what follows an `Option` may be left out too: make it an `Option`"));
        }
    }
    Ok(parameters)
}

fn describe(parameter: &Parameter) -> TokenStream {
    let Parameter { name, holder, optional, variadic, .. } = parameter;
    let kind = if *variadic { quote!(<#holder>::KIND) } else { quote!(::hookwright_sdk::export::Take::<#holder>::KIND) };
    quote! {
        ::hookwright_sdk::export::Parameter { name: #name, kind: #kind, optional: #optional, variadic: #variadic }
    }
}

/// The body that decodes the arguments, calls the function and encodes what it gives. Its variables
/// are invisible to the author's code, and cannot hide a function of the same name.
fn call(function: &ItemFn, bytes: &Ident, parameters: &[Parameter], fallible: bool) -> TokenStream {
    let ident = &function.sig.ident;
    let variables: Vec<_> = (0..parameters.len()).map(|index| Ident::new(&format!("argument{index}"), Span::mixed_site())).collect();
    let arguments = Ident::new("arguments", Span::mixed_site());
    let takes = parameters.iter().zip(&variables).map(|(parameter, variable)| {
        let holder = &parameter.holder;
        if parameter.variadic {
            quote!(let #variable = <#holder>::take(&mut #arguments)?;)
        } else {
            quote!(let #variable = ::hookwright_sdk::export::Take::<#holder>::take(&mut #arguments)?;)
        }
    });
    let handed = parameters.iter().zip(&variables).map(|(parameter, variable)| parameter.hand_over(variable));
    let unwrap = fallible.then(|| quote!(.map_err(::hookwright_sdk::Failure::from_error)?));
    quote! {{
        let mut #arguments = ::hookwright_sdk::export::Arguments::new(#bytes)?;
        #(#takes)*
        #arguments.finish()?;
        ::hookwright_sdk::export::Give(#ident(#(#handed),*)#unwrap).give()
    }}
}
