//! What one event does to what is held, as opening the journal finds it in the digest of its segment.

use super::super::event::{Event, Sequence};
use super::super::varint::{put, put_bytes, take, take_text};
use crate::network::Network;

/// What one event does to what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::journal) enum Entry {
    /// It is for these uids.
    Held { received_at: u64, place: Place, network: Network, uids: Vec<Box<str>> },
    /// It is what another was held for.
    Release { original: Sequence, place: Place, uid: Box<str> },
}

/// Where an event came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::journal) struct Place {
    pub(super) service: Box<str>,
    pub(super) webhook: Box<str>,
}

impl Entry {
    /// Of an event that has to do with what is held.
    pub(in crate::journal) fn of(event: &Event) -> Option<Self> {
        let place = || Place::of(&event.service, &event.webhook);
        if let Some((original, uid)) = event.replay_of.as_ref().and_then(|original| Some((original.seq, original.uid.as_deref()?))) {
            return Some(Self::Release { original, place: place(), uid: uid.into() });
        }
        // An operator who replays an event sees that nobody has its uid.
        let is_held = !event.unmatched.is_empty() && event.replay_of.is_none();
        let uids = || event.unmatched.iter().map(|uid| uid.as_str().into()).collect();
        is_held.then(|| Self::Held { received_at: event.received_at, place: place(), network: event.network(), uids: uids() })
    }
}

/// In a digest: `0` for nothing, `1 | place | network | uids` for what is held, `2 | original | place | uid` for a release.
impl Entry {
    pub(in crate::journal) fn encode(entry: Option<&Self>, into: &mut Vec<u8>) {
        match entry {
            None => put(into, 0),
            Some(Self::Held { place, network, uids, .. }) => {
                put(into, 1);
                place.encode(into);
                put(into, network.to_bits());
                put(into, uids.len() as u64);
                uids.iter().for_each(|uid| put_bytes(into, uid.as_bytes()));
            }
            Some(Self::Release { original, place, uid }) => {
                put(into, 2);
                put(into, *original);
                place.encode(into);
                put_bytes(into, uid.as_bytes());
            }
        }
    }

    /// Reads what [`encode`](Self::encode) wrote of an event that was received then.
    pub(in crate::journal) fn decode(from: &mut &[u8], received_at: u64) -> Option<Option<Self>> {
        match take(from)? {
            0 => Some(None),
            1 => {
                let (place, network) = (Place::decode(from)?, Network::from_bits(take(from)?));
                let uids = (0..take(from)?).map(|_| take_text(from).map(Into::into)).collect::<Option<_>>()?;
                Some(Some(Self::Held { received_at, place, network, uids }))
            }
            2 => Some(Some(Self::Release { original: take(from)?, place: Place::decode(from)?, uid: take_text(from)?.into() })),
            _ => None,
        }
    }
}

impl Place {
    /// A webhook of a service.
    pub(super) fn of(service: &str, webhook: &str) -> Self {
        Self { service: service.into(), webhook: webhook.into() }
    }

    fn encode(&self, into: &mut Vec<u8>) {
        [&self.service, &self.webhook].into_iter().for_each(|text| put_bytes(into, text.as_bytes()));
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some(Self { service: take_text(from)?.into(), webhook: take_text(from)?.into() })
    }
}
