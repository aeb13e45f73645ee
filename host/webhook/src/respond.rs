//! `respond`: what goes back to the sender.

use std::ops::Range;

use hookwright_iml::json::{Kind, Node};
use hookwright_iml::{Error, Template, Value, excerpt};

use crate::directives;
use crate::reader::Reader;
use crate::reply::{Encoding, Reply};
use crate::scope::Scope;

/// A `respond` directive, of the spec or of its `verification`.
#[derive(Default)]
pub(crate) struct Respond {
    encoding: Option<Part>,
    status: Option<Part>,
    headers: Option<Part>,
    body: Option<Part>,
}

/// A template and where it stands, for what is wrong with its result.
struct Part {
    template: Template,
    span: Range<usize>,
}

impl Part {
    fn evaluate<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Value<'r>, Error> {
        self.template.evaluate(scope)
    }

    /// An error about the kind of what came. What came is not said: a slip in the spec may have put a secret there.
    fn other_than(&self, key: &str, wanted: &str, came: &Value<'_>) -> Error {
        self.wrong(format!("`{key}` must be {wanted}, and this {} is not", came.kind_name()))
    }

    fn wrong(&self, message: String) -> Error {
        Error::new(message, self.span.clone())
    }
}

impl Respond {
    /// Reads `{type, status, headers, body}`; each may hold expressions.
    pub(crate) fn read(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Self> {
        let members = reader.members(node, directive, &["type", "status", "headers", "body"])?;
        let mut respond = Self::default();
        for (key, value) in members.entries() {
            match key.as_text()?.as_ref() {
                "type" => respond.encoding = encoding(reader, value, directive),
                "status" => respond.status = status(reader, value, directive),
                "headers" => respond.headers = headers(reader, value, directive),
                "body" => respond.body = part(reader, value),
                _ => {}
            }
        }
        Some(respond)
    }

    /// The reply. Without `body` it is empty and has no content type; the spec's own headers win over ours.
    pub(crate) fn reply<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Reply, Error> {
        let encoding = self.encoding(scope)?;
        let mut reply = Reply { status: self.status(scope)?, headers: self.headers(scope)?, body: Vec::new() };
        let body = self.body.as_ref().map_or(Ok(Value::Missing), |body| body.evaluate(scope))?;
        if !matches!(body, Value::Missing) {
            reply.body = encoding.encode(&body);
            reply.complete_content_type(encoding);
        }
        Ok(reply)
    }

    fn encoding<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Encoding, Error> {
        let Some(part) = &self.encoding else {
            return Ok(Encoding::default());
        };
        let value = part.evaluate(scope)?;
        if value.is_nothing() {
            return Ok(Encoding::default());
        }
        Encoding::named(&value.to_text())
            .ok_or_else(|| part.other_than("type", &format!("one of {}", directives::listed(&Encoding::NAMES)), &value))
    }

    fn status<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<u16, Error> {
        let Some(part) = &self.status else {
            return Ok(200);
        };
        let value = part.evaluate(scope)?;
        if value.is_nothing() {
            return Ok(200);
        }
        valid_status(&value.to_text()).ok_or_else(|| part.other_than("status", "a whole number from 100 to 999", &value))
    }

    fn headers<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Vec<(String, String)>, Error> {
        let Some(part) = &self.headers else {
            return Ok(Vec::new());
        };
        let mut headers = Vec::new();
        match part.evaluate(scope)? {
            Value::Missing | Value::Null => {}
            Value::Collection(members) => {
                for (name, value) in members.iter() {
                    add_header(&mut headers, &name, &value).map_err(|message| part.wrong(message))?;
                }
            }
            other => {
                return Err(part.wrong(format!("`headers` must be a collection, not {}", other.kind_name())));
            }
        }
        Ok(headers)
    }

    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.encoding, &self.status, &self.headers, &self.body].into_iter().flatten().map(|part| &part.template)
    }
}

fn part(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Part> {
    Some(Part { template: reader.template(node)?, span: node.span() })
}

fn encoding(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Part> {
    let Some(name) = node.as_text() else {
        reader.wrong_type(node, &format!("{directive}.type"), "a text");
        return None;
    };
    let part = part(reader, node)?;
    if part.template.constant() && Encoding::named(&name).is_none() {
        let help = directives::nearest(&name, &Encoding::NAMES).map_or(String::new(), |near| format!("did you mean `{near}`?"));
        let known = directives::listed(&Encoding::NAMES);
        reader.error(node.span(), format!("`{directive}.type` must be one of {known}, not '{name}'"), help);
    }
    Some(part)
}

fn status(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Part> {
    if !matches!(node.kind(), Kind::Number | Kind::Text) {
        reader.wrong_type(node, &format!("{directive}.status"), "a number or an expression");
        return None;
    }
    let part = part(reader, node)?;
    let written = node.as_text().or(node.as_number_text().map(Into::into)).unwrap_or_default();
    if part.template.constant() && valid_status(&written).is_none() {
        reader.error(node.span(), format!("`{directive}.status` must be a whole number from 100 to 999, not {written}"), "");
    }
    Some(part)
}

fn headers(reader: &mut Reader<'_>, node: Node<'_>, directive: &str) -> Option<Part> {
    let directive = format!("{directive}.headers");
    if !matches!(node.kind(), Kind::Object | Kind::Text) {
        reader.wrong_type(node, &directive, "an object of names and values");
        return None;
    }
    for (key, value) in node.entries() {
        let name = key.as_text().unwrap_or_default();
        if value.kind() == Kind::Object {
            reader.wrong_type(value, &format!("{directive}.{name}"), "a text, a number, true, false, null or an array of those");
        }
        if name.contains("{{") {
            continue;
        }
        if !valid_name(&name) {
            reader.error(key.span(), format!("'{name}' cannot be the name of a header"), "");
        } else if is_framing(&name) {
            reader.warning(key.span(), format!("`{name}` is the server's own affair and is left out"), "");
        }
    }
    part(reader, node)
}

fn valid_status(text: &str) -> Option<u16> {
    let digits = text.trim();
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    digits.parse().ok().filter(|status| (100..=999).contains(status))
}

/// Adds one header: an array repeats it, null or nothing leaves it out.
fn add_header(headers: &mut Vec<(String, String)>, name: &str, value: &Value<'_>) -> Result<(), String> {
    match value {
        Value::Missing | Value::Null => return Ok(()),
        Value::Array(values) => {
            return values.iter().try_for_each(|value| add_header(headers, name, &value));
        }
        Value::Collection(_) => {
            return Err(format!("the header '{}' must be a text, not a collection", excerpt(name)));
        }
        _ => {}
    }
    if !valid_name(name) {
        return Err(format!("'{}' cannot be the name of a header", excerpt(name)));
    }
    let text = value.to_text();
    if text.chars().any(|character| character != '\t' && character.is_control()) {
        return Err(format!("the value of the header '{}' holds a control character", excerpt(name)));
    }
    if !is_framing(name) {
        headers.push((name.to_owned(), text.into_owned()));
    }
    Ok(())
}

/// A token of RFC 9110.
fn valid_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Headers that say how the message is framed on this connection. A spec that sets them could only break the reply.
fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"]
        .iter()
        .any(|framing| framing.eq_ignore_ascii_case(name))
}
