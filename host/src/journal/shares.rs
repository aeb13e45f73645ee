//! Who holds how much of something that is bounded, and who gives first where there is too little of it.
//!
//! Max-min fairness, first between services, then between the networks that send to one: room is taken from whoever holds
//! the most, so nobody who holds less than its share loses anything. Every operation takes logarithmic time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::event::Sequence;
use crate::network::Network;

/// Whom an event counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Holder {
    /// As [`Services`] numbers it.
    pub(super) service: u32,
    pub(super) network: Network,
}

/// The names of services, each once. They are few: only operators make them.
#[derive(Debug, Default)]
pub(super) struct Services {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

/// What everybody holds.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// What all may hold together.
    most: usize,
    total: usize,
    events: BTreeSet<(Holder, Sequence)>,
    services: Ranking<(), u32>,
    networks: Ranking<(), Network>,
    networks_of: Ranking<u32, Network>,
    services_of: Ranking<Network, u32>,
}

/// The weights of keys in groups, the heaviest first. A key's default is its smallest value.
#[derive(Debug)]
struct Ranking<G, K> {
    weights: HashMap<(G, K), usize>,
    order: BTreeSet<(G, Reverse<usize>, K)>,
}

impl Services {
    /// The number of a service.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (name, number): (Arc<str>, _) = (name.into(), self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// How many of these there are, by their services.
    pub(super) fn count(&self, holders: impl Iterator<Item = Holder>) -> BTreeMap<Arc<str>, u64> {
        let mut counts = BTreeMap::new();
        holders.for_each(|holder| *counts.entry(self.name(holder.service)).or_default() += 1);
        counts
    }

    /// The name of a service that has this number.
    pub(super) fn name(&self, number: u32) -> Arc<str> {
        Arc::clone(&self.names[number as usize])
    }
}

impl Shares {
    /// Shares of `most` in all, of which no network holds more than half.
    pub(super) fn of(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Notes an event that has a weight.
    pub(super) fn add(&mut self, seq: Sequence, holder: Holder, weight: usize) {
        self.events.insert((holder, seq));
        self.weigh(holder, |before| before + weight);
        self.total += weight;
    }

    /// Takes off a part of an event's weight.
    pub(super) fn lighten(&mut self, holder: Holder, weight: usize) {
        self.weigh(holder, |before| before - weight);
        self.total -= weight;
    }

    /// Forgets an event that still has this weight.
    pub(super) fn remove(&mut self, seq: Sequence, holder: Holder, weight: usize) {
        self.events.remove(&(holder, seq));
        self.lighten(holder, weight);
    }

    /// How much is held in all.
    #[cfg(test)]
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The event that has to go next because too much is held: the oldest one of whoever holds the most.
    pub(super) fn surplus(&self) -> Option<Sequence> {
        let holder = self.greedy_network().or_else(|| self.largest_holder())?;
        self.events.range((holder, 0)..).next().map(|(_, seq)| *seq)
    }

    /// The network that holds more than half of all there may be, in the service where it holds the most.
    fn greedy_network(&self) -> Option<Holder> {
        let (weight, network) = self.networks.heaviest(())?;
        let (_, service) = self.services_of.heaviest(network)?;
        (weight > self.most / 2).then_some(Holder { service, network })
    }

    fn largest_holder(&self) -> Option<Holder> {
        let (_, service) = self.services.heaviest(())?;
        let (_, network) = self.networks_of.heaviest(service)?;
        (self.total > self.most).then_some(Holder { service, network })
    }

    fn weigh(&mut self, Holder { service, network }: Holder, change: impl Fn(usize) -> usize) {
        self.services.weigh((), service, &change);
        self.networks.weigh((), network, &change);
        self.networks_of.weigh(service, network, &change);
        self.services_of.weigh(network, service, &change);
    }
}

impl<G, K> Default for Ranking<G, K> {
    fn default() -> Self {
        Self { weights: HashMap::new(), order: BTreeSet::new() }
    }
}

impl<G: Copy + Ord + Hash, K: Copy + Ord + Hash + Default> Ranking<G, K> {
    fn weigh(&mut self, group: G, key: K, change: impl Fn(usize) -> usize) {
        let before = self.weights.remove(&(group, key)).unwrap_or_default();
        let after = change(before);
        self.order.remove(&(group, Reverse(before), key));
        if after > 0 {
            self.weights.insert((group, key), after);
            self.order.insert((group, Reverse(after), key));
        }
    }

    /// The heaviest key of a group, and its weight.
    fn heaviest(&self, group: G) -> Option<(usize, K)> {
        let first = self.order.range((group, Reverse(usize::MAX), K::default())..).next();
        first.filter(|(found, ..)| *found == group).map(|(_, Reverse(weight), key)| (*weight, *key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: u32 = 0;
    const NOISY: u32 = 1;

    fn holder(service: u32, network: u64) -> Holder {
        Holder { service, network: Network::from_bits(network) }
    }

    /// Adds events one after the other and lets go what has to, as their owner does; what is left, and what went.
    fn fill(shares: &mut Shares, events: impl IntoIterator<Item = (Holder, usize)>) -> (Vec<Sequence>, Vec<Sequence>) {
        let mut held: Vec<(Holder, usize)> = Vec::new();
        let mut gone = Vec::new();
        for (seq, (holder, weight)) in (0..).zip(events) {
            held.push((holder, weight));
            shares.add(seq, holder, weight);
            while let Some(seq) = shares.surplus() {
                let (holder, weight) = held[seq as usize];
                shares.remove(seq, holder, weight);
                gone.push(seq);
            }
        }
        let left = (0..held.len() as Sequence).filter(|seq| !gone.contains(seq)).collect();
        (left, gone)
    }

    #[test]
    fn a_noisy_service_crowds_out_only_itself() {
        let flood = (1..30).map(|network| (holder(NOISY, network), 4));
        let (left, gone) = fill(&mut Shares::of(20), [(holder(QUIET, 99), 3)].into_iter().chain(flood));
        assert!(left.contains(&0), "{gone:?} went");
        assert_eq!(left.len(), 5);
    }

    #[test]
    fn a_noisy_address_crowds_out_only_itself() {
        let flood = (0..30).map(|_| (holder(NOISY, 2), 1));
        let (left, _) = fill(&mut Shares::of(10), [(holder(NOISY, 1), 4)].into_iter().chain(flood));
        assert_eq!(left, [0, 26, 27, 28, 29, 30], "no more than half for the one address, its newest");
    }

    #[test]
    fn an_address_that_is_behind_all_services_gives_first_where_it_holds_the_most() {
        let flood = (0..30).map(|_| (holder(NOISY, 1), 1));
        let (left, _) = fill(&mut Shares::of(10), [(holder(QUIET, 1), 1)].into_iter().chain(flood));
        assert_eq!(left, [0, 27, 28, 29, 30]);
    }

    #[test]
    fn services_that_all_want_more_get_the_same() {
        let flood = (0..400_u32).map(|number| (holder(number % 4, u64::from(number)), 1));
        let (left, _) = fill(&mut Shares::of(40), flood);
        let of = |service: u64| left.iter().filter(|seq| **seq % 4 == service).count();
        assert_eq!([of(0), of(1), of(2), of(3)], [10; 4]);
    }

    #[test]
    fn nothing_is_remembered_of_what_has_gone() {
        let mut shares = Shares::of(10);
        shares.add(1, holder(QUIET, 1), 3);
        shares.lighten(holder(QUIET, 1), 2);
        shares.remove(1, holder(QUIET, 1), 1);
        assert_eq!((shares.total, shares.surplus()), (0, None));
        assert!(shares.events.is_empty() && shares.networks_of.order.is_empty() && shares.networks_of.weights.is_empty());
    }
}
