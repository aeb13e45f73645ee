//! XML bodies, in the shape Make gives them.

use hookwright_iml::{Value, xml};

use super::BadBody;

/// Reads a document: see [`xml::read`].
pub(super) fn decode(text: &str) -> Result<Value<'static>, BadBody> {
    xml::read(text).map_err(|error| BadBody::new(error.message))
}
