//! Which events are for a uid that nobody has yet, in memory: what is delivered once somebody has it.
//!
//! The events themselves say for whom they are, and the releases among them for whom they were made: opening the journal
//! finds again what is still held.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::event::{Event, Sequence};
use super::keepsakes::Keepsakes;
use super::varint::{put, put_bytes, take, take_text};
use super::{Journal, Settings};
use crate::fingerprint::of_uid;

/// Whoever is meant by a uid on one webhook. Strangers choose uids, so they are kept as fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Absent {
    /// The service and the uid, as [`of_uid`] marks them.
    pub(crate) mark: u128,
    /// The webhook's name.
    pub(crate) webhook: Arc<str>,
}

/// What one event does to what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// It is for these uids.
    Held { received_at: u64, place: Place, uids: Vec<Box<str>> },
    /// It is what another was held for.
    Release { original: Sequence, place: Place, uid: Box<str> },
}

/// Where an event came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    service: Box<str>,
    webhook: Box<str>,
}

/// Everything that is held.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// How long, in milliseconds.
    window_ms: u64,
    events: BTreeMap<Sequence, Item>,
    waiting: BTreeSet<(Absent, Sequence)>,
    /// The same events by their bytes.
    pub(super) kept: Keepsakes,
    /// The names of webhooks, each once.
    webhooks: HashSet<Arc<str>>,
    /// Events that were let go to make room, of which nobody has been told yet.
    crowded_out: usize,
}

#[derive(Debug)]
struct Item {
    received_at: u64,
    webhook: Arc<str>,
    /// The marks of its uids, sorted.
    marks: Vec<u128>,
}

/// Events that are not held any more although nobody has got their uid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Those that were held for their whole time.
    pub expired: usize,
    /// Those that newer ones needed the room of.
    pub crowded_out: usize,
}

/// Uids of all events that are held at most: beyond that the oldest events go. Each takes a hundred bytes of memory.
const MOST: usize = 100_000;

impl Entry {
    /// Of an event that has to do with what is held.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let place = || Place { service: event.service.as_str().into(), webhook: event.webhook.as_str().into() };
        if let Some((original, uid)) = event.replay_of.as_ref().and_then(|original| Some((original.seq, original.uid.as_deref()?))) {
            return Some(Self::Release { original, place: place(), uid: uid.into() });
        }
        // An operator who replays an event sees that nobody has its uid.
        let is_held = !event.unmatched.is_empty() && event.replay_of.is_none();
        let uids = || event.unmatched.iter().map(|uid| uid.as_str().into()).collect();
        is_held.then(|| Self::Held { received_at: event.received_at, place: place(), uids: uids() })
    }
}

/// In a digest: `0` for nothing, `1 | place | uids` for what is held, `2 | original | place | uid` for a release.
impl Entry {
    pub(super) fn encode(entry: Option<&Self>, into: &mut Vec<u8>) {
        match entry {
            None => put(into, 0),
            Some(Self::Held { place, uids, .. }) => {
                put(into, 1);
                place.encode(into);
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
    pub(super) fn decode(from: &mut &[u8], received_at: u64) -> Option<Option<Self>> {
        match take(from)? {
            0 => Some(None),
            1 => {
                let place = Place::decode(from)?;
                let uids = (0..take(from)?).map(|_| take_text(from).map(Into::into)).collect::<Option<_>>()?;
                Some(Some(Self::Held { received_at, place, uids }))
            }
            2 => Some(Some(Self::Release { original: take(from)?, place: Place::decode(from)?, uid: take_text(from)?.into() })),
            _ => None,
        }
    }
}

impl Place {
    fn encode(&self, into: &mut Vec<u8>) {
        [&self.service, &self.webhook].into_iter().for_each(|text| put_bytes(into, text.as_bytes()));
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        Some(Self { service: take_text(from)?.into(), webhook: take_text(from)?.into() })
    }
}

impl Held {
    pub(super) fn new(window: Duration) -> Self {
        Self { window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX), ..Self::default() }
    }

    /// Notes an event that has become durable.
    pub(super) fn note(&mut self, seq: Sequence, entry: &Entry, bytes: u32) {
        match entry {
            Entry::Release { original, place, uid } => {
                let webhook = self.webhook(&place.webhook);
                self.released(*original, Absent { mark: of_uid(&place.service, uid), webhook });
            }
            Entry::Held { .. } if self.window_ms == 0 => {}
            Entry::Held { received_at, place, uids } => {
                let mut marks: Vec<_> = uids.iter().map(|uid| of_uid(&place.service, uid)).collect();
                marks.sort_unstable();
                marks.dedup();
                let webhook = self.webhook(&place.webhook);
                self.kept.insert(seq, bytes);
                self.hold(seq, Item { received_at: *received_at, webhook, marks });
            }
        }
    }

    fn hold(&mut self, seq: Sequence, item: Item) {
        self.waiting.extend(item.absent().map(|absent| (absent, seq)));
        self.events.insert(seq, item);
        while self.waiting.len() > MOST
            && let Some(oldest) = self.events.first_key_value().map(|(seq, _)| *seq)
        {
            self.drop_event(oldest);
            self.crowded_out += 1;
        }
    }

    fn released(&mut self, seq: Sequence, absent: Absent) {
        if let Some(item) = self.events.get_mut(&seq) {
            item.marks.retain(|mark| *mark != absent.mark);
            if item.marks.is_empty() {
                self.events.remove(&seq);
                self.kept.remove(seq);
            }
        }
        self.waiting.remove(&(absent, seq));
    }

    /// Lets go what has been held for its whole time, and tells what has been let go since it was last asked.
    fn expire(&mut self, now_ms: u64) -> LetGo {
        let too_old = |item: &Item| now_ms.saturating_sub(item.received_at) >= self.window_ms;
        let expired: Vec<_> = self.events.iter().filter(|(_, item)| too_old(item)).map(|(seq, _)| *seq).collect();
        expired.iter().for_each(|seq| self.drop_event(*seq));
        LetGo { expired: expired.len(), crowded_out: std::mem::take(&mut self.crowded_out) }
    }

    /// Forgets events that are gone from the journal.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) {
        let gone: Vec<_> = self.events.range(events.clone()).map(|(seq, _)| *seq).collect();
        gone.into_iter().for_each(|seq| self.drop_event(seq));
    }

    fn drop_event(&mut self, seq: Sequence) {
        self.kept.remove(seq);
        for absent in self.events.remove(&seq).iter().flat_map(Item::absent) {
            self.waiting.remove(&(absent, seq));
        }
    }

    /// The first ones behind a certain one for whom something is held, `most` at most.
    fn absent_after(&self, after: Option<Absent>, most: usize) -> Vec<Absent> {
        let from = after.map_or(Unbounded, |absent| Excluded((absent, Sequence::MAX)));
        let mut found: Vec<Absent> = Vec::new();
        for (absent, _) in self.waiting.range((from, Unbounded)) {
            if found.last() == Some(absent) {
                continue;
            }
            if found.len() == most {
                break;
            }
            found.push(absent.clone());
        }
        found
    }

    fn absent_of(&self, mark: u128) -> Vec<Absent> {
        let from = (Absent { mark, webhook: "".into() }, 0);
        let mut found: Vec<_> = self.waiting.range(from..).map(|(absent, _)| absent).take_while(|absent| absent.mark == mark).collect();
        found.dedup();
        found.into_iter().cloned().collect()
    }

    fn of(&self, absent: &Absent) -> Vec<Sequence> {
        self.waiting.range((absent.clone(), 0)..=(absent.clone(), Sequence::MAX)).map(|(_, seq)| *seq).collect()
    }

    fn webhook(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.webhooks.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.webhooks.insert(Arc::clone(&name));
        name
    }
}

impl Item {
    /// For whom it is held.
    fn absent(&self) -> impl Iterator<Item = Absent> {
        self.marks.iter().map(|mark| Absent { mark: *mark, webhook: Arc::clone(&self.webhook) })
    }
}

impl Journal {
    /// The first ones behind a certain one for whom something is held, `most` at most.
    pub(crate) fn absent_after(&self, after: Option<Absent>, most: usize) -> Vec<Absent> {
        self.held().absent_after(after, most)
    }

    /// Those for whom something is held and whose service and uid have this mark.
    pub(crate) fn absent_of(&self, mark: u128) -> Vec<Absent> {
        self.held().absent_of(mark)
    }

    /// What is held for somebody, in the order in which it came.
    pub(crate) fn held_for(&self, absent: &Absent) -> Vec<Sequence> {
        self.held().of(absent)
    }

    /// Lets go what has been held for its whole time, and tells what has been let go since it was last asked. All of that
    /// stays in the journal.
    pub fn expire_held(&self, now_ms: u64) -> LetGo {
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

    fn place() -> Place {
        Place { service: "teams".into(), webhook: "webhook".into() }
    }

    fn entry(received_at: u64, uids: &[&str]) -> Entry {
        Entry::Held { received_at, place: place(), uids: uids.iter().map(|uid| (*uid).into()).collect() }
    }

    fn release(original: Sequence, uid: &str) -> Entry {
        Entry::Release { original, place: place(), uid: uid.into() }
    }

    fn held(events: &[(Sequence, u64, &[&str])]) -> Held {
        let mut held = Held::new(Duration::from_millis(100));
        events.iter().for_each(|(seq, received_at, uids)| held.note(*seq, &entry(*received_at, uids), 1));
        held
    }

    fn of(held: &Held, uid: &str) -> Vec<Sequence> {
        held.of(&Absent { mark: of_uid("teams", uid), webhook: "webhook".into() })
    }

    #[test]
    fn what_was_released_for_one_is_still_held_for_another() {
        let mut held = held(&[(1, 0, &["a", "b", "a"]), (2, 0, &["a"])]);
        assert_eq!(of(&held, "a"), [1, 2]);
        held.note(3, &release(1, "a"), 1);
        assert_eq!((of(&held, "a"), of(&held, "b"), held.events.len()), (vec![2], vec![1], 2));
        held.note(4, &release(1, "b"), 1);
        assert_eq!((of(&held, "b"), held.events.len()), (vec![], 1));
    }

    #[test]
    fn what_has_been_held_for_its_whole_time_goes() {
        let mut held = held(&[(1, 0, &["a"]), (2, 50, &["a"])]);
        assert_eq!(held.expire(99), LetGo::default());
        assert_eq!(held.expire(100), LetGo { expired: 1, crowded_out: 0 });
        assert_eq!(of(&held, "a"), [2]);
        held.forget(&(0..9));
        assert!(held.events.is_empty() && held.waiting.is_empty());
    }

    #[test]
    fn no_more_uids_than_the_most_are_held_however_many_an_event_has() {
        let (mut held, uids) = (Held::new(Duration::MAX), (0..MOST / 4).map(|uid| uid.to_string()).collect::<Vec<_>>());
        let uids: Vec<_> = uids.iter().map(String::as_str).collect();
        held.note(1, &entry(0, &["a"]), 1);
        (2..6).for_each(|seq| held.note(seq, &entry(0, &uids), 1));
        assert_eq!((of(&held, "a"), of(&held, "7"), held.waiting.len()), (vec![], vec![2, 3, 4, 5], MOST));
        held.note(6, &entry(0, &["a"]), 1);
        assert_eq!((of(&held, "a"), of(&held, "7"), held.events.len()), (vec![6], vec![3, 4, 5], 4));
        assert_eq!(held.expire(0), LetGo { expired: 0, crowded_out: 2 });
        assert_eq!(held.expire(0), LetGo::default(), "each is told of once");
    }

    #[test]
    fn those_for_whom_something_is_held_are_told_in_parts_and_by_their_mark() {
        let held = held(&[(1, 0, &["a", "b", "c"]), (2, 0, &["a", "b"])]);
        let first = held.absent_after(None, 2);
        let rest = held.absent_after(first.last().cloned(), 2);
        let marks: BTreeSet<_> = first.iter().chain(&rest).map(|absent| absent.mark).collect();
        assert_eq!((first.len(), rest.len(), marks.len()), (2, 1, 3));
        assert_eq!(held.absent_of(of_uid("teams", "b")).iter().map(|absent| held.of(absent)).collect::<Vec<_>>(), [[1, 2]]);
        assert_eq!(held.absent_of(of_uid("others", "b")), []);
    }

    #[test]
    fn nothing_is_held_for_no_time() {
        let mut held = Held::new(Duration::ZERO);
        held.note(1, &entry(0, &["a"]), 1);
        assert!(held.events.is_empty());
    }
}
