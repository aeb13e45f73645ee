//! How large a value is when it is written out, without writing it.

use super::{Collection, Text, Value};
use crate::json::Node;
use crate::scope::Limits;

impl<'v> Value<'v> {
    /// This value as text, or none where that would be longer than the limit.
    pub(crate) fn into_text_within(self, limits: &Limits) -> Option<Text<'v>> {
        if !matches!(self, Self::Array(_)) {
            return self.fits(limits).then(|| self.into_text());
        }
        let mut text = String::new();
        (self.fits(limits) && self.append_text(&mut text, limits.size).is_some()).then(|| Text::from(text))
    }

    /// Whether this value, written out, stays within the limits of size and depth. Looks at no more of it
    /// than it takes to know.
    pub(crate) fn fits(&self, limits: &Limits) -> bool {
        let mut left = limits.size;
        self.take_from(&mut left, limits.depth).is_some()
    }

    fn take_from(&self, left: &mut usize, depth: usize) -> Option<()> {
        match self {
            Self::Missing | Self::Null | Self::Bool(_) | Self::Date(_) | Self::Number(_) => take(left, 4),
            Self::Text(text) => take(left, text.len()),
            Self::Binary(bytes) => take(left, bytes.len()),
            Self::Array(array) => match array.as_json() {
                Some(node) => take_node(left, node, depth),
                None => array.iter().try_for_each(|element| {
                    take(left, 1)?;
                    element.take_from(left, depth.checked_sub(1)?)
                }),
            },
            Self::Collection(collection) => match collection.as_json() {
                Some(node) => take_node(left, node, depth),
                None => take_members(left, collection, depth.checked_sub(1)?),
            },
        }
    }
}

fn take_members(left: &mut usize, collection: &Collection<'_>, depth: usize) -> Option<()> {
    let mut member = |key: &str, value: &Value<'_>| {
        take(left, key.len() + 4)?;
        value.take_from(left, depth)
    };
    match collection.as_pairs() {
        Some(pairs) => pairs.iter().try_for_each(|(key, value)| member(key, value)),
        None => collection.iter().try_for_each(|(key, value)| member(&key, &value)),
    }
}

/// The source is at least as long as what is written of it.
fn take_node(left: &mut usize, node: Node<'_>, depth: usize) -> Option<()> {
    take(left, node.span().len())?;
    (!node.deeper_than(depth)).then_some(())
}

fn take(left: &mut usize, size: usize) -> Option<()> {
    *left = left.checked_sub(size)?;
    Some(())
}
