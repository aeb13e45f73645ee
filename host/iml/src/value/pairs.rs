//! Named values in memory, found quickly however many a sender makes of them.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::ops::Deref;

use super::Value;
use crate::json::{FEW, SEARCHES};

/// A name and its value.
pub(super) type Pair<'v> = (Cow<'v, str>, Value<'v>);

/// Pairs of different names. Where they are many and much is looked up, they get an index, as objects of a document do.
pub(super) struct Pairs<'v> {
    pairs: Box<[Pair<'v>]>,
    searches: Cell<u32>,
    /// The place of each name.
    #[allow(clippy::box_collection)] // nearly all have none, and a pointer is a sixth of a map
    index: OnceCell<Box<HashMap<Box<str>, usize>>>,
}

impl<'v> From<Vec<Pair<'v>>> for Pairs<'v> {
    fn from(pairs: Vec<Pair<'v>>) -> Self {
        Self { pairs: pairs.into(), searches: Cell::new(0), index: OnceCell::new() }
    }
}

impl<'v> Pairs<'v> {
    /// The value of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Value<'v>> {
        let place = match self.index.get() {
            Some(index) => index.get(name).copied(),
            None => self.search(name),
        };
        place.map(|place| &self.pairs[place].1)
    }

    fn search(&self, name: &str) -> Option<usize> {
        if self.pairs.len() > FEW {
            self.searches.set(self.searches.get() + 1);
            if self.searches.get() > SEARCHES {
                let index = self.pairs.iter().enumerate().map(|(place, (name, _))| (Box::from(&**name), place));
                return self.index.get_or_init(|| Box::new(index.collect())).get(name).copied();
            }
        }
        self.pairs.iter().position(|(known, _)| known == name)
    }
}

impl<'v> Deref for Pairs<'v> {
    type Target = [Pair<'v>];

    fn deref(&self) -> &Self::Target {
        &self.pairs
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn many_pairs_answer_the_same_before_and_after_they_have_an_index() {
        let many: Vec<Pair<'_>> = (0..=FEW).map(|n| (Cow::Owned(format!("k{n}")), Value::integer(n as i64))).collect();
        let pairs = Pairs::from(many);
        for _ in 0..SEARCHES {
            assert_eq!(pairs.find("k7").unwrap().to_text(), "7");
            assert!(pairs.find("no").is_none());
        }
        assert!(pairs.index.get().is_some());
        let few = Pairs::from(vec![(Cow::Borrowed("a"), Value::Null)]);
        (0..=SEARCHES).for_each(|_| assert!(few.find("a").is_some()));
        assert!(few.index.get().is_none());
    }
}
