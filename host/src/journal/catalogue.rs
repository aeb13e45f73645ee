//! What is known of events without reading them: when they came, and which have been replayed.
//!
//! Times are kept as the earliest and the latest of every thousand events, so that a time (and with it an id, which
//! begins with its time) is found by reading a thousand events at most, whatever the clock has done meanwhile.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use super::event::{Event, Sequence, id_time};
use super::varint::{put, put_from, take, take_from};

/// Events that share one entry.
const BLOCK: u64 = 1024;

/// The catalogue of all events that are still there.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    blocks: BTreeMap<u64, Span>,
    replays: BTreeMap<Sequence, Vec<Sequence>>,
    end: Sequence,
}

/// What the catalogue has to know of one event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    received_at: u64,
    named_at: Option<u64>,
    replay_of: Option<Sequence>,
}

/// The times of a block's events, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    earliest: u64,
    latest: u64,
}

impl From<&Event> for Entry {
    fn from(event: &Event) -> Self {
        let replay_of = event.replay_of.as_ref().map(|original| original.seq);
        Self { received_at: event.received_at, named_at: id_time(&event.id), replay_of }
    }
}

impl Entry {
    /// When the event was received, in milliseconds since 1970.
    pub(super) fn received_at(&self) -> u64 {
        self.received_at
    }

    /// Writes it into a digest, times as distances from `time`.
    pub(super) fn encode(&self, into: &mut Vec<u8>, time: u64) {
        put_from(into, time, self.received_at);
        for known in [self.named_at, self.replay_of] {
            put(into, u64::from(known.is_some()));
            known.into_iter().for_each(|number| put_from(into, self.received_at, number));
        }
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(super) fn decode(from: &mut &[u8], time: u64) -> Option<Self> {
        let received_at = take_from(from, time)?;
        let mut known = || if take(from)? == 0 { Some(None) } else { take_from(from, received_at).map(Some) };
        Some(Self { received_at, named_at: known()?, replay_of: known()? })
    }
}

impl Catalogue {
    /// Notes an event that has become durable.
    pub(super) fn note(&mut self, seq: Sequence, entry: &Entry) {
        self.end = self.end.max(seq + 1);
        let span = self.blocks.entry(seq / BLOCK).or_insert(Span { earliest: u64::MAX, latest: 0 });
        for time in std::iter::once(entry.received_at).chain(entry.named_at) {
            span.earliest = span.earliest.min(time);
            span.latest = span.latest.max(time);
        }
        if let Some(original) = entry.replay_of {
            self.replays.entry(original).or_default().push(seq);
        }
    }

    /// Forgets events that are gone, as far as whole blocks are.
    pub(super) fn forget(&mut self, events: Range<Sequence>) {
        self.blocks.retain(|block, _| !(events.start <= block * BLOCK && (block + 1) * BLOCK <= events.end));
        self.replays.retain(|original, _| !events.contains(original));
    }

    /// The number after that of the newest event.
    pub(super) fn end(&self) -> Sequence {
        self.end
    }

    /// The events that were made by replaying this one.
    pub(super) fn replays(&self, of: Sequence) -> &[Sequence] {
        self.replays.get(&of).map_or(&[], Vec::as_slice)
    }

    /// The highest number below `before` that may be an event of these times.
    pub(super) fn last_before(&self, before: Sequence, times: &RangeInclusive<u64>) -> Option<Sequence> {
        let last = before.checked_sub(1)?;
        let mut blocks = self.blocks.range(..=last / BLOCK).rev();
        let (block, _) = blocks.find(|(_, span)| span.overlaps(times))?;
        Some(last.min((block + 1) * BLOCK - 1))
    }

    /// The lowest number from `from` on that may be an event of these times.
    pub(super) fn first_from(&self, from: Sequence, times: &RangeInclusive<u64>) -> Option<Sequence> {
        let mut blocks = self.blocks.range(from / BLOCK..);
        let (block, _) = blocks.find(|(_, span)| span.overlaps(times))?;
        Some(from.max(block * BLOCK))
    }
}

impl Span {
    fn overlaps(self, times: &RangeInclusive<u64>) -> bool {
        self.earliest <= *times.end() && *times.start() <= self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(times: impl IntoIterator<Item = (Sequence, u64)>) -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (seq, received_at) in times {
            catalogue.note(seq, &Entry { received_at, named_at: None, replay_of: None });
        }
        catalogue
    }

    #[test]
    fn blocks_of_other_times_are_passed_over_in_both_directions() {
        let catalogue = catalogue([(1, 10), (BLOCK, 20), (2 * BLOCK, 15), (3 * BLOCK + 5, 40)]);
        assert_eq!(catalogue.last_before(u64::MAX, &(0..=u64::MAX)), Some(4 * BLOCK - 1));
        assert_eq!(catalogue.last_before(3 * BLOCK + 2, &(0..=u64::MAX)), Some(3 * BLOCK + 1));
        assert_eq!(catalogue.last_before(u64::MAX, &(12..=15)), Some(3 * BLOCK - 1));
        assert_eq!(catalogue.last_before(u64::MAX, &(50..=60)), None);
        assert_eq!(catalogue.first_from(0, &(15..=40)), Some(BLOCK));
        assert_eq!(catalogue.first_from(BLOCK + 7, &(15..=40)), Some(BLOCK + 7));
        assert_eq!(catalogue.first_from(0, &(40..=40)), Some(3 * BLOCK));
    }

    #[test]
    fn an_event_is_found_by_the_time_in_its_name_too() {
        let mut catalogue = Catalogue::default();
        catalogue.note(7, &Entry { received_at: 10, named_at: Some(90), replay_of: Some(3) });
        assert_eq!(catalogue.last_before(8, &(90..=90)), Some(7));
        assert_eq!(catalogue.last_before(8, &(10..=10)), Some(7));
        assert_eq!(catalogue.replays(3), [7]);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut catalogue = catalogue([(1, 10), (BLOCK + 1, 20)]);
        catalogue.forget(0..BLOCK + 9);
        assert_eq!(catalogue.first_from(0, &(0..=u64::MAX)), Some(BLOCK));
    }
}
