//! Text: borrowed from the request or the spec where it can be, shared where it was made.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

/// A text. It derefs to [`str`].
#[derive(Clone)]
pub struct Text<'v>(Repr<'v>);

#[derive(Clone)]
enum Repr<'v> {
    Borrowed(&'v str),
    Shared(Rc<str>),
}

impl<'v> Text<'v> {
    /// The characters.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Borrowed(text) => text,
            Repr::Shared(text) => text,
        }
    }

    /// A part of this text, which copies nothing where the text itself is borrowed.
    ///
    /// # Panics
    /// As slicing a [`str`] does: the range must lie inside and end at characters.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Text<'v> {
        match &self.0 {
            Repr::Borrowed(text) => Text::from(&text[range]),
            Repr::Shared(text) if range == (0..text.len()) => self.clone(),
            Repr::Shared(text) => Text(Repr::Shared(Rc::from(&text[range]))),
        }
    }

    /// The characters as a [`Cow`] that lives as long as what they are borrowed from.
    pub fn into_cow(self) -> Cow<'v, str> {
        match self.0 {
            Repr::Borrowed(text) => Cow::Borrowed(text),
            Repr::Shared(text) => Cow::Owned(text.to_string()),
        }
    }

    /// The same text, borrowing nothing.
    pub fn into_owned(self) -> Text<'static> {
        match self.0 {
            Repr::Borrowed(text) => Text(Repr::Shared(Rc::from(text))),
            Repr::Shared(text) => Text(Repr::Shared(text)),
        }
    }

    /// Whether the characters are the same, in a time that depends on the lengths only: a signature
    /// that is compared with this gives nothing away.
    pub fn same_in_constant_time(&self, other: &str) -> bool {
        super::binary::same_in_constant_time(self.as_bytes(), other.as_bytes())
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(out)
    }
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(out)
    }
}

impl<'v> From<&'v str> for Text<'v> {
    fn from(text: &'v str) -> Self {
        Self(Repr::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Repr::Shared(Rc::from(text)))
    }
}

impl<'v> From<Cow<'v, str>> for Text<'v> {
    fn from(text: Cow<'v, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}
