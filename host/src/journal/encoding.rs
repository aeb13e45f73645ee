//! How an event lies on disk, version 4: a head of small fields, then the body and the bundles' JSON as they are.
//!
//! Numbers are LEB128, texts their length and their UTF-8. The head ends with the lengths of the blobs behind it, so
//! that writing shares them and reading slices them: neither copies a body. A field may only be added under a new version.

use bytes::Bytes;

use super::event::{Event, Original, Outcome, StoredBundle, StoredRequest};
use super::segment::Entry;

/// The kind of an event's record.
const KIND: u8 = 1;
const VERSION: u8 = 4;

/// The record of an event.
pub(super) fn encode(event: &Event) -> Entry {
    let mut head = Head(Vec::with_capacity(512));
    head.0.push(VERSION);
    head.text(&event.id);
    head.number(event.received_at);
    head.text(&event.service);
    head.text(&event.webhook);
    head.optional(match &event.outcome {
        Outcome::Accepted => None,
        Outcome::Failed(diagnostic) => Some(diagnostic),
    });
    head.request(&event.request);
    head.optional(event.dedupe.as_deref());
    head.list(&event.unmatched, |head, uid| head.text(uid));
    head.list(event.replay_of.as_slice(), |head, original| {
        head.number(original.seq);
        head.text(&original.id);
        head.optional(original.uid.as_deref());
    });
    head.number(event.body.len() as u64);
    head.list(&event.bundles, |head, bundle| {
        head.text(&bundle.id);
        head.text(&bundle.hook);
        head.number(bundle.json.len() as u64);
    });
    let bundles = event.bundles.iter().map(|bundle| bundle.json.clone());
    Entry { kind: KIND, head: head.0, blobs: std::iter::once(event.body.clone()).chain(bundles).collect() }
}

/// Reads an event's record back; its blobs share the payload's memory.
pub(super) fn decode(payload: &Bytes) -> Result<Event, Malformed> {
    let mut rest = Rest(payload.clone());
    if rest.take(1)?[0] != VERSION {
        return Err(Malformed("written by another version of hookwright"));
    }
    let id = rest.text()?;
    let received_at = rest.number()?;
    let service = rest.text()?;
    let webhook = rest.text()?;
    let outcome = rest.optional()?.map_or(Outcome::Accepted, Outcome::Failed);
    let request = rest.request()?;
    let dedupe = rest.optional()?;
    let unmatched = rest.list(Rest::text)?;
    let replay_of = rest.list(Rest::original)?.pop();
    let body = rest.number()?;
    let bundles = rest.list(|rest| Ok((rest.text()?, rest.text()?, rest.number()?)))?;
    let body = rest.take(body)?;
    let bundles = bundles.into_iter().map(|(id, hook, length)| Ok(StoredBundle { id, hook, json: rest.take(length)? }));
    let bundles = bundles.collect::<Result<_, Malformed>>()?;
    Ok(Event { id, received_at, service, webhook, outcome, request, body, dedupe, bundles, unmatched, replay_of })
}

/// A record that passed its checksum and still cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl From<Malformed> for std::io::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, malformed.0)
    }
}

/// Writes small fields.
struct Head(Vec<u8>);

impl Head {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        text.into_iter().for_each(|text| self.text(text));
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| each(self, item));
    }

    fn request(&mut self, request: &StoredRequest) {
        self.text(&request.method);
        self.text(&request.url);
        self.number(request.path_begins as u64);
        self.text(&request.remote_address);
        self.list(&request.headers, |head, (name, value)| {
            head.text(name);
            head.text(value);
        });
    }
}

/// What of a record has not been read yet.
struct Rest(Bytes);

impl Rest {
    fn take(&mut self, length: u64) -> Result<Bytes, Malformed> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.0.len() {
            return Err(Malformed("an event's record ends too early"));
        }
        Ok(self.0.split_to(length))
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed("a number in an event's record is too long"))
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let length = self.number()?;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.into()).map_err(|_| Malformed("a text in an event's record is not UTF-8"))
    }

    fn original(&mut self) -> Result<Original, Malformed> {
        Ok(Original { seq: self.number()?, id: self.text()?, uid: self.optional()? })
    }

    fn optional(&mut self) -> Result<Option<String>, Malformed> {
        if self.take(1)?[0] == 0 { Ok(None) } else { self.text().map(Some) }
    }

    fn list<T>(&mut self, mut each: impl FnMut(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let length = self.number()?;
        (0..length).map(|_| each(self)).collect()
    }

    fn request(&mut self) -> Result<StoredRequest, Malformed> {
        let method = self.text()?;
        let url = self.text()?;
        let path_begins = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let remote_address = self.text()?;
        let headers = self.list(|rest| Ok((rest.text()?, rest.text()?)))?;
        Ok(StoredRequest { method, url, path_begins, headers, remote_address })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: "e1".into(),
            received_at: 1_790_000_000_123,
            service: "github".into(),
            webhook: "webhook".into(),
            outcome: Outcome::Failed("no such thing".into()),
            request: StoredRequest {
                method: "POST".into(),
                url: "https://example.test/github?a=b%20c".into(),
                path_begins: 20,
                headers: vec![("X-One".into(), "1".into()), ("x-one".into(), String::new())],
                remote_address: "127.0.0.1:4".into(),
            },
            body: Bytes::from_static(b"{\"a\":\xff}"),
            dedupe: Some("d".into()),
            bundles: vec![
                StoredBundle { id: "b1".into(), hook: "h1".into(), json: Bytes::from_static(b"{}") },
                StoredBundle { id: "b2".into(), hook: "h2".into(), json: Bytes::new() },
            ],
            unmatched: vec!["U7".into()],
            replay_of: Some(Original { seq: 300, id: "e0".into(), uid: Some("u".into()) }),
        }
    }

    fn payload(entry: &Entry) -> Bytes {
        let mut bytes = entry.head.clone();
        entry.blobs.iter().for_each(|blob| bytes.extend_from_slice(blob));
        bytes.into()
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let plain = Event { outcome: Outcome::Accepted, dedupe: None, bundles: vec![], unmatched: vec![], replay_of: None, ..event() };
        for event in [event(), plain] {
            assert_eq!(decode(&payload(&encode(&event))), Ok(event));
        }
    }

    #[test]
    fn an_event_that_ends_too_early_is_an_error_at_every_length() {
        let payload = payload(&encode(&event()));
        for length in 0..payload.len() {
            assert!(decode(&payload.slice(..length)).is_err(), "{length}");
        }
    }

    #[test]
    fn encoding_shares_the_body_and_decoding_slices_it() {
        let event = event();
        let entry = encode(&event);
        assert_eq!(entry.blobs[0].as_ptr(), event.body.as_ptr());
        let payload = payload(&entry);
        let read = decode(&payload).unwrap();
        assert!(payload.as_ptr_range().contains(&read.body.as_ptr()));
    }

    #[test]
    fn an_event_of_another_version_is_refused() {
        for version in [VERSION - 1, VERSION + 1] {
            let mut bytes = payload(&encode(&event())).to_vec();
            bytes[0] = version;
            assert_eq!(decode(&bytes.into()), Err(Malformed("written by another version of hookwright")));
        }
    }
}
