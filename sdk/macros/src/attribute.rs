//! What both attributes read from a function: the name given to it, its result.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Error, GenericArgument, ItemFn, LitStr, PathArguments, Result, ReturnType, Type};

/// The value of `name = "..."`, the only thing an attribute takes.
pub(crate) fn given_name(attribute: TokenStream) -> Result<Option<String>> {
    let mut name = None;
    let parser = syn::meta::parser(|meta| {
        if !meta.path.is_ident("name") {
            return Err(meta.error("only `name = \"...\"` can be given here"));
        }
        name = Some(meta.value()?.parse::<LitStr>()?.value());
        Ok(())
    });
    parser.parse2(attribute)?;
    Ok(name)
}

/// Refuses what cannot be called across the border.
pub(crate) fn check_plain(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        return Err(Error::new_spanned(word, "a plugin's functions are not async: nothing waits inside a plugin"));
    }
    match signature.generics.type_params().next() {
        Some(parameter) => Err(Error::new_spanned(parameter, "a plugin's functions have no type parameters")),
        None => Ok(()),
    }
}

/// How a function's result is to be read.
pub(crate) struct Returned<'f> {
    /// It is a `Result`, by its last name: `anyhow::Result<T>` counts.
    pub(crate) fallible: bool,
    /// The type of the value itself, where the signature shows it.
    pub(crate) value: Option<&'f Type>,
}

impl<'f> Returned<'f> {
    pub(crate) fn of(output: &'f ReturnType) -> Self {
        let ReturnType::Type(_, kind) = output else {
            return Self { fallible: false, value: None };
        };
        match arguments_of(kind, "Result") {
            Some(arguments) => Self { fallible: true, value: arguments.first().copied() },
            None => Self { fallible: false, value: Some(kind) },
        }
    }
}

/// The type arguments of `kind` if its last name is `name`.
pub(crate) fn arguments_of<'t>(kind: &'t Type, name: &str) -> Option<Vec<&'t Type>> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    if last.ident != name {
        return None;
    }
    let PathArguments::AngleBracketed(list) = &last.arguments else {
        return Some(Vec::new());
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    });
    Some(types.collect())
}

/// `team_name` as expressions write it: `teamName`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn rust_names_become_the_names_of_expressions() {
        assert_eq!(camel_case("ed25519_verify"), "ed25519Verify");
        assert_eq!(camel_case("luhn"), "luhn");
        assert_eq!(camel_case("_a_b"), "aB");
    }
}
