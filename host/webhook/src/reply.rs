//! What goes back to the sender: status, headers and body, and how values become bytes.

use hookwright_iml::{Collection, Value};

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 100 to 999.
    pub status: u16,
    /// Names and values in their order; a name may come several times.
    pub headers: Vec<(String, String)>,
    /// Exact bytes; empty where the spec gives no body.
    pub body: Vec<u8>,
}

impl Default for Reply {
    /// What Make's gateway answers where a spec says nothing: `200`, `text/plain; charset=utf-8`, `Accepted`.
    fn default() -> Self {
        Self { status: 200, headers: vec![content_type(Encoding::Text)], body: b"Accepted".to_vec() }
    }
}

impl Reply {
    /// The first header of this name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Adds the encoding's content type, unless the spec's own headers name one.
    pub(crate) fn complete_content_type(&mut self, encoding: Encoding) {
        if self.header("content-type").is_none() {
            self.headers.push(content_type(encoding));
        }
    }
}

fn content_type(encoding: Encoding) -> (String, String) {
    ("content-type".to_owned(), encoding.content_type().to_owned())
}

/// How `respond.body` becomes bytes: the value of `respond.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// JSON, the default.
    #[default]
    Json,
    /// `a=1&b=2`.
    Urlencoded,
    /// The value as text; bytes as they are.
    Text,
}

impl Encoding {
    pub(crate) const NAMES: [&str; 3] = ["json", "urlencoded", "text"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "urlencoded" => Some(Self::Urlencoded),
            "text" => Some(Self::Text),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Urlencoded => "application/x-www-form-urlencoded",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    pub(crate) fn encode(self, body: &Value<'_>) -> Vec<u8> {
        match (self, body) {
            (Self::Json, _) => {
                let mut out = Vec::new();
                body.write_json(&mut out);
                out
            }
            (Self::Urlencoded, Value::Collection(fields)) => urlencoded(fields),
            (_, Value::Binary(bytes)) => bytes.as_ref().to_vec(),
            _ => body.to_text().into_owned().into_bytes(),
        }
    }
}

/// The mirror of [`Form`](crate::Form): arrays repeat their name, collections nest in brackets.
fn urlencoded(fields: &Collection<'_>) -> Vec<u8> {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter() {
        append(&mut out, &name, &value);
    }
    out.finish().into_bytes()
}

fn append(out: &mut form_urlencoded::Serializer<'_, String>, name: &str, value: &Value<'_>) {
    match value {
        Value::Missing | Value::Null => {}
        Value::Array(elements) => elements.iter().for_each(|element| append(out, name, &element)),
        Value::Collection(members) => members.iter().for_each(|(key, member)| append(out, &format!("{name}[{key}]"), &member)),
        _ => {
            out.append_pair(name, &value.to_text());
        }
    }
}
