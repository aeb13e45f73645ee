//! One value of a [`Document`]: its kind, its place in the source, its members.

use std::borrow::Cow;
use std::ops::Range;

use super::{Document, escape, members};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number; its digits are kept as written.
    Number,
    /// A text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One entry of the tape. `next` is the tape index behind this value and all it contains; behind the member, where this is
/// the key of one, so that a search for a key looks at nothing but keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) next: u32,
    pub(super) kind: Kind,
    /// A text with at least one backslash in it.
    pub(super) escaped: bool,
    /// Of a key: [`fingerprint`].
    pub(super) fingerprint: u16,
}

/// What is compared before two keys are: different keys rarely have the same.
pub(super) fn fingerprint(key: &str) -> u16 {
    match key.as_bytes() {
        [] => 0,
        [first, .., last] | [first @ last] => u16::from(*first) << 8 ^ u16::from(*last) ^ (key.len() as u16) << 4,
    }
}

/// A value in a [`Document`]. Copying it copies a reference and an index.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    index: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Node({})", self.source_text())
    }
}

impl<'d> Node<'d> {
    pub(super) fn new(document: &'d Document<'d>, index: u32) -> Self {
        Self { document, index }
    }

    fn slot(self) -> &'d Slot {
        &self.document.tape[self.index as usize]
    }

    /// What this node is.
    pub fn kind(self) -> Kind {
        self.slot().kind
    }

    /// The bytes of the source it was read from, the quotes of a text included.
    pub fn span(self) -> Range<usize> {
        let slot = self.slot();
        slot.start as usize..slot.end as usize
    }

    /// The source of this node as it was written.
    pub fn source_text(self) -> &'d str {
        &self.document.source[self.span()]
    }

    /// The value of a `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.source_text() == "true")
    }

    /// The digits of a number as they were written.
    pub fn as_number_text(self) -> Option<&'d str> {
        (self.kind() == Kind::Number).then(|| self.source_text())
    }

    /// The characters of a text; borrowed where it has no escapes.
    pub fn as_text(self) -> Option<Cow<'d, str>> {
        let slot = self.slot();
        if slot.kind != Kind::Text {
            return None;
        }
        let raw = self.raw_text(slot);
        Some(if slot.escaped { Cow::Owned(escape::decode(raw)) } else { Cow::Borrowed(raw) })
    }

    fn raw_text(self, slot: &Slot) -> &'d str {
        &self.document.source[slot.start as usize + 1..slot.end as usize - 1]
    }

    /// Whether a text was written with escapes, so that its characters and its source differ.
    pub fn has_escapes(self) -> bool {
        self.slot().escaped
    }

    /// Where in the source the byte `offset` of the decoded text [`Node::as_text`] was written.
    pub fn source_offset(self, offset: usize) -> usize {
        let slot = self.slot();
        let start = slot.start as usize + 1;
        if slot.escaped { start + escape::encoded_offset(self.raw_text(slot), offset) } else { start + offset }
    }

    /// The member `key` of an object; the last of equal keys. A wide object in which much is looked up gets an index.
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        let indexed = if self.may_be_wide() { self.document.indexes.find(self.index, key) } else { None };
        let found = indexed.unwrap_or_else(|| self.search(key));
        found.map(|index| Node::new(self.document, index))
    }

    /// Whether it has room on the tape for more than a few members: what has an index is asked for no other object.
    fn may_be_wide(self) -> bool {
        (self.slot().next - self.index) as usize > 2 * members::FEW
    }

    /// Looks at every key.
    fn search(self, key: &str) -> Option<u32> {
        let range = self.children(Kind::Object);
        let (tape, wanted) = (self.document.tape.as_slice(), fingerprint(key));
        let (mut at, mut found, mut looked_at) = (range.start, None, 0);
        while at < range.end {
            let slot = &tape[at as usize];
            if slot.fingerprint == wanted && self.key_is(slot, key) {
                found = Some(at + 1);
            }
            at = slot.next;
            looked_at += 1;
        }
        if looked_at > members::FEW {
            self.document.indexes.note(self);
        }
        found
    }

    /// The tape index of this value.
    pub(super) fn index(self) -> u32 {
        self.index
    }

    /// Whether the text at this slot is `key`.
    fn key_is(self, slot: &Slot, key: &str) -> bool {
        match slot.escaped {
            true => escape::decodes_to(self.raw_text(slot), key),
            false => self.raw_text(slot) == key,
        }
    }

    /// The members of an object in the order they were written, equal keys included; of anything else none.
    pub fn entries(self) -> Entries<'d> {
        Entries { document: self.document, range: self.children(Kind::Object) }
    }

    /// The elements of an array; of anything else none.
    pub fn elements(self) -> Elements<'d> {
        Elements { document: self.document, range: self.children(Kind::Array) }
    }

    fn children(self, kind: Kind) -> Range<u32> {
        let slot = self.slot();
        if slot.kind == kind { self.index + 1..slot.next } else { 0..0 }
    }

    /// How many elements or members it has. Counts them, so it takes time in their number.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Array => self.elements().count(),
            Kind::Object => self.entries().count(),
            _ => 0,
        }
    }

    /// Whether it has no elements or members.
    pub fn is_empty(self) -> bool {
        self.children(self.kind()).is_empty()
    }

    /// Whether it nests deeper than `levels`; a scalar has no level, `[1]` has one.
    pub(crate) fn deeper_than(self, levels: usize) -> bool {
        if self.document.depth <= levels || !matches!(self.kind(), Kind::Array | Kind::Object) {
            return false;
        }
        let Some(inside) = levels.checked_sub(1) else {
            return true;
        };
        self.elements().any(|element| element.deeper_than(inside)) || self.entries().any(|(_, value)| value.deeper_than(inside))
    }

    /// The source of this node without the white space and comments between its parts: numbers, escapes,
    /// the order of keys and duplicate keys stay as they were written.
    pub fn write_compact(self, out: &mut Vec<u8>) {
        match self.kind() {
            Kind::Array => {
                out.push(b'[');
                for (index, element) in self.elements().enumerate() {
                    separate(index, out);
                    element.write_compact(out);
                }
                out.push(b']');
            }
            Kind::Object => {
                out.push(b'{');
                for (index, (key, value)) in self.entries().enumerate() {
                    separate(index, out);
                    key.write_compact(out);
                    out.push(b':');
                    value.write_compact(out);
                }
                out.push(b'}');
            }
            _ => out.extend_from_slice(self.source_text().as_bytes()),
        }
    }
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// The members of an object: see [`Node::entries`].
#[derive(Debug, Clone)]
pub struct Entries<'d> {
    document: &'d Document<'d>,
    range: Range<u32>,
}

impl<'d> Iterator for Entries<'d> {
    type Item = (Node<'d>, Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        let key = Node::new(self.document, self.range.start);
        let value = Node::new(self.document, self.range.start + 1);
        self.range.start = key.slot().next;
        Some((key, value))
    }
}

/// The elements of an array: see [`Node::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'d> {
    document: &'d Document<'d>,
    range: Range<u32>,
}

impl<'d> Iterator for Elements<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        if self.range.is_empty() {
            return None;
        }
        let element = Node::new(self.document, self.range.start);
        self.range.start = element.slot().next;
        Some(element)
    }
}
