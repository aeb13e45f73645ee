//! `hookwright eval`: one template against one context, or a stream of them.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hookwright_iml::json::{self, Document, Node};
use hookwright_iml::notation::Context;
use hookwright_iml::{Error, NoCustom, Template};
use hookwright_webhook::Source;

use super::printable;
use crate::environment;

/// Evaluate a template.
///
/// The template is text with expressions in double braces. The result is printed as JSON; what JSON has no word for is
/// written as {"$date": "2026-01-31T12:00:00.000Z"}, {"$buffer": "base64"} and {"$undefined": true}, and may be written so
/// in a context. A context is an object of variables; its `$clock` freezes `now`, its `environment.timezone` sets the zone.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The template.
    #[arg(required_unless_present = "lines", conflicts_with = "lines")]
    template: Option<String>,

    /// A JSON file with the variables that the template sees.
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    context: Option<PathBuf>,

    /// The template is a JSON tree whose texts are templates, as `output` is in a spec.
    #[arg(long, conflicts_with = "lines")]
    tree: bool,

    /// Read {"id"?, "expr", "context", "form"?: "tree"} from standard input, one a line; print {"id"?, "value"} or
    /// {"id"?, "error"} for each.
    #[arg(long)]
    lines: bool,
}

const EXAMPLES: &str = r#"Examples:
  hookwright eval '{{upper("hello")}}, {{1 + 1}}'
  hookwright eval '{{formatDate(now; "YYYY-MM-DD")}}'
  hookwright eval '{{body.items[1].name}}' --context request.json
  hookwright eval --tree '{"id": "{{body.id}}", "{{...}}": "{{body.extra}}"}' --context request.json
  hookwright eval --lines < cases.jsonl"#;

/// Evaluates and prints.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let Arguments { template, context, tree, lines: _ } = arguments;
    let code = match template {
        None => lines(io::stdin().lock(), &mut out).map(|()| ExitCode::SUCCESS),
        Some(template) => one(&template, context.as_deref(), tree, &mut out),
    }?;
    out.flush()?;
    Ok(code)
}

fn one(template: &str, context: Option<&Path>, tree: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let context = read_context(context)?;
    let context = Document::parse_with_comments(&context).context("the context is not JSON")?;
    if !tree && !template.contains("{{") {
        anstream::eprintln!("note: a template without {{{{...}}}} is a text that stays as it is");
    }
    match evaluate(template, context.root(), tree) {
        Ok(value) => {
            writeln!(out, "{}", printable::json(&String::from_utf8(value)?))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(errors) => {
            show(template, errors);
            Ok(ExitCode::FAILURE)
        }
    }
}

fn read_context(file: Option<&Path>) -> anyhow::Result<String> {
    let Some(file) = file else {
        return Ok("{}".to_owned());
    };
    fs::read_to_string(file).with_context(|| format!("cannot read the context {}", file.display()))
}

fn show(template: &str, errors: Vec<Error>) {
    let source = Source::new("template", template);
    for Error { message, help, span, .. } in errors {
        let diagnostic = source.error(span, message);
        let diagnostic = match help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        };
        anstream::eprintln!("{}", diagnostic.render(template, super::colour_stderr()));
    }
}

/// The value in the notation of iml's `notation` module, or every mistake.
fn evaluate(template: &str, context: Node<'_>, tree: bool) -> Result<Vec<u8>, Vec<Error>> {
    let outside = |message: String| vec![Error::new(message, 0..0)];
    let scope = Context::read(context, &environment::now()).map_err(outside)?;
    let (template, _) = compile(template, tree)?;
    let value = template.evaluate(&scope).map_err(|error| vec![error])?;
    let mut out = Vec::new();
    value.write_notation(&mut out);
    Ok(out)
}

fn compile(template: &str, tree: bool) -> Result<(Template, Vec<hookwright_iml::Warning>), Vec<Error>> {
    if !tree {
        return Template::compile(template, &NoCustom);
    }
    let document = Document::parse_with_comments(template)
        .map_err(|error| vec![Error::new(format!("the tree is not JSON: {}", error.message), error.offset..error.offset)])?;
    Template::compile_tree(document.root(), &NoCustom)
}

fn lines(input: impl BufRead, out: &mut impl Write) -> anyhow::Result<()> {
    for (index, line) in input.lines().enumerate() {
        let line = line.context("cannot read standard input")?;
        if !line.trim().is_empty() {
            answer(&line, index + 1, out)?;
        }
    }
    Ok(())
}

/// One line of input to one line of output, whatever it is.
fn answer(line: &str, number: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let case = Document::parse(line);
    let mut written = vec![b'{'];
    if let Some(id) = case.as_ref().ok().and_then(|case| case.root().get("id")) {
        written.extend_from_slice(b"\"id\":");
        id.write_compact(&mut written);
        written.push(b',');
    }
    let value = match &case {
        Ok(case) => value_of(case.root(), number),
        Err(error) => Err(no_case(number, &format!("not JSON: {}", error.message))),
    };
    match value {
        Ok(value) => {
            written.extend_from_slice(b"\"value\":");
            written.extend(value);
        }
        Err(errors) => write_error(&errors, &mut written),
    }
    written.push(b'}');
    Ok(writeln!(out, "{}", printable::json(&String::from_utf8(written)?))?)
}

fn value_of(case: Node<'_>, number: usize) -> Result<Vec<u8>, Vec<Error>> {
    let expression = case.get("expr").and_then(Node::as_text).ok_or_else(|| no_case(number, "`expr` is not a text"))?;
    let form = case.get("form").map(|form| form.as_text().as_deref() == Some("tree"));
    if form == Some(false) {
        return Err(no_case(number, "the only `form` is \"tree\""));
    }
    let nothing = Document::parse("{}").expect("this is JSON");
    evaluate(&expression, case.get("context").unwrap_or(nothing.root()), form.is_some())
}

fn no_case(number: usize, what: &str) -> Vec<Error> {
    vec![Error::new(format!("line {number} of the input: {what}"), 0..0)]
}

/// The first mistake: its message, its advice, and its bytes in the expression.
fn write_error(errors: &[Error], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"error\":{\"message\":");
    let first = errors.first().cloned().unwrap_or_else(|| Error::new("it failed", 0..0));
    json::write_text(&first.message, out);
    if let Some(help) = &first.help {
        out.extend_from_slice(b",\"help\":");
        json::write_text(help, out);
    }
    out.extend_from_slice(format!(",\"span\":[{},{}]}}", first.span.start, first.span.end).as_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answered(input: &str) -> String {
        let mut out = Vec::new();
        lines(input.as_bytes(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_answer_stays_on_one_line_for_every_reader() {
        let input = "{\"expr\": \"{{'a\\u0085\\u2028b'}}\", \"context\": {}}";
        assert_eq!(answered(input), "{\"value\":\"a\\u0085\\u2028b\"}\n");
    }

    #[test]
    fn each_line_is_answered_with_its_id_and_its_value() {
        let input = concat!(
            r#"{"id": "a", "expr": "{{1 + x}}", "context": {"x": 2}}"#,
            "\n\n",
            r#"{"expr": "{{now}}", "context": {"$clock": "2026-01-31T12:00:00Z"}}"#,
            "\n",
            r#"{"id": 3, "form": "tree", "expr": "{\"a\": \"{{x}}\", \"b\": 1}"}"#,
            "\n",
        );
        let expected = concat!(
            r#"{"id":"a","value":3}"#,
            "\n",
            r#"{"value":{"$date":"2026-01-31T12:00:00.000Z"}}"#,
            "\n",
            r#"{"id":3,"value":{"b":1}}"#,
            "\n",
        );
        assert_eq!(answered(input), expected);
    }

    #[test]
    fn a_mistake_is_an_answer_and_the_lines_behind_it_are_answered_too() {
        let out = answered("{\"id\":1,\"expr\":\"{{nope(1)}}\"}\n{\"id\":2,\"expr\":\"x\"}\n");
        let (error, value) = out.split_once('\n').unwrap();
        assert!(error.starts_with(r#"{"id":1,"error":{"message":"#), "{error}");
        assert_eq!(value, "{\"id\":2,\"value\":\"x\"}\n");
    }

    #[test]
    fn a_line_that_is_no_case_is_answered_with_its_number_and_stops_nothing() {
        let out = answered("\n{\"id\":\"a\"}\nnope\n{\"expr\":\"x\"}\n");
        let answers: Vec<&str> = out.lines().collect();
        assert_eq!(answers[0], r#"{"id":"a","error":{"message":"line 2 of the input: `expr` is not a text","span":[0,0]}}"#);
        assert!(answers[1].starts_with(r#"{"error":{"message":"line 3 of the input: not JSON: "#), "{out}");
        assert_eq!(answers[2], r#"{"value":"x"}"#);
    }
}
