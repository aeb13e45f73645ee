//! Giving back disk space: whole segments go when all their bundles are done and nobody needs to look at them again.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::checkpoint::{Covers, Encoded};
use super::dedupe;
use super::digest::EventDigest;
use super::pins::{self, Candidate};
use super::segment::{Index, Segment};
use super::{Journal, Sequence};
use crate::metrics::OfService;

/// Bundles that are written into a checkpoint while nobody else can look at the ledger.
const LOCKED_AT_ONCE: usize = 8192;

/// What part of all bytes the old segments that are kept for failed events may have, and those for held ones.
const SHARE: u64 = 4;

/// How long events are kept. What is still to be delivered is always kept; dead letters and what waits to be fetched are kept
/// for the whole age from when they became such. So are failed events, and those that are held for as long as they are, but the
/// segments that are kept only for them have no more than a quarter of all bytes each: strangers can make them.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events older than this may go.
    pub age: Duration,
    /// While there are more bytes than this, or the disk has less room than twice its reserve, the oldest delivered
    /// ones may go.
    pub bytes: u64,
}

impl Default for Retention {
    /// Seven days or 10 GiB, whatever is reached first.
    fn default() -> Self {
        Self { age: Duration::from_secs(7 * 24 * 3600), bytes: 10 << 30 }
    }
}

/// What a round of maintenance gave back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Segment files.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Dead letters that nobody had redriven.
    pub dead_letters: u64,
    /// Bundles that nobody had fetched.
    pub unfetched: u64,
    /// Failed and held events that made room before their time, by their services.
    pub crowded_out: BTreeMap<Arc<str>, u64>,
}

impl Journal {
    /// Returns when [`maintain`](Self::maintain) is worth calling: a segment has become full, or the disk has.
    pub async fn wants_upkeep(&self) {
        self.upkeep.notified().await;
    }

    /// Removes the segments that `retention` does not ask to keep. Blocks; call it now and then. `is_pulled`: whether a
    /// hook's bundles wait to be fetched, which they do for the whole age and no longer.
    pub fn maintain(&self, retention: Retention, now: SystemTime, is_pulled: impl Fn(&str) -> bool) -> io::Result<Removed> {
        let mut removed = self.remove_events(retention, now, is_pulled)?;
        // On a disk that is full neither side files nor a checkpoint can be written; that must not keep it full.
        if let Err(error) = self.ease_opening() {
            tracing::warn!(%error, "the next start may have to read more of the journal than it should");
        }
        self.remove_states(&mut removed)?;
        super::lock(&self.remains).forget(&*self.disk, millis(now))?;
        Ok(removed)
    }

    /// Writes what the next start needs not to read everything.
    fn ease_opening(&self) -> io::Result<()> {
        // What is accounted for now is covered: no commit that failed before can come back once the segments are digested.
        let covers = self.ledger().covers();
        for segment in self.index.sealed() {
            segment.digest::<EventDigest>(&*self.disk)?;
        }
        self.checkpoint(covers)
    }

    /// Writes a checkpoint of the ledger once as much has been logged since the last one as that takes to write.
    fn checkpoint(&self, covers: Covers) -> io::Result<()> {
        let mut checkpoints = super::lock(&self.checkpoints);
        let (newest, size) = checkpoints.newest;
        let sealed = self.delivery_index.sealed().into_iter().filter(|segment| segment.next() > newest.states + 1);
        let sizes = sealed.map(|segment| Ok(segment.path.metadata()?.len())).collect::<io::Result<Vec<_>>>()?;
        if sizes.is_empty() || sizes.iter().sum::<u64>() < size {
            return Ok(());
        }
        let (mut encoded, mut after) = (Encoded::new(covers), None);
        loop {
            after = self.ledger().encode_part(after, LOCKED_AT_ONCE, &mut encoded);
            if after.is_none() {
                return checkpoints.write(&*self.disk, &encoded);
            }
        }
    }

    /// Removes the delivery states that even the older checkpoint covers, but for the reasons of dead letters.
    fn remove_states(&self, removed: &mut Removed) -> io::Result<()> {
        let covered = super::lock(&self.checkpoints).before.states;
        let sealed = self.delivery_index.sealed().into_iter().filter(|segment| segment.next() <= covered + 1);
        let reasons = self.ledger().reasons();
        for segment in sealed.filter(|segment| reasons.range(segment.first..segment.next()).next().is_none()) {
            self.remove(&self.delivery_index, &segment, segment.path.metadata()?.len(), removed)?;
        }
        Ok(())
    }

    fn remove_events(&self, retention: Retention, now: SystemTime, is_pulled: impl Fn(&str) -> bool) -> io::Result<Removed> {
        let mut removed = Removed::default();
        let sealed = self.index.sealed();
        let sizes = sealed.iter().map(|segment| segment.path.metadata()).collect::<io::Result<Vec<_>>>()?;
        let kept: u64 = sizes.iter().map(fs::Metadata::len).sum();
        let excess = kept.saturating_sub(retention.bytes).max(self.lacking(&sealed));
        let candidates = sealed.iter().zip(&sizes).map(|(segment, metadata)| Candidate::of(segment, metadata.len()));
        let pinned = if excess > 0 { self.pinned(candidates.collect(), kept.saturating_sub(excess)) } else { HashSet::new() };
        for (segment, metadata) in sealed.iter().zip(&sizes) {
            let written = metadata.modified()?;
            let in_the_way = removed.bytes < excess && !pinned.contains(&segment.first);
            let wanted = Wanted { written, age: retention.age, now, in_the_way };
            let events = segment.first..segment.next();
            if let Some(given_up) = self.give_up(&events, wanted, &is_pulled) {
                self.dropped.inc_by(given_up.unfetched);
                self.count_crowded_out(&given_up.crowded_out);
                removed.add(given_up);
                self.remove_but_for_ids(segment, metadata.len(), millis(now), &mut removed)?;
                self.held().forget(&events);
                self.catalogue().forget(events);
            }
        }
        Ok(removed)
    }

    /// The first events of the segments that stay for failed and held events in them, if all segments together may have `room`
    /// bytes. The newest half of that is kept anyway, and these have no more than the other.
    fn pinned(&self, mut segments: Vec<Candidate>, room: u64) -> HashSet<Sequence> {
        let mut newest = 0;
        while let Some(segment) = segments.pop_if(|segment| newest + segment.bytes <= room / 2) {
            newest += segment.bytes;
        }
        let failed = pins::pinned(&segments, room / SHARE, |events| self.ledger().failed.holders(events));
        let held = pins::pinned(&segments, room / SHARE, |events| self.held().holders(events));
        failed.into_iter().chain(held).collect()
    }

    fn count_crowded_out(&self, crowded_out: &BTreeMap<Arc<str>, u64>) {
        for (service, events) in crowded_out {
            self.crowded_out.get_or_create(&OfService { service: service.to_string() }).inc_by(*events);
        }
    }

    /// Forgets these events if nobody needs them any more, and tells what is lost with them. From here on they are gone, so
    /// that none can be redriven while its segment is being removed.
    fn give_up(&self, events: &Range<Sequence>, wanted: Wanted, is_pulled: &impl Fn(&str) -> bool) -> Option<Removed> {
        let mut ledger = self.ledger();
        let newest = wanted.written.max(UNIX_EPOCH + Duration::from_millis(ledger.last_touched(events)));
        let old = wanted.now.duration_since(newest).unwrap_or_default() > wanted.age;
        let may_go = match old {
            true => ledger.done_but_for(events, is_pulled),
            false => wanted.in_the_way && ledger.done(events) && ledger.settled(events),
        };
        may_go.then(|| {
            let crowded_out = if old { BTreeMap::new() } else { sum(ledger.failed.count(events), self.held().count(events)) };
            let (dead_letters, unfetched) = ledger.forget(events);
            Removed { dead_letters, unfetched, crowded_out, ..Removed::default() }
        })
    }

    /// The bytes that must go so that the log's disk has twice the room below which nothing is accepted any more.
    fn lacking(&self, sealed: &[Arc<Segment>]) -> u64 {
        let directory = sealed.first().and_then(|segment| segment.path.parent());
        let space = directory.and_then(|directory| self.disk.space(directory).ok());
        space.map_or(0, |space| (2 * space.reserve()).saturating_sub(space.free))
    }

    /// Removes a segment of events whose ids that still count are on disk by then. Where there is no room for them, the segment
    /// has to make it first.
    fn remove_but_for_ids(&self, segment: &Segment, bytes: u64, now: u64, removed: &mut Removed) -> io::Result<()> {
        let Some(ids) = self.ids_of(segment, now) else { return self.remove(&self.index, segment, bytes, removed) };
        let leave = || super::lock(&self.remains).leave(&*self.disk, segment.first, &ids);
        match leave() {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.remove(&self.index, segment, bytes, removed)?;
                leave().unwrap_or_else(|error| tracing::warn!(%error, "repeats of events that made room are new ones after a restart"));
                Ok(())
            }
            left => left.and_then(|()| self.remove(&self.index, segment, bytes, removed)),
        }
    }

    /// The delivery ids of a segment that still count.
    fn ids_of(&self, segment: &Segment, now: u64) -> Option<EventDigest> {
        let oldest = dedupe::oldest_that_counts(now);
        let youngest = self.catalogue().last_before(segment.next(), &(oldest..=u64::MAX));
        if youngest.is_none_or(|seq| seq < segment.first) {
            return None;
        }
        let known = segment.known::<EventDigest>().inspect_err(|error| {
            tracing::warn!(path = %segment.path.display(), %error, "repeats of events that made room are new ones after a restart");
        });
        known.ok()?.ids_since(oldest)
    }

    fn remove(&self, index: &Index, segment: &Segment, bytes: u64, removed: &mut Removed) -> io::Result<()> {
        index.remove(&*self.disk, segment)?;
        removed.segments += 1;
        removed.bytes += bytes;
        Ok(())
    }
}

/// Milliseconds since 1970.
fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

impl Removed {
    fn add(&mut self, other: Self) {
        let Self { segments, bytes, dead_letters, unfetched, crowded_out } = other;
        self.segments += segments;
        self.bytes += bytes;
        self.dead_letters += dead_letters;
        self.unfetched += unfetched;
        self.crowded_out = sum(std::mem::take(&mut self.crowded_out), crowded_out);
    }
}

fn sum(mut counts: BTreeMap<Arc<str>, u64>, others: BTreeMap<Arc<str>, u64>) -> BTreeMap<Arc<str>, u64> {
    others.into_iter().for_each(|(service, count)| *counts.entry(service).or_default() += count);
    counts
}

impl Candidate {
    fn of(segment: &Segment, bytes: u64) -> Self {
        Self { events: segment.first..segment.next(), bytes }
    }
}

/// What decides whether a segment may go, besides what is in it.
#[derive(Clone, Copy)]
struct Wanted {
    /// When its last event was.
    written: SystemTime,
    age: Duration,
    now: SystemTime,
    /// There is too little room, and it is not kept for anybody.
    in_the_way: bool,
}
