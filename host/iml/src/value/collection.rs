//! Collections: a node of a JSON document, fields computed when asked for, or shared pairs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::Value;
use super::pairs::{Pair, Pairs};
use crate::json;

/// Named values in an order.
#[derive(Clone)]
pub struct Collection<'v>(Repr<'v>);

#[derive(Clone)]
enum Repr<'v> {
    Json(json::Node<'v>),
    Fields(&'v (dyn Fields + 'v)),
    Pairs(Rc<Pairs<'v>>),
}

/// A collection that is made by code: headers that are found whatever their case, a query that is decoded late.
pub trait Fields {
    /// The member of that name.
    fn get(&self, name: &str) -> Option<Value<'_>>;
    /// All members in order.
    fn iter(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Value<'_>)> + '_>;
    /// Whether [`get`](Self::get) takes a name in any case, as headers do.
    fn ignores_case(&self) -> bool {
        false
    }
}

impl<'v> Collection<'v> {
    pub(super) fn from_json(node: json::Node<'v>) -> Self {
        Self(Repr::Json(node))
    }

    pub(super) fn from_fields(fields: &'v (dyn Fields + 'v)) -> Self {
        Self(Repr::Fields(fields))
    }

    /// A collection of pairs that have different names.
    pub(crate) fn of_distinct(pairs: Vec<Pair<'v>>) -> Self {
        Self(Repr::Pairs(Rc::new(pairs.into())))
    }

    /// The pairs, where it is made of some.
    pub(super) fn as_pairs(&self) -> Option<&[Pair<'v>]> {
        match &self.0 {
            Repr::Pairs(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// A collection of these pairs; where the last pair of a name is missing, the name is left out.
    pub(crate) fn of_present(pairs: Vec<Pair<'v>>) -> Self {
        let mut pairs = without_repeats(pairs, |key| Cow::Borrowed(key));
        pairs.retain(|(_, value)| !matches!(value, Value::Missing));
        Self(Repr::Pairs(Rc::new(pairs.into())))
    }

    /// The JSON node this collection still is.
    pub(super) fn as_json(&self) -> Option<json::Node<'v>> {
        match self.0 {
            Repr::Json(node) => Some(node),
            _ => None,
        }
    }

    /// The member `key`; missing when absent.
    pub fn get(&self, key: &str) -> Value<'v> {
        self.find(key).unwrap_or_default()
    }

    /// The member `key`.
    pub fn find(&self, key: &str) -> Option<Value<'v>> {
        match &self.0 {
            Repr::Json(node) => node.get(key).map(Value::from_json),
            Repr::Fields(fields) => fields.get(key),
            Repr::Pairs(pairs) => pairs.find(key).cloned(),
        }
    }

    /// Whether [`find`](Self::find) takes a name in any case.
    pub(crate) fn ignores_case(&self) -> bool {
        matches!(self.0, Repr::Fields(fields) if fields.ignores_case())
    }

    /// The members in order, each key once.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Pair<'v>> + '_> {
        match &self.0 {
            Repr::Json(node) => Box::new(distinct(*node)),
            Repr::Fields(fields) => fields.iter(),
            Repr::Pairs(pairs) => Box::new(pairs.iter().cloned()),
        }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Pairs(pairs) => pairs.len(),
            _ => self.iter().count(),
        }
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::Json(node) => node.is_empty(),
            _ => self.iter().next().is_none(),
        }
    }

    /// The same collection, borrowing nothing.
    pub fn into_owned(self) -> Collection<'static> {
        let pairs: Vec<_> = self.iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect();
        Collection(Repr::Pairs(Rc::new(pairs.into())))
    }
}

/// The members of an object, a repeated key at its first place with its last value.
fn distinct<'v>(node: json::Node<'v>) -> impl Iterator<Item = Pair<'v>> {
    distinct_nodes(node).map(|(key, value)| (key.as_text().unwrap_or_default(), Value::from_json(value)))
}

/// As [`distinct`], as nodes.
pub(super) fn distinct_nodes<'v>(node: json::Node<'v>) -> impl Iterator<Item = (json::Node<'v>, json::Node<'v>)> {
    let pairs: Vec<_> = node.entries().collect();
    without_repeats(pairs, |key| key.as_text().unwrap_or_default()).into_iter()
}

/// Up to this many pairs, comparing each with each is faster than hashing them.
const FEW: usize = 24;

/// The pairs with each key once: at its first place, with its last value.
fn without_repeats<K, V>(pairs: Vec<(K, V)>, text: impl Fn(&K) -> Cow<'_, str>) -> Vec<(K, V)> {
    if pairs.len() <= FEW && !has_repeats(&pairs, &text) {
        return pairs;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(pairs.len());
    let mut kept: Vec<(K, V)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let place = *places.entry(text(&key).into_owned()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => earlier.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

fn has_repeats<K, V>(pairs: &[(K, V)], text: &impl Fn(&K) -> Cow<'_, str>) -> bool {
    let repeats = |at: usize| pairs[..at].iter().any(|(key, _)| text(key) == text(&pairs[at].0));
    (1..pairs.len()).any(repeats)
}

impl<'v> From<Vec<Pair<'v>>> for Collection<'v> {
    fn from(pairs: Vec<Pair<'v>>) -> Self {
        Self(Repr::Pairs(Rc::new(without_repeats(pairs, |key| Cow::Borrowed(key)).into())))
    }
}

impl std::fmt::Debug for Collection<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_map().entries(self.iter()).finish()
    }
}
