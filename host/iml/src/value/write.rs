//! Values as JSON, and in the notation of the case files.

use super::{Array, Collection, Value};
use crate::json::{self, Kind, write_text};

impl Value<'_> {
    /// Writes it as compact JSON, for whoever gets the value: members that are missing are left out, missing elements
    /// are null, dates are ISO 8601 texts, bytes base64. What has only been passed through is as it came, to the
    /// digits of a number and the escapes of a text; of a repeated key the last value stays, which is the one that
    /// expressions see.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write(self, Style::AsItCame, out);
    }

    /// This value as compact JSON text within the language, what `createJSON` gives: as [`Value::write_json`] writes it,
    /// but a text has the escapes that `JSON.stringify` would give it, however it was written.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        write(self, Style::Stringified, &mut out);
        String::from_utf8(out).expect("JSON is written from texts, so it is UTF-8")
    }

    /// Writes it as JSON that keeps what JSON has no kind for: `{"$date": iso}`, `{"$buffer": base64}` and,
    /// for a value that is missing, `{"$undefined": true}`.
    pub fn write_notation(&self, out: &mut Vec<u8>) {
        match self {
            Self::Missing => out.extend_from_slice(b"{\"$undefined\":true}"),
            other => write(other, Style::Notation, out),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// JSON; texts of a document keep their escapes.
    AsItCame,
    /// JSON; texts are escaped as `JSON.stringify` does.
    Stringified,
    /// As `Stringified`, and what JSON has no kind for is marked.
    Notation,
}

fn write(value: &Value<'_>, style: Style, out: &mut Vec<u8>) {
    match value {
        Value::Missing | Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => number.write_json(out),
        Value::Text(text) => write_text(text, out),
        Value::Date(date) => write_marked("$date", &date.to_iso(), style, out),
        Value::Binary(bytes) => write_marked("$buffer", &bytes.to_base64(), style, out),
        Value::Array(array) => write_array(array, style, out),
        Value::Collection(collection) => write_collection(collection, style, out),
    }
}

fn write_marked(mark: &str, text: &str, style: Style, out: &mut Vec<u8>) {
    if style != Style::Notation {
        return write_text(text, out);
    }
    out.push(b'{');
    write_text(mark, out);
    out.push(b':');
    write_text(text, out);
    out.push(b'}');
}

fn write_array(array: &Array<'_>, style: Style, out: &mut Vec<u8>) {
    if let Some(node) = array.as_json() {
        return write_node(node, style, out);
    }
    out.push(b'[');
    for (index, element) in array.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(&element, style, out);
    }
    out.push(b']');
}

fn write_collection(collection: &Collection<'_>, style: Style, out: &mut Vec<u8>) {
    if let Some(node) = collection.as_json() {
        return write_node(node, style, out);
    }
    out.push(b'{');
    let start = out.len();
    match collection.as_pairs() {
        Some(pairs) => {
            for (key, value) in pairs {
                write_member(key, value, start, style, out);
            }
        }
        None => {
            for (key, value) in collection.iter() {
                write_member(&key, &value, start, style, out);
            }
        }
    }
    out.push(b'}');
}

/// One member, unless it is missing; `start` is where the first one begins.
fn write_member(key: &str, value: &Value<'_>, start: usize, style: Style, out: &mut Vec<u8>) {
    if matches!(value, Value::Missing) {
        return;
    }
    if out.len() > start {
        out.push(b',');
    }
    write_text(key, out);
    out.push(b':');
    write(value, style, out);
}

/// A value straight from a document: no values are made of it, what need not be escaped anew is copied whole.
fn write_node(node: json::Node<'_>, style: Style, out: &mut Vec<u8>) {
    match node.kind() {
        Kind::Array => {
            out.push(b'[');
            for (index, element) in node.elements().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_node(element, style, out);
            }
            out.push(b']');
        }
        Kind::Object => write_object(node, style, out),
        Kind::Text if node.has_escapes() && style != Style::AsItCame => write_text(&node.as_text().unwrap_or_default(), out),
        _ => out.extend_from_slice(node.source_text().as_bytes()),
    }
}

fn write_object(node: json::Node<'_>, style: Style, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (key, value)) in super::collection::distinct_nodes(node).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_node(key, style, out);
        out.push(b':');
        write_node(value, style, out);
    }
    out.push(b'}');
}
