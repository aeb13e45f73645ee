//! JSON bodies: read once into a form that borrows, every number's digits kept.

use hookwright_iml::{Value, json::Document};

use super::{BadBody, Content};

/// How many members an object may have. A spec that reads one of them looks at all, for every item and recipient anew.
const MAXIMUM_MEMBERS: usize = 10_000;

/// Strict JSON in UTF-8, with or without a byte order mark. An empty body is null: providers send one to check a URL.
pub(super) fn decode(bytes: &[u8]) -> Result<Content<'_>, BadBody> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| BadBody::new(format!("the body is not JSON: byte {} is not UTF-8", error.valid_up_to())))?;
    if text.trim_ascii().is_empty() {
        return Ok(Content::Value(Value::Null));
    }
    let document =
        Document::parse(text).map_err(|error| BadBody::new(format!("the body is not JSON: {} at byte {}", error.message, error.offset)))?;
    if document.has_wider_object_than(MAXIMUM_MEMBERS) {
        return Err(BadBody::new(format!("an object of the body has more than {MAXIMUM_MEMBERS} members")));
    }
    Ok(Content::Json(document))
}
