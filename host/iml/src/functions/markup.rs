//! Functions over HTML and Markdown.

use super::{ArgumentError, Arguments, Arity, Call, Example, Family, Function};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "escapeHTML",
        family: Family::Text,
        signature: "escapeHTML(text)",
        summary: "Writes &, < and > as entities; quotes stay as they are.",
        examples: &[Example::new(r#"escapeHTML('<b>"Hello" & more</b>')"#, r#""&lt;b&gt;\"Hello\" &amp; more&lt;/b&gt;""#)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| escape(arguments, html_entity)),
    },
    Function {
        name: "stripHTML",
        family: Family::Text,
        signature: "stripHTML(text)",
        summary: "Removes tags, comments, and the contents of script and style; <br> becomes a line break.",
        examples: &[
            Example::new(r#"stripHTML("<b>Hello</b><br>World")"#, r#""Hello\nWorld""#),
            Example::new(r#"stripHTML("<style>p { }</style><p title='>'>1 < 2</p>")"#, r#""1 < 2""#),
        ],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| Ok(Value::text(strip(&arguments.next_text()?)))),
    },
    Function {
        name: "escapeMarkdown",
        family: Family::Text,
        signature: "escapeMarkdown(text)",
        summary: "Writes the characters that mean something in Markdown as numeric entities.",
        examples: &[Example::new(r##"escapeMarkdown("# Header")"##, r##""&#35; Header""##)],
        arity: Arity::exactly(1),
        call: Call::Eager(|arguments| escape(arguments, markdown_entity)),
    },
];

fn escape<'v>(arguments: &mut Arguments<'_, 'v>, entity: impl Fn(char) -> Option<&'static str>) -> Result<Value<'v>, ArgumentError> {
    let text = arguments.next_text()?;
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for character in text.chars() {
        match entity(character) {
            Some(entity) => out.push_str(entity),
            None => out.push(character),
        }
    }
    Ok(Value::text(out))
}

fn html_entity(character: char) -> Option<&'static str> {
    Some(match character {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    })
}

fn markdown_entity(character: char) -> Option<&'static str> {
    Some(match character {
        '!' => "&#33;",
        '#' => "&#35;",
        '(' => "&#40;",
        ')' => "&#41;",
        '*' => "&#42;",
        '+' => "&#43;",
        '-' => "&#45;",
        '.' => "&#46;",
        '>' => "&#62;",
        '[' => "&#91;",
        '\\' => "&#92;",
        ']' => "&#93;",
        '_' => "&#95;",
        '`' => "&#96;",
        '{' => "&#123;",
        '|' => "&#124;",
        '}' => "&#125;",
        '~' => "&#126;",
        _ => return None,
    })
}

fn strip(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match markup_length(rest) {
            Markup::Sign => {
                out.push('<');
                rest = &rest[1..];
            }
            Markup::Unfinished => break,
            Markup::Length(length) => {
                let name = tag_name(rest);
                out.push_str(if name.eq_ignore_ascii_case("br") { "\n" } else { "" });
                rest = after_contents(&rest[length..], name);
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a `<` begins.
enum Markup {
    /// Nothing: it is only a sign.
    Sign,
    /// A tag that nothing in the rest of the text ends.
    Unfinished,
    /// A tag or comment of so many bytes.
    Length(usize),
}

fn markup_length(text: &str) -> Markup {
    if text.starts_with("<!--") {
        return Markup::Length(text.find("-->").map_or(text.len(), |at| at + 3));
    }
    match text.as_bytes().get(1) {
        Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z') => {}
        _ => return Markup::Sign,
    }
    let end = end_outside_quotes(text).or_else(|| memchr::memchr(b'>', text.as_bytes()));
    end.map_or(Markup::Unfinished, |end| Markup::Length(end + 1))
}

/// The first `>` that is not part of an attribute's value.
fn end_outside_quotes(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = b'<';
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return Some(at),
            (b'"' | b'\'', None) if before == b'=' => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

/// The name of an opening tag; of anything else none.
fn tag_name(tag: &str) -> &str {
    let end = tag[1..].find(|character: char| !character.is_ascii_alphanumeric());
    &tag[1..end.map_or(tag.len(), |end| end + 1)]
}

/// What stands behind the contents of an element that are no text: scripts and styles.
fn after_contents<'t>(text: &'t str, name: &str) -> &'t str {
    let is_raw = ["script", "style"].iter().any(|raw| name.eq_ignore_ascii_case(raw));
    if is_raw { after_end_tag(text, name) } else { text }
}

/// What stands behind `</name ...>`; nothing if it never comes.
fn after_end_tag<'t>(text: &'t str, name: &str) -> &'t str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return rest.find('>').map_or("", |end| &rest[end + 1..]);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_unfinished_tags_stay() {
        assert_eq!(strip("a < b <3 <a href"), "a < b <3 <a href");
        assert_eq!(strip("a<!-- <b> -->b<!-- "), "ab");
    }

    #[test]
    fn tags_of_all_kinds_go() {
        assert_eq!(strip("<!DOCTYPE html><p class=\"a > b\">x</p><BR/>y<?x?>"), "x\ny");
        assert_eq!(strip("<SCRIPT>if (a < b) {}</Script >z"), "z");
        assert_eq!(strip("<a title=\"never closed>x<b>y"), "xy");
    }

    #[test]
    fn a_text_of_nothing_but_tag_beginnings_takes_no_time() {
        let text = "<a =\"".repeat(200_000);
        assert_eq!(strip(&text).len(), text.len());
    }
}
