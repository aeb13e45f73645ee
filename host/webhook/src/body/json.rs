//! JSON bodies: read once into a form that borrows, every number's digits kept.

use hookwright_iml::{Budget, Value, json::Document};

use super::{BadBody, Content};

/// How many members an object may have: one that is listed or made into a text takes a hundred bytes for each.
const MAXIMUM_MEMBERS: usize = 10_000;

/// Strict JSON in UTF-8, with or without a byte order mark. An empty body is null: providers send one to check a URL.
pub(super) fn decode<'b>(bytes: &'b [u8], budget: &dyn Budget) -> Result<Content<'b>, BadBody> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| BadBody::new(format!("the body is not JSON: byte {} is not UTF-8", error.valid_up_to())))?;
    if text.trim_ascii().is_empty() {
        return Ok(Content::Value(Value::Null));
    }
    let document = Document::parse_within(text, budget).map_err(|error| match error.interrupt {
        Some(interrupt) => interrupt.into(),
        None => BadBody::new(format!("the body is not JSON: {} at byte {}", error.message, error.offset)),
    })?;
    if document.has_wider_object_than(MAXIMUM_MEMBERS) {
        return Err(BadBody::new(format!("an object of the body has more than {MAXIMUM_MEMBERS} members")));
    }
    Ok(Content::Json(document))
}
