//! Bytes: borrowed from the request where they can be, shared where they were made.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

/// Bytes. It derefs to a byte slice.
#[derive(Clone)]
pub struct Binary<'v>(Repr<'v>);

#[derive(Clone)]
enum Repr<'v> {
    Borrowed(&'v [u8]),
    Shared(Rc<[u8]>),
}

impl Binary<'_> {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Borrowed(bytes) => bytes,
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The same bytes, borrowing nothing.
    pub fn into_owned(self) -> Binary<'static> {
        match self.0 {
            Repr::Borrowed(bytes) => Binary(Repr::Shared(Rc::from(bytes))),
            Repr::Shared(bytes) => Binary(Repr::Shared(bytes)),
        }
    }

    /// Whether the bytes are the same, in a time that depends on the lengths only.
    pub fn same_in_constant_time(&self, other: &[u8]) -> bool {
        same_in_constant_time(self.as_bytes(), other)
    }

    /// As text: the bytes as UTF-8 where they are that, else base64.
    pub fn to_text(&self) -> Cow<'_, str> {
        std::str::from_utf8(self.as_bytes()).map_or_else(|_| Cow::Owned(self.to_base64()), Cow::Borrowed)
    }

    /// As base64 with padding (RFC 4648, the standard alphabet).
    pub fn to_base64(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(self.as_bytes())
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub(super) fn same_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let difference = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(difference) == 0
}

impl Deref for Binary<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl std::fmt::Debug for Binary<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Binary({} bytes)", self.len())
    }
}

impl<'v> From<&'v [u8]> for Binary<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self(Repr::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Binary<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Shared(Rc::from(bytes)))
    }
}

impl<'v> From<Cow<'v, [u8]>> for Binary<'v> {
    fn from(bytes: Cow<'v, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Self::from(bytes),
            Cow::Owned(bytes) => Self::from(bytes),
        }
    }
}
