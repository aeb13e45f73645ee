//! XML bodies, in the shape Make gives them.

use hookwright_iml::{Budget, Value, xml};

use super::BadBody;

/// Reads a document: see [`xml::read`].
pub(super) fn decode(text: &str, budget: &dyn Budget) -> Result<Value<'static>, BadBody> {
    xml::read(text, budget).map_err(|error| match error.interrupt {
        Some(interrupt) => interrupt.into(),
        None => BadBody::new(error.message),
    })
}
