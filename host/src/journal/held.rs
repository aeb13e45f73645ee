//! Which events are for a uid that nobody has yet, in memory: what is delivered once somebody has it.
//!
//! The events themselves say for whom they are, and the releases among them for whom they were made: opening the journal
//! finds again what is still held.

mod entry;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::event::Sequence;
use super::shares::{Holder, Services, Shares};
use super::{Journal, Settings};
use crate::fingerprint::of_uid;

pub(super) use entry::Entry;

/// Whoever is meant by a uid on one webhook. Strangers choose uids, so they are kept as fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Absent {
    /// The service and the uid, as [`of_uid`] marks them.
    pub(crate) mark: u128,
    /// The webhook's name.
    pub(crate) webhook: Arc<str>,
}

/// Everything that is held.
#[derive(Debug)]
pub(super) struct Held {
    /// How long, in milliseconds.
    window_ms: u64,
    events: BTreeMap<Sequence, Item>,
    waiting: BTreeSet<(Absent, Sequence)>,
    /// For whom, by their uids.
    shares: Shares,
    services: Services,
    /// The names of webhooks, each once.
    webhooks: HashSet<Arc<str>>,
    /// Events that were let go to make room, by their services, of which nobody has been told yet.
    crowded_out: BTreeMap<Arc<str>, u64>,
}

#[derive(Debug)]
struct Item {
    received_at: u64,
    holder: Holder,
    webhook: Arc<str>,
    /// The marks of its uids, sorted.
    marks: Vec<u128>,
}

/// Events that are not held any more although nobody has got their uid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Those that were held for their whole time.
    pub expired: usize,
    /// Those that newer ones needed the room of, by their services.
    pub crowded_out: BTreeMap<Arc<str>, u64>,
}

/// Uids of all events that are held at most, and twice what those of one network may be: beyond that the oldest events of
/// whoever has the most of them go. A uid takes a hundred bytes of memory, and an event from a network of its own 250 more.
const MOST: usize = 100_000;

impl Held {
    pub(super) fn new(window: Duration) -> Self {
        Self {
            window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
            events: BTreeMap::new(),
            waiting: BTreeSet::new(),
            shares: Shares::of(MOST),
            services: Services::default(),
            webhooks: HashSet::new(),
            crowded_out: BTreeMap::new(),
        }
    }

    /// Notes an event that has become durable.
    pub(super) fn note(&mut self, seq: Sequence, entry: &Entry) {
        match entry {
            Entry::Release { original, place, uid } => {
                let webhook = self.webhook(&place.webhook);
                self.released(*original, Absent { mark: of_uid(&place.service, uid), webhook });
            }
            Entry::Held { .. } if self.window_ms == 0 => {}
            Entry::Held { received_at, place, network, uids } => {
                let mut marks: Vec<_> = uids.iter().map(|uid| of_uid(&place.service, uid)).collect();
                marks.sort_unstable();
                marks.dedup();
                let holder = Holder { service: self.services.number(&place.service), network: *network };
                let webhook = self.webhook(&place.webhook);
                self.hold(seq, Item { received_at: *received_at, holder, webhook, marks });
            }
        }
    }

    fn hold(&mut self, seq: Sequence, item: Item) {
        self.waiting.extend(item.absent().map(|absent| (absent, seq)));
        self.shares.add(seq, item.holder, item.marks.len());
        self.events.insert(seq, item);
        while let Some(surplus) = self.shares.surplus() {
            self.crowd_out(surplus);
        }
    }

    fn crowd_out(&mut self, seq: Sequence) {
        if let Some(item) = self.drop_event(seq) {
            *self.crowded_out.entry(self.services.name(item.holder.service)).or_default() += 1;
        }
    }

    fn released(&mut self, seq: Sequence, absent: Absent) {
        if let Some(item) = self.events.get_mut(&seq)
            && let Ok(place) = item.marks.binary_search(&absent.mark)
        {
            item.marks.remove(place);
            self.shares.lighten(item.holder, 1);
            if item.marks.is_empty() {
                self.drop_event(seq);
            }
        }
        self.waiting.remove(&(absent, seq));
    }

    /// Lets go what has been held for its whole time, and tells what has been let go since it was last asked.
    fn expire(&mut self, now_ms: u64) -> LetGo {
        let too_old = |item: &Item| now_ms.saturating_sub(item.received_at) >= self.window_ms;
        let expired: Vec<_> = self.events.iter().filter(|(_, item)| too_old(item)).map(|(seq, _)| *seq).collect();
        expired.iter().for_each(|seq| drop(self.drop_event(*seq)));
        LetGo { expired: expired.len(), crowded_out: std::mem::take(&mut self.crowded_out) }
    }

    /// Forgets events that are gone from the journal.
    pub(super) fn forget(&mut self, events: &Range<Sequence>) {
        let gone: Vec<_> = self.events.range(events.clone()).map(|(seq, _)| *seq).collect();
        gone.into_iter().for_each(|seq| drop(self.drop_event(seq)));
    }

    /// For whom these events are held.
    pub(super) fn holders(&self, events: &Range<Sequence>) -> BTreeSet<Holder> {
        self.events.range(events.clone()).map(|(_, item)| item.holder).collect()
    }

    /// How many of these events are held, by their services.
    pub(super) fn count(&self, events: &Range<Sequence>) -> BTreeMap<Arc<str>, u64> {
        self.services.count(self.events.range(events.clone()).map(|(_, item)| item.holder))
    }

    fn drop_event(&mut self, seq: Sequence) -> Option<Item> {
        let item = self.events.remove(&seq)?;
        self.shares.remove(seq, item.holder, item.marks.len());
        for absent in item.absent() {
            self.waiting.remove(&(absent, seq));
        }
        Some(item)
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
    use super::entry::Place;
    use super::*;
    use crate::network::Network;

    fn entry(received_at: u64, uids: &[&str]) -> Entry {
        from("192.0.2.1", "teams", received_at, uids)
    }

    fn from(address: &str, service: &str, received_at: u64, uids: &[&str]) -> Entry {
        let uids = uids.iter().map(|uid| (*uid).into()).collect();
        Entry::Held { received_at, place: Place::of(service, "webhook"), network: Network::of(address), uids }
    }

    fn release(original: Sequence, uid: &str) -> Entry {
        Entry::Release { original, place: Place::of("teams", "webhook"), uid: uid.into() }
    }

    fn held(events: &[(Sequence, u64, &[&str])]) -> Held {
        let mut held = Held::new(Duration::from_millis(100));
        events.iter().for_each(|(seq, received_at, uids)| held.note(*seq, &entry(*received_at, uids)));
        held
    }

    fn of(held: &Held, uid: &str) -> Vec<Sequence> {
        held.of(&Absent { mark: of_uid("teams", uid), webhook: "webhook".into() })
    }

    #[test]
    fn what_was_released_for_one_is_still_held_for_another() {
        let mut held = held(&[(1, 0, &["a", "b", "a"]), (2, 0, &["a"])]);
        assert_eq!(of(&held, "a"), [1, 2]);
        held.note(3, &release(1, "a"));
        assert_eq!((of(&held, "a"), of(&held, "b"), held.events.len()), (vec![2], vec![1], 2));
        held.note(4, &release(1, "b"));
        assert_eq!((of(&held, "b"), held.events.len()), (vec![], 1));
    }

    #[test]
    fn what_has_been_held_for_its_whole_time_goes() {
        let mut held = held(&[(1, 0, &["a"]), (2, 50, &["a"])]);
        assert_eq!(held.expire(99), LetGo::default());
        assert_eq!(held.expire(100), LetGo { expired: 1, ..LetGo::default() });
        assert_eq!(of(&held, "a"), [2]);
        held.forget(&(0..9));
        assert!(held.events.is_empty() && held.waiting.is_empty());
    }

    /// Texts that are uids of nobody else.
    fn uids(range: Range<usize>) -> Vec<String> {
        range.map(|uid| format!("uid-{uid}")).collect()
    }

    #[test]
    fn no_more_uids_than_the_most_are_held_however_many_an_event_has_and_no_more_than_half_of_one_network() {
        let (mut held, uids) = (Held::new(Duration::MAX), uids(0..MOST / 4));
        let uids: Vec<_> = uids.iter().map(String::as_str).collect();
        (1..5).for_each(|seq| held.note(seq, &entry(0, &uids)));
        assert_eq!((of(&held, "uid-7"), held.shares.total()), (vec![3, 4], MOST / 2));
        (5..9).for_each(|seq| held.note(seq, &from(&format!("192.0.2.{seq}"), "teams", 0, &uids)));
        assert_eq!((of(&held, "uid-7"), held.waiting.len()), (vec![5, 6, 7, 8], MOST), "whoever has the most gives first");
        assert_eq!(held.expire(0), LetGo { expired: 0, crowded_out: [("teams".into(), 4)].into() });
        assert_eq!(held.expire(0), LetGo::default(), "each is told of once");
    }

    #[test]
    fn what_is_held_for_a_quiet_service_stays_while_others_are_flooded_from_anywhere() {
        let (mut held, uids) = (Held::new(Duration::MAX), uids(0..10_000));
        let uids: Vec<_> = uids.iter().map(String::as_str).collect();
        held.note(1, &entry(0, &["victim"]));
        for seq in 2..40 {
            held.note(seq, &from(&format!("2001:db8:0:{seq}::1"), "open", 0, &uids));
            held.note(100 + seq, &from("192.0.2.1", "other", 0, &uids));
        }
        assert_eq!((of(&held, "victim"), held.shares.total() <= MOST), (vec![1], true));
    }

    #[test]
    fn what_is_released_makes_room_for_others() {
        let mut held = held(&[(1, 0, &["a", "b"]), (2, 0, &["a"])]);
        held.note(3, &release(1, "a"));
        held.note(4, &release(1, "a"));
        held.note(5, &release(2, "a"));
        assert_eq!((held.shares.total(), held.events.len()), (1, 1));
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
        held.note(1, &entry(0, &["a"]));
        assert!(held.events.is_empty());
    }
}
