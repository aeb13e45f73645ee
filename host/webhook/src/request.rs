//! A request as a spec sees it: decoded, but with the exact bytes still at hand.

use std::borrow::Cow;

use hookwright_iml::{Fields, Value};

/// One request. Everything borrows from what the host has read, so that nothing is copied for a spec that does not ask.
pub struct Request<'r> {
    /// As sent, in upper case where the sender wrote it so.
    pub method: &'r str,
    /// The public URL as the sender knows it, with its query byte for byte: some providers sign it.
    pub url: &'r str,
    /// The URL's path.
    pub path: &'r str,
    /// The decoded query, usually a [`Form`](crate::Form).
    pub query: Value<'r>,
    /// All headers.
    pub headers: &'r Headers<'r>,
    /// The body exactly as received: most providers sign these bytes.
    pub raw_body: &'r [u8],
    /// The body as [`decode`](crate::body::decode) reads it.
    pub body: Value<'r>,
    /// The sender's IP address.
    pub remote_address: &'r str,
}

/// A request's headers: looked up without regard to case, listed in lower case.
///
/// A header that came several times is joined with `, `; `set-cookie`, whose values may hold commas, is an array.
#[derive(Debug, Clone, Default)]
pub struct Headers<'r> {
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<'r> Headers<'r> {
    /// Headers in the order they came.
    pub fn new(headers: impl IntoIterator<Item = (&'r str, &'r [u8])>) -> Self {
        let pairs = headers.into_iter().map(|(name, value)| (lower_case(name), header_text(value)));
        Self { pairs: pairs.collect() }
    }

    /// The first value of a header, case ignored.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Every header in the order it came, names in lower case.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// The headers as a collection.
    pub fn value(&self) -> Value<'_> {
        Value::fields(self)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }
}

impl Fields for Headers<'_> {
    fn get(&self, name: &str) -> Option<Value<'_>> {
        let mut values = self.values(name);
        let first = values.next()?;
        if name.eq_ignore_ascii_case("set-cookie") {
            return Some(Value::array(self.values(name).map(Value::text).collect()));
        }
        match values.next() {
            None => Some(Value::text(first)),
            Some(_) => Some(Value::text(self.values(name).collect::<Vec<_>>().join(", "))),
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Value<'_>)> + '_> {
        let first_of_its_name = |index: usize, name: &str| self.pairs[..index].iter().all(|(known, _)| known != name);
        let distinct = self.pairs.iter().enumerate().filter(move |(index, (name, _))| first_of_its_name(*index, name));
        Box::new(distinct.filter_map(|(_, (name, _))| Some((Cow::Borrowed(name.as_ref()), self.get(name)?))))
    }

    fn ignores_case(&self) -> bool {
        true
    }
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

/// A header's value as text: UTF-8 where it is that, else Latin-1, as HTTP/1.0 said.
pub(crate) fn header_text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers() -> Headers<'static> {
        Headers::new([
            ("X-One", b"1".as_slice()),
            ("Accept", b"a".as_slice()),
            ("set-cookie", b"c=1, 2".as_slice()),
            ("accept", b"b".as_slice()),
            ("x-latin", b"caf\xe9".as_slice()),
        ])
    }

    #[test]
    fn lookup_ignores_case_and_joins_what_came_twice() {
        let headers = headers();
        assert_eq!(headers.value().get("x-ONE").to_text(), "1");
        assert_eq!(headers.value().get("ACCEPT").to_text(), "a, b");
        assert_eq!(headers.value().get("X-Latin").to_text(), "café");
        assert!(headers.value().get("x-two").is_nothing());
    }

    #[test]
    fn listing_is_in_lower_case_and_names_each_header_once() {
        let mut out = Vec::new();
        headers().value().write_json(&mut out);
        let expected = r#"{"x-one":"1","accept":"a, b","set-cookie":["c=1, 2"],"x-latin":"café"}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
