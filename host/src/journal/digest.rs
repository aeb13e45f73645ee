//! What opening the journal has to know of a segment of events: hooks, times, delivery ids, without a byte of any body.

use std::collections::HashMap;
use std::io;

use super::event::Event;
use super::segment::{Digest, Record};
use super::varint::{put, put_bytes, put_from, take, take_bytes, take_from, take_text};
use super::{Sequence, catalogue, encoding, held};
use crate::network::Network;

/// What there is to know of one segment's events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EventDigest {
    /// Hooks, services and webhooks, each once.
    texts: Vec<Box<str>>,
    places: HashMap<Box<str>, u32>,
    /// The hooks of all bundles of all events.
    hooks: Vec<u32>,
    events: Vec<Noted>,
}

/// What there is to know of one event.
#[derive(Debug, PartialEq, Eq)]
struct Noted {
    seq: Sequence,
    entry: catalogue::Entry,
    failed: Option<Failed>,
    bundles: u32,
    held: Option<held::Entry>,
    dedupe: Option<Dedupe>,
}

/// Whose failed event it is.
#[derive(Debug, PartialEq, Eq)]
struct Failed {
    service: u32,
    network: Network,
}

#[derive(Debug, PartialEq, Eq)]
struct Dedupe {
    service: u32,
    webhook: u32,
    id: Box<str>,
}

/// One event of a digest.
pub(super) struct Known<'d> {
    pub(super) seq: Sequence,
    pub(super) entry: &'d catalogue::Entry,
    /// Service and network of one that is to be kept for a while though nothing of it is to be delivered.
    pub(super) failed: Option<(&'d str, Network)>,
    /// What it does to what is held.
    pub(super) held: Option<&'d held::Entry>,
    /// Service, webhook and delivery id.
    pub(super) dedupe: Option<(&'d str, &'d str, &'d str)>,
    texts: &'d [Box<str>],
    hooks: &'d [u32],
}

impl Known<'_> {
    /// The hooks of its bundles.
    pub(super) fn hooks(&self) -> impl Iterator<Item = &str> {
        self.hooks.iter().map(|hook| &*self.texts[*hook as usize])
    }
}

impl EventDigest {
    /// Its events, in their order.
    pub(super) fn events(&self) -> impl Iterator<Item = Known<'_>> {
        let mut hooks = self.hooks.as_slice();
        self.events.iter().map(move |noted| {
            let (own, rest) = hooks.split_at(noted.bundles as usize);
            hooks = rest;
            let text = |place: u32| &*self.texts[place as usize];
            let dedupe = noted.dedupe.as_ref().map(|Dedupe { service, webhook, id }| (text(*service), text(*webhook), &**id));
            let failed = noted.failed.as_ref().map(|Failed { service, network }| (text(*service), *network));
            let Noted { seq, entry, held, .. } = noted;
            Known { seq: *seq, entry, failed, held: held.as_ref(), dedupe, texts: &self.texts, hooks: own }
        })
    }

    /// The delivery ids of events that came at `oldest` or later, and nothing else; `None`: there are none.
    pub(super) fn ids_since(self, oldest: u64) -> Option<Self> {
        let mut ids = Self::default();
        for Noted { seq, entry, dedupe, .. } in self.events {
            let Some(Dedupe { service, webhook, id }) = dedupe.filter(|_| entry.received_at() >= oldest) else { continue };
            let mut place = |text: u32| ids.place(&self.texts[text as usize]);
            let dedupe = Some(Dedupe { service: place(service), webhook: place(webhook), id });
            ids.events.push(Noted { seq, entry, failed: None, bundles: 0, held: None, dedupe });
        }
        (!ids.events.is_empty()).then_some(ids)
    }

    /// When the newest of its events came, in milliseconds since 1970.
    pub(super) fn newest(&self) -> Option<u64> {
        self.events.iter().map(|noted| noted.entry.received_at()).max()
    }

    fn note_event(&mut self, seq: Sequence, event: &Event) {
        for bundle in &event.bundles {
            let hook = self.place(&bundle.hook);
            self.hooks.push(hook);
        }
        let dedupe = event.dedupe.as_deref().map(|id| Dedupe {
            service: self.place(&event.service),
            webhook: self.place(&event.webhook),
            id: id.into(),
        });
        let failed = event.has_failed().then(|| Failed { service: self.place(&event.service), network: event.network() });
        let bundles = event.bundles.len() as u32;
        self.events.push(Noted { seq, entry: event.into(), failed, bundles, held: held::Entry::of(event), dedupe });
    }

    /// The place of a text among those that are kept once.
    fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.texts.len() as u32;
        self.texts.push(text.into());
        self.places.insert(text.into(), place);
        place
    }

    fn decode_events(&mut self, rest: &mut &[u8]) -> Option<()> {
        let (mut seq, mut time) = (0, 0);
        for _ in 0..take(rest)? {
            let noted = self.decode_event(rest, seq, time)?;
            (seq, time) = (noted.seq, noted.entry.received_at());
            self.events.push(noted);
        }
        rest.is_empty().then_some(())
    }

    fn decode_event(&mut self, rest: &mut &[u8], seq: Sequence, time: u64) -> Option<Noted> {
        let seq = take_from(rest, seq)?;
        let entry = catalogue::Entry::decode(rest, time)?;
        let failed = match take(rest)? {
            0 => None,
            _ => Some(Failed { service: self.known(take(rest)?)?, network: Network::from_bits(take(rest)?) }),
        };
        let bundles = u32::try_from(take(rest)?).ok()?;
        for _ in 0..bundles {
            let hook = self.known(take(rest)?)?;
            self.hooks.push(hook);
        }
        let held = held::Entry::decode(rest, entry.received_at())?;
        let dedupe = match take(rest)? {
            0 => None,
            _ => Some(Dedupe { service: self.known(take(rest)?)?, webhook: self.known(take(rest)?)?, id: take_text(rest)?.into() }),
        };
        Some(Noted { seq, entry, failed, bundles, held, dedupe })
    }

    /// The place of a text, if there is one there.
    fn known(&self, place: u64) -> Option<u32> {
        u32::try_from(place).ok().filter(|place| (*place as usize) < self.texts.len())
    }
}

/// `version | texts | events`, all of them numbers and texts of `varint`, times and numbers as distances.
const VERSION: u64 = 3;

impl Digest for EventDigest {
    fn note(&mut self, record: &Record) -> io::Result<()> {
        self.note_event(record.seq, &encoding::decode(&record.payload)?);
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, VERSION);
        put(&mut bytes, self.texts.len() as u64);
        self.texts.iter().for_each(|text| put_bytes(&mut bytes, text.as_bytes()));
        put(&mut bytes, self.events.len() as u64);
        let (mut hooks, mut seq, mut time) = (self.hooks.iter(), 0, 0);
        for noted in &self.events {
            put_from(&mut bytes, seq, noted.seq);
            noted.entry.encode(&mut bytes, time);
            put(&mut bytes, u64::from(noted.failed.is_some()));
            if let Some(Failed { service, network }) = &noted.failed {
                put(&mut bytes, u64::from(*service));
                put(&mut bytes, network.to_bits());
            }
            put(&mut bytes, u64::from(noted.bundles));
            hooks.by_ref().take(noted.bundles as usize).for_each(|hook| put(&mut bytes, u64::from(*hook)));
            held::Entry::encode(noted.held.as_ref(), &mut bytes);
            put(&mut bytes, u64::from(noted.dedupe.is_some()));
            if let Some(Dedupe { service, webhook, id }) = &noted.dedupe {
                put(&mut bytes, u64::from(*service));
                put(&mut bytes, u64::from(*webhook));
                put_bytes(&mut bytes, id.as_bytes());
            }
            (seq, time) = (noted.seq, noted.entry.received_at());
        }
        bytes
    }

    fn decode(mut rest: &[u8]) -> Option<Self> {
        let rest = &mut rest;
        if take(rest)? != VERSION {
            return None;
        }
        let mut digest = Self::default();
        for _ in 0..take(rest)? {
            digest.texts.push(std::str::from_utf8(take_bytes(rest)?).ok()?.into());
        }
        digest.decode_events(rest)?;
        Some(digest)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{NOW, event};
    use super::super::{Original, Outcome, StoredRequest, new_id};
    use super::*;

    fn digest() -> EventDigest {
        let mut digest = EventDigest::default();
        let original = Original { seq: 7, id: "a".into(), uid: Some("U7".into()) };
        let replay = Event { replay_of: Some(original), dedupe: Some("d-1".into()), ..event("b", &[]) };
        let failed = Event {
            outcome: Outcome::Failed("no".into()),
            received_at: NOW - 50,
            unmatched: vec!["U1".into(), "U2".into()],
            request: StoredRequest { remote_address: "192.0.2.1".into(), ..StoredRequest::default() },
            ..event(&new_id(NOW + 9), &["h1"])
        };
        for (seq, event) in [(7, event("a", &["h1", "h2", "h1"])), (8, replay), (11, failed)] {
            digest.note_event(seq, &event);
        }
        digest
    }

    /// What it says of each event, as text.
    fn told(digest: &EventDigest) -> Vec<String> {
        let line = |known: Known<'_>| {
            let hooks: Vec<_> = known.hooks().collect();
            format!("{} {hooks:?} {:?} {:?} {:?} {:?}", known.seq, known.failed, known.dedupe, known.held, known.entry)
        };
        digest.events().map(line).collect()
    }

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let read = EventDigest::decode(&digest().encode()).unwrap();
        assert_eq!(told(&read), told(&digest()));
        let begins = [
            r#"7 ["h1", "h2", "h1"] None None None "#,
            r#"8 [] None Some(("github", "webhook", "d-1")) Some(Release { original: 7, "#,
            r#"11 ["h1"] Some(("github", Network(281473902969345))) None Some(Held { "#,
        ];
        assert!(told(&read).iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{:#?}", told(&read));
    }

    #[test]
    fn of_its_ids_those_are_taken_that_are_young_enough() {
        let ids = digest().ids_since(NOW).unwrap();
        assert_eq!((ids.newest(), digest().newest()), (Some(NOW), Some(NOW)));
        let told = told(&EventDigest::decode(&ids.encode()).unwrap());
        assert!(told.len() == 1 && told[0].starts_with(r#"8 [] None Some(("github", "webhook", "d-1")) None "#), "{told:?}");
        assert_eq!(digest().ids_since(NOW + 1), None);
    }

    #[test]
    fn a_digest_that_ends_too_early_is_none_at_every_length() {
        let bytes = digest().encode();
        assert!((0..bytes.len()).all(|length| EventDigest::decode(&bytes[..length]).is_none()));
    }
}
