//! Which old segments are kept for events that strangers can make, under a budget of bytes.
//!
//! A segment goes or stays as a whole, so what an event costs is its segment: one small event in each would otherwise keep
//! everything. Services take turns to keep a segment each, and within a service the networks that send to it (max-min
//! fairness); whoever has kept the fewest bytes is next, and keeps its newest. No network has more than half, unless
//! nobody else wants the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::event::Sequence;
use super::shares::Holder;
use crate::network::Network;

/// A segment that has to go unless it is kept.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) events: Range<Sequence>,
    pub(super) bytes: u64,
}

/// The first events of those of these segments (the oldest first) that are kept for `holders` of events in them; they have no
/// more than `budget` bytes together.
pub(super) fn pinned(candidates: &[Candidate], budget: u64, holders: impl Fn(&Range<Sequence>) -> BTreeSet<Holder>) -> HashSet<Sequence> {
    let mut wanted = Wanted::new();
    for (place, candidate) in candidates.iter().enumerate() {
        for Holder { service, network } in holders(&candidate.events) {
            wanted.entry(service).or_default().entry(network).or_default().push(place);
        }
    }
    let mut pins = Pins { candidates, left: budget, pinned: HashSet::new(), services: HashMap::new(), networks: HashMap::new() };
    for most_of_network in [budget / 2, budget] {
        pins.take_turns(wanted.clone(), most_of_network);
    }
    pins.pinned
}

/// The places of the candidates that a network has events in, the newest last, by service.
type Wanted = BTreeMap<u32, BTreeMap<Network, Vec<usize>>>;

/// What has been kept so far.
struct Pins<'c> {
    candidates: &'c [Candidate],
    left: u64,
    pinned: HashSet<Sequence>,
    /// Bytes that are kept for each service, and for each network.
    services: HashMap<u32, u64>,
    networks: HashMap<Network, u64>,
}

impl Pins<'_> {
    /// Keeps what is wanted and fits, in turns, so that no network has more than `most` bytes.
    fn take_turns(&mut self, mut wanted: Wanted, most: u64) {
        let mut turns: BTreeSet<_> = wanted.iter().map(|(service, of)| (self.of_service(*service), segments(of), *service)).collect();
        let mut queues: HashMap<_, BTreeSet<_>> = wanted.iter().map(|(service, of)| (*service, queue(of))).collect();
        let smallest = self.candidates.iter().map(|candidate| candidate.bytes).min().unwrap_or_default();
        while self.left >= smallest
            && let Some((_, segments, service)) = turns.pop_first()
            && let (Some(of), Some(queue)) = (wanted.get_mut(&service), queues.get_mut(&service))
        {
            let Some((kept, segments_of_network, network)) = queue.pop_first() else { continue };
            let Some(place) = of.get_mut(&network).and_then(Vec::pop) else { continue };
            let bytes = self.keep(Holder { service, network }, place, most);
            if segments_of_network > 1 {
                queue.insert((kept + bytes, segments_of_network - 1, network));
            }
            turns.insert((self.of_service(service), segments - 1, service));
        }
    }

    /// Keeps a segment for somebody if it fits and is not kept yet; how many bytes that takes.
    fn keep(&mut self, Holder { service, network }: Holder, place: usize, most: u64) -> u64 {
        let Candidate { events, bytes } = &self.candidates[place];
        let of_network = self.networks.entry(network).or_default();
        let fits = *bytes <= self.left && *of_network + bytes <= most;
        if !fits || !self.pinned.insert(events.start) {
            return 0;
        }
        self.left -= bytes;
        *of_network += bytes;
        *self.services.entry(service).or_default() += bytes;
        *bytes
    }

    fn of_service(&self, service: u32) -> u64 {
        self.services.get(&service).copied().unwrap_or_default()
    }
}

fn segments(of_service: &BTreeMap<Network, Vec<usize>>) -> usize {
    of_service.values().map(Vec::len).sum()
}

/// The networks of a service in the order of their turns: who has kept the fewest bytes, then who wants the fewest segments.
fn queue(of_service: &BTreeMap<Network, Vec<usize>>) -> BTreeSet<(u64, usize, Network)> {
    of_service.iter().map(|(network, places)| (0, places.len(), *network)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VICTIM: Holder = Holder { service: 1, network: Network::from_bits(1) };
    const FLOOD: Holder = Holder { service: 2, network: Network::from_bits(2) };

    /// The places of those of `segments` segments of 10 bytes that are kept.
    fn pinned_of(segments: usize, budget: u64, holders: impl Fn(usize) -> Vec<Holder>) -> Vec<usize> {
        let candidates: Vec<_> = (0..segments as u64).map(|first| Candidate { events: first..first + 1, bytes: 10 }).collect();
        let pinned = pinned(&candidates, budget, |events| holders(events.start as usize).into_iter().collect());
        let mut places: Vec<_> = pinned.into_iter().map(|first| first as usize).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn what_is_kept_fits_the_budget_however_small_the_events_are() {
        assert_eq!(pinned_of(100, 45, |_| vec![FLOOD]), [96, 97, 98, 99], "the newest, as nobody else wants the room");
        assert_eq!(pinned_of(100, 9, |_| vec![FLOOD]), [0; 0]);
    }

    #[test]
    fn the_only_event_of_a_quiet_service_stays_though_it_is_the_oldest() {
        let flooded = |place| if place == 0 { vec![VICTIM] } else { vec![FLOOD] };
        assert_eq!(pinned_of(100, 40, flooded), [0, 97, 98, 99]);
    }

    #[test]
    fn the_only_event_of_a_quiet_network_stays_in_a_service_that_is_flooded() {
        let quiet = Holder { network: VICTIM.network, ..FLOOD };
        assert_eq!(pinned_of(100, 40, |place| if place == 0 { vec![quiet] } else { vec![FLOOD] }), [0, 97, 98, 99]);
    }

    #[test]
    fn services_take_turns_whatever_each_of_them_wants() {
        let third = Holder { service: 3, network: Network::from_bits(3) };
        let wanted = |place: usize| vec![[VICTIM, FLOOD, third][place % 3]];
        let kept = pinned_of(30, 60, wanted);
        assert_eq!([0, 1, 2].map(|service| kept.iter().filter(|place| *place % 3 == service).count()), [2, 2, 2]);
    }

    #[test]
    fn a_network_that_floods_many_services_has_half_while_others_want_the_rest() {
        let wanted = |place: usize| vec![Holder { service: 10 + (place % 8) as u32, network: FLOOD.network }];
        let with_victim = |place| if place < 3 { vec![VICTIM] } else { wanted(place) };
        let kept = pinned_of(100, 60, with_victim);
        assert_eq!(kept.iter().filter(|place| **place < 3).count(), 3, "{kept:?}");
        assert_eq!(pinned_of(100, 60, wanted).len(), 6, "alone it has all");
    }

    #[test]
    fn a_segment_that_is_kept_for_one_costs_the_next_nothing() {
        assert_eq!(pinned_of(3, 10, |place| if place == 2 { vec![VICTIM, FLOOD] } else { vec![] }), [2]);
    }
}
