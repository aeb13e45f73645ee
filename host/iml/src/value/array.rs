//! Arrays: a node of a JSON document until they are changed, then a shared list of values.

use std::rc::Rc;

use super::Value;
use crate::json;

/// An array.
#[derive(Debug, Clone)]
pub struct Array<'v>(Repr<'v>);

#[derive(Debug, Clone)]
enum Repr<'v> {
    Json(json::Node<'v>),
    Items(Rc<[Value<'v>]>),
}

impl<'v> Array<'v> {
    pub(super) fn from_json(node: json::Node<'v>) -> Self {
        Self(Repr::Json(node))
    }

    /// The JSON node this array still is.
    pub(super) fn as_json(&self) -> Option<json::Node<'v>> {
        match self.0 {
            Repr::Json(node) => Some(node),
            Repr::Items(_) => None,
        }
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Json(node) => node.len(),
            Repr::Items(items) => items.len(),
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::Json(node) => node.is_empty(),
            Repr::Items(items) => items.is_empty(),
        }
    }

    /// The elements in order.
    pub fn iter(&self) -> Iter<'_, 'v> {
        match &self.0 {
            Repr::Json(node) => Iter::Json(node.elements()),
            Repr::Items(items) => Iter::Items(items.iter()),
        }
    }

    /// The element at `index`, counted from 0; missing when there is none.
    pub fn get(&self, index: usize) -> Value<'v> {
        match &self.0 {
            Repr::Json(node) => node.elements().nth(index).map_or(Value::Missing, Value::from_json),
            Repr::Items(items) => items.get(index).cloned().unwrap_or_default(),
        }
    }

    /// The element at a position as IML counts: from 1, or from the end with negative numbers. Missing
    /// at 0 and outside.
    pub fn at(&self, position: i64) -> Value<'v> {
        let index = match position {
            0 => return Value::Missing,
            1.. => usize::try_from(position - 1).ok(),
            _ => usize::try_from(position.unsigned_abs()).ok().and_then(|back| self.len().checked_sub(back)),
        };
        index.map_or(Value::Missing, |index| self.get(index))
    }

    /// The elements as a list of values.
    pub fn to_vec(&self) -> Vec<Value<'v>> {
        self.iter().collect()
    }

    /// The same array, borrowing nothing.
    pub fn into_owned(self) -> Array<'static> {
        self.iter().map(Value::into_owned).collect()
    }
}

impl<'v> From<Vec<Value<'v>>> for Array<'v> {
    fn from(items: Vec<Value<'v>>) -> Self {
        Self(Repr::Items(Rc::from(items)))
    }
}

impl<'v> FromIterator<Value<'v>> for Array<'v> {
    fn from_iter<I: IntoIterator<Item = Value<'v>>>(items: I) -> Self {
        Self(Repr::Items(items.into_iter().collect()))
    }
}

/// The elements of an array: see [`Array::iter`].
#[derive(Debug, Clone)]
pub enum Iter<'a, 'v> {
    #[doc(hidden)]
    Json(json::Elements<'v>),
    #[doc(hidden)]
    Items(std::slice::Iter<'a, Value<'v>>),
}

impl<'v> Iterator for Iter<'_, 'v> {
    type Item = Value<'v>;

    fn next(&mut self) -> Option<Value<'v>> {
        match self {
            Self::Json(elements) => elements.next().map(Value::from_json),
            Self::Items(items) => items.next().cloned(),
        }
    }
}
