//! A function's doc comment: its documentation, and the examples in it.

use syn::{Attribute, Error, Expr, ExprLit, ItemFn, Lit, Meta, Result};

/// What a doc comment says.
pub(crate) struct Documentation {
    /// Markdown, without the examples.
    pub(crate) summary: String,
    /// Expressions and what they give.
    pub(crate) examples: Vec<(String, String)>,
}

impl Documentation {
    /// Reads the doc comment of a function. Its examples are the lines of code blocks marked `iml`:
    /// `luhn("4539 5787 6362 1486") => true`.
    pub(crate) fn read(function: &ItemFn) -> Result<Self> {
        let (mut summary, mut examples, mut within) = (Vec::new(), Vec::new(), false);
        for line in documentation(&function.attrs).lines() {
            match (within, line.trim()) {
                (false, "```iml") => within = true,
                (true, "```") => within = false,
                (true, "") => {}
                (true, line) => examples.push(example(function, line)?),
                (false, _) => summary.push(line.to_owned()),
            }
        }
        Ok(Self { summary: summary.join("\n").trim().to_owned(), examples })
    }
}

fn example(function: &ItemFn, line: &str) -> Result<(String, String)> {
    let halves = arrow(line).map(|at| (&line[..at], &line[at + ARROW.len()..]));
    let (expression, result) = halves.ok_or_else(|| {
        Error::new_spanned(&function.sig.ident, format!("an example is `expression => what it gives, as JSON`, not `{line}`"))
    })?;
    Ok((expression.trim().to_owned(), result.trim().to_owned()))
}

const ARROW: &str = " => ";

/// Where the expression ends: at the first arrow that is not in a quoted text.
fn arrow(line: &str) -> Option<usize> {
    let mut quote = None;
    for (index, letter) in line.char_indices() {
        match quote {
            None if line[index..].starts_with(ARROW) => return Some(index),
            None => quote = Some(letter).filter(|letter| matches!(letter, '"' | '\'')),
            Some(open) => quote = Some(open).filter(|open| *open != letter),
        }
    }
    None
}

/// The doc comment as Markdown, without the space that follows `///`.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(doc_line).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    if !pair.path.is_ident("doc") {
        return None;
    }
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else {
        return None;
    };
    let text = text.value();
    Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(function: &str) -> Result<Documentation> {
        Documentation::read(&syn::parse_str(function).unwrap())
    }

    #[test]
    fn examples_are_taken_out_of_the_documentation() {
        let read = read(
            "/// Checks.\n///\n/// ```iml\n/// luhn(\"1 => 2\") => false\n///\n/// luhn(3) => \"a => b\"\n/// ```\n/// More.\nfn luhn() {}",
        )
        .unwrap();
        assert_eq!(read.summary, "Checks.\n\nMore.");
        let example = |expression: &str, result: &str| (expression.to_owned(), result.to_owned());
        assert_eq!(read.examples, [example("luhn(\"1 => 2\")", "false"), example("luhn(3)", "\"a => b\"")]);
    }

    #[test]
    fn an_example_that_says_no_result_is_refused() {
        let problem = read("/// ```iml\n/// luhn(3)\n/// ```\nfn luhn() {}").err().unwrap().to_string();
        assert_eq!(problem, "an example is `expression => what it gives, as JSON`, not `luhn(3)`");
    }
}
