//! The order in which `sort` puts values.

use std::cmp::Ordering;

use crate::operators::{compare_numbers, compare_texts};
use crate::value::Value;

/// How `sort` was told to order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Order {
    descending: bool,
    ignores_case: bool,
}

impl Order {
    /// The order of one of the four words for it.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let (direction, ignores_case) = word.strip_suffix(" ci").map_or((word, false), |direction| (direction, true));
        match direction {
            "asc" => Some(Self { descending: false, ignores_case }),
            "desc" => Some(Self { descending: true, ignores_case }),
            _ => None,
        }
    }

    /// How two values stand to each other. Nothing comes last, whatever the direction.
    pub(super) fn compare(self, one: &Value<'_>, other: &Value<'_>) -> Ordering {
        match (one.is_nothing(), other.is_nothing()) {
            (false, false) => {}
            (one, other) => return one.cmp(&other),
        }
        let order = self.ascending(one, other);
        if self.descending { order.reverse() } else { order }
    }

    fn ascending(self, one: &Value<'_>, other: &Value<'_>) -> Ordering {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => compare_numbers(one, other).unwrap_or(Ordering::Equal),
            (Value::Date(one), Value::Date(other)) => one.cmp(other),
            (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
            // Numbers before everything else, so that a mixed array has one order.
            (Value::Number(_), _) => Ordering::Less,
            (_, Value::Number(_)) => Ordering::Greater,
            _ => self.texts(&one.to_text(), &other.to_text()),
        }
    }

    fn texts(self, one: &str, other: &str) -> Ordering {
        if self.ignores_case { compare_texts(&one.to_lowercase(), &other.to_lowercase()) } else { compare_texts(one, other) }
    }
}
