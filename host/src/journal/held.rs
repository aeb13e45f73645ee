//! Which events are for a uid that nobody has yet, in memory: what is delivered once somebody has it.
//!
//! The events themselves say for whom they are, and the releases among them for whom they were made: opening the journal
//! finds again what is still held.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::time::Duration;

use super::event::{Event, Sequence};
use super::varint::{put, put_bytes, take, take_text};
use super::{Journal, Settings};

/// Whoever is meant by a uid on one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Absent {
    /// The service's name.
    pub service: String,
    /// The webhook's name.
    pub webhook: String,
    /// How the service names its user.
    pub uid: String,
}

/// What one event does to what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is for these.
    Held { received_at: u64, absent: Vec<Absent> },
    /// It is what another was held for.
    Release { original: Sequence, absent: Absent },
}

/// Everything that is held.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// How long, in milliseconds.
    window_ms: u64,
    events: BTreeMap<Sequence, Item>,
    by_absent: HashMap<Absent, BTreeSet<Sequence>>,
}

#[derive(Debug)]
struct Item {
    received_at: u64,
    absent: Vec<Absent>,
}

/// Events that are held at most: beyond that the oldest go. Each takes a few hundred bytes of memory.
const MOST: usize = 100_000;

impl Entry {
    /// Of an event that has to do with what is held.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let absent = |uid: &str| Absent { service: event.service.clone(), webhook: event.webhook.clone(), uid: uid.to_owned() };
        if let Some((original, uid)) = event.replay_of.as_ref().and_then(|original| Some((original.seq, original.uid.as_deref()?))) {
            return Some(Self::Release { original, absent: absent(uid) });
        }
        // An operator who replays an event sees that nobody has its uid.
        let is_held = !event.unmatched.is_empty() && event.replay_of.is_none();
        is_held.then(|| Self::Held { received_at: event.received_at, absent: event.unmatched.iter().map(|uid| absent(uid)).collect() })
    }
}

/// In a digest: `0` for nothing, `1 | absent...` for what is held, `2 | original | absent` for a release.
impl Entry {
    pub(super) fn encode(entry: Option<&Self>, into: &mut Vec<u8>) {
        match entry {
            None => put(into, 0),
            Some(Self::Held { absent, .. }) => {
                put(into, 1);
                put(into, absent.len() as u64);
                absent.iter().for_each(|absent| absent.encode(into));
            }
            Some(Self::Release { original, absent }) => {
                put(into, 2);
                put(into, *original);
                absent.encode(into);
            }
        }
    }

    /// Reads what [`encode`](Self::encode) wrote of an event that was received then.
    pub(super) fn decode(from: &mut &[u8], received_at: u64) -> Option<Option<Self>> {
        match take(from)? {
            0 => Some(None),
            1 => {
                let absent = (0..take(from)?).map(|_| Absent::decode(from)).collect::<Option<_>>()?;
                Some(Some(Self::Held { received_at, absent }))
            }
            2 => Some(Some(Self::Release { original: take(from)?, absent: Absent::decode(from)? })),
            _ => None,
        }
    }
}

impl Absent {
    fn encode(&self, into: &mut Vec<u8>) {
        [&self.service, &self.webhook, &self.uid].into_iter().for_each(|text| put_bytes(into, text.as_bytes()));
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        let mut text = || take_text(from).map(str::to_owned);
        Some(Self { service: text()?, webhook: text()?, uid: text()? })
    }
}

impl Held {
    pub(super) fn new(window: Duration) -> Self {
        Self { window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX), ..Self::default() }
    }

    /// Notes an event that has become durable.
    pub(super) fn note(&mut self, seq: Sequence, entry: Entry) {
        match entry {
            Entry::Release { original, absent } => self.released(original, &absent),
            Entry::Held { .. } if self.window_ms == 0 => {}
            Entry::Held { received_at, mut absent } => {
                absent.sort_unstable();
                absent.dedup();
                for absent in &absent {
                    self.by_absent.entry(absent.clone()).or_default().insert(seq);
                }
                self.events.insert(seq, Item { received_at, absent });
            }
        }
    }

    fn released(&mut self, seq: Sequence, absent: &Absent) {
        self.unlist(seq, absent);
        if let Some(item) = self.events.get_mut(&seq) {
            item.absent.retain(|other| other != absent);
            if item.absent.is_empty() {
                self.events.remove(&seq);
            }
        }
    }

    /// Lets go what has been held for its whole time, or is one too many; how many events that were.
    fn expire(&mut self, now_ms: u64) -> usize {
        let too_old = |item: &Item| now_ms.saturating_sub(item.received_at) >= self.window_ms;
        let mut gone: Vec<_> = self.events.iter().filter(|(_, item)| too_old(item)).map(|(seq, _)| *seq).collect();
        let left = self.events.len() - gone.len();
        if left > MOST {
            let oldest: Vec<_> = self.events.iter().filter(|(_, item)| !too_old(item)).take(left - MOST).map(|(seq, _)| *seq).collect();
            gone.extend(oldest);
        }
        gone.iter().for_each(|seq| self.drop_event(*seq));
        gone.len()
    }

    /// Forgets events that are gone from the journal.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) {
        let gone: Vec<_> = self.events.range(events.clone()).map(|(seq, _)| *seq).collect();
        gone.into_iter().for_each(|seq| self.drop_event(seq));
    }

    fn drop_event(&mut self, seq: Sequence) {
        for absent in self.events.remove(&seq).map(|item| item.absent).unwrap_or_default() {
            self.unlist(seq, &absent);
        }
    }

    fn unlist(&mut self, seq: Sequence, absent: &Absent) {
        if let Some(events) = self.by_absent.get_mut(absent) {
            events.remove(&seq);
            if events.is_empty() {
                self.by_absent.remove(absent);
            }
        }
    }
}

impl Journal {
    /// Those for whom something is held.
    pub fn absent(&self) -> Vec<Absent> {
        self.held().by_absent.keys().cloned().collect()
    }

    /// What is held for somebody, in the order in which it came.
    pub fn held_for(&self, absent: &Absent) -> Vec<Sequence> {
        self.held().by_absent.get(absent).into_iter().flatten().copied().collect()
    }

    /// Lets go what has been held for its whole time; how many events that were. They stay in the journal.
    pub fn expire_held(&self, now_ms: u64) -> usize {
        self.held().expire(now_ms)
    }

    /// How many events are held.
    pub(super) fn held_count(&self) -> usize {
        self.held().events.len()
    }
}

impl From<Settings> for Held {
    fn from(settings: Settings) -> Self {
        Self::new(settings.hold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent(uid: &str) -> Absent {
        Absent { service: "teams".into(), webhook: "webhook".into(), uid: uid.into() }
    }

    fn held(events: &[(Sequence, u64, &[&str])]) -> Held {
        let mut held = Held::new(Duration::from_millis(100));
        for (seq, received_at, uids) in events {
            held.note(*seq, Entry::Held { received_at: *received_at, absent: uids.iter().map(|uid| absent(uid)).collect() });
        }
        held
    }

    fn of(held: &Held, uid: &str) -> Vec<Sequence> {
        held.by_absent.get(&absent(uid)).into_iter().flatten().copied().collect()
    }

    #[test]
    fn what_was_released_for_one_is_still_held_for_another() {
        let mut held = held(&[(1, 0, &["a", "b", "a"]), (2, 0, &["a"])]);
        assert_eq!(of(&held, "a"), [1, 2]);
        held.note(3, Entry::Release { original: 1, absent: absent("a") });
        assert_eq!((of(&held, "a"), of(&held, "b"), held.events.len()), (vec![2], vec![1], 2));
        held.note(4, Entry::Release { original: 1, absent: absent("b") });
        assert_eq!((of(&held, "b"), held.events.len()), (vec![], 1));
    }

    #[test]
    fn what_has_been_held_for_its_whole_time_goes() {
        let mut held = held(&[(1, 0, &["a"]), (2, 50, &["a"])]);
        assert_eq!((held.expire(99), held.expire(100)), (0, 1));
        assert_eq!(of(&held, "a"), [2]);
        held.forget(&(0..9));
        assert!(held.events.is_empty() && held.by_absent.is_empty());
    }

    #[test]
    fn no_more_than_the_most_are_held() {
        let mut held = Held::new(Duration::from_millis(100));
        let most = MOST as u64;
        (0..most + 2).for_each(|seq| held.note(seq, Entry::Held { received_at: seq, absent: vec![absent("a")] }));
        held.window_ms = u64::MAX;
        assert_eq!((held.expire(0), held.events.first_key_value().map(|(seq, _)| *seq)), (2, Some(2)));
    }

    #[test]
    fn nothing_is_held_for_no_time() {
        let mut held = Held::new(Duration::ZERO);
        held.note(1, Entry::Held { received_at: 0, absent: vec![absent("a")] });
        assert!(held.events.is_empty());
    }
}
