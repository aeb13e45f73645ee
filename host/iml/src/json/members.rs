//! Indexes of wide objects: a sender may have a look-up repeated as often as an array of the body has items.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use super::Node;

/// Up to this many members, looking at each key takes no longer than hashing the one that is looked for.
pub(crate) const FEW: usize = 64;

/// After so many look-ups that have looked at every key of a wide object it gets an index. Making one takes as long as
/// several of those.
pub(crate) const SEARCHES: u32 = 16;

/// The wide objects of a document in which something has been looked up, by their place on the tape.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    /// Whether any of them has an index, so that documents without one do not pay for the question.
    any: Cell<bool>,
    /// Few, so that a search among them is cheaper than a hash.
    objects: RefCell<BTreeMap<u32, Wide>>,
}

#[derive(Debug)]
enum Wide {
    /// So many look-ups so far.
    Searched(u32),
    /// The place of each key's last value on the tape.
    Indexed(HashMap<Box<str>, u32>),
}

impl Indexes {
    /// The place of a member's value where the object has an index; the outer option says whether it has.
    #[allow(clippy::option_option)]
    pub(super) fn find(&self, object: u32, key: &str) -> Option<Option<u32>> {
        if !self.any.get() {
            return None;
        }
        match self.objects.borrow().get(&object)? {
            Wide::Searched(_) => None,
            Wide::Indexed(places) => Some(places.get(key).copied()),
        }
    }

    /// Notes that every key of a wide object has been looked at.
    pub(super) fn note(&self, object: Node<'_>) {
        let mut objects = self.objects.borrow_mut();
        let wide = objects.entry(object.index()).or_insert(Wide::Searched(0));
        match wide {
            Wide::Searched(SEARCHES) => {
                *wide = Wide::Indexed(index(object));
                self.any.set(true);
            }
            Wide::Searched(times) => *times += 1,
            Wide::Indexed(_) => {}
        }
    }
}

/// A later member replaces an earlier one with the same key.
fn index(object: Node<'_>) -> HashMap<Box<str>, u32> {
    object.entries().map(|(key, value)| (key.as_text().unwrap_or_default().into(), value.index())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Document;
    use super::*;

    /// An object with more than a few members, every second key written with an escape, one of them there twice.
    fn wide() -> String {
        let members = (0..FEW as u32).map(|n| if n % 2 == 0 { format!(r#""k{n}":{n}"#) } else { format!(r#""\u006b{n}":{n}"#) });
        let members: Vec<_> = members.chain(["\"k7\":\"last\"".to_owned(), "\"\":\"empty\"".to_owned()]).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn an_object_answers_the_same_before_and_after_it_has_an_index() {
        let text = wide();
        let document = Document::parse(&text).unwrap();
        let root = document.root();
        let source = |key: &str| root.get(key).map(|node| node.source_text().to_owned());
        for _ in 0..SEARCHES * 2 {
            assert_eq!(source("k0").as_deref(), Some("0"));
            assert_eq!(source("k33").as_deref(), Some("33"));
            assert_eq!(source("k7").as_deref(), Some("\"last\""));
            assert_eq!(source("").as_deref(), Some("\"empty\""));
            assert_eq!(source("k64"), None);
        }
        assert!(document.indexes.find(root.index(), "k0").is_some(), "it has one by now");
    }

    #[test]
    fn an_object_of_few_members_never_gets_one() {
        let document = Document::parse(r#"{"a":{"b":1}}"#).unwrap();
        (0..SEARCHES * 2).for_each(|_| assert!(document.root().get("a").unwrap().get("b").is_some()));
        assert!(document.indexes.objects.borrow().is_empty());
    }
}
