//! Fair shares of what all requests use together, by the sender's network and by the service.
//!
//! The rule is that of dynamic thresholds, as switches share their buffers (Choudhury and Hahne, "Dynamic queue length
//! thresholds for shared-memory packet switches", 1998): nobody may hold more than a multiple of what is left free. Whoever
//! is alone gets much, whoever comes later always finds something, and nothing has to be taken back.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::network::Network;

/// Who uses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The sender's; none where senders cannot be told apart, because a proxy stands before the host.
    pub network: Option<Network>,
    /// The service's name.
    pub service: Arc<str>,
}

/// A network may hold as much as it leaves free: half, where it is alone.
const OF_A_NETWORK: usize = 1;
/// A service may hold twice as much: two thirds, where it is alone.
const OF_A_SERVICE: usize = 2;

/// Who holds how much of a quantity.
#[derive(Debug)]
pub struct Shares {
    total: usize,
    used: usize,
    networks: Held<Network>,
    services: Held<Arc<str>>,
}

impl Shares {
    /// Nobody holds anything of this quantity.
    pub fn of(total: usize) -> Self {
        Self { total, used: 0, networks: Held::default(), services: Held::default() }
    }

    /// Whether `holder` may have so much more. The first that a holder takes is only limited by what is there.
    pub fn allow(&self, holder: &Holder, amount: usize) -> bool {
        let Some(left) = (self.total - self.used).checked_sub(amount) else { return false };
        let network = holder.network.map_or(0, |network| self.networks.of(&network));
        let service = self.services.of(&holder.service);
        let within = |held: usize, share: usize| held == 0 || held + amount <= left.saturating_mul(share);
        within(network, OF_A_NETWORK) && within(service, OF_A_SERVICE)
    }

    /// Takes so much more, if that is allowed.
    pub fn take(&mut self, holder: &Holder, amount: usize) -> bool {
        let allowed = self.allow(holder, amount);
        if allowed {
            self.used += amount;
            holder.network.inspect(|network| self.networks.add(network, amount));
            self.services.add(&holder.service, amount);
        }
        allowed
    }

    /// Gives back so much of what was taken.
    pub fn give_back(&mut self, holder: &Holder, amount: usize) {
        self.used -= amount;
        holder.network.inspect(|network| self.networks.subtract(network, amount));
        self.services.subtract(&holder.service, amount);
    }

    /// What a service holds.
    pub fn of_service(&self, service: &Arc<str>) -> usize {
        self.services.of(service)
    }
}

/// Those who hold something.
#[derive(Debug)]
struct Held<K>(HashMap<K, usize>);

impl<K> Default for Held<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Held<K> {
    fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn add(&mut self, key: &K, amount: usize) {
        *self.0.entry(key.clone()).or_default() += amount;
    }

    fn subtract(&mut self, key: &K, amount: usize) {
        if let Some(held) = self.0.get_mut(key) {
            *held -= amount;
            if *held == 0 {
                self.0.remove(key);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn holder(address: &str, service: &str) -> Holder {
        Holder { network: Some(Network::of(address)), service: service.into() }
    }

    /// How much a holder gets, one by one.
    fn fill(shares: &mut Shares, holder: &Holder) -> usize {
        (0..).take_while(|_| shares.take(holder, 1)).count()
    }

    #[test]
    fn nobody_alone_gets_more_than_half_and_whoever_comes_later_finds_something() {
        let mut shares = Shares::of(120);
        assert_eq!(fill(&mut shares, &holder("192.0.2.1", "a")), 60);
        assert_eq!(fill(&mut shares, &holder("192.0.2.1", "b")), 0, "a network has one share, whatever it asks for");
        assert!(fill(&mut shares, &holder("192.0.2.2", "b")) >= 20);
        assert!(shares.take(&holder("192.0.2.3", "c"), 1));
    }

    #[test]
    fn no_service_gets_all_however_many_senders_it_has() {
        let mut shares = Shares::of(300);
        let taken: usize = (0..250).map(|n| fill(&mut shares, &holder(&format!("192.0.2.{n}"), "flooded"))).sum();
        assert!((200..=250).contains(&taken), "{taken}");
        assert!(fill(&mut shares, &holder("198.51.100.1", "quiet")) >= 20);
    }

    #[test]
    fn without_networks_only_services_share() {
        let mut shares = Shares::of(300);
        let behind_a_proxy = Holder { network: None, service: "a".into() };
        assert_eq!(fill(&mut shares, &behind_a_proxy), 200);
    }

    #[test]
    fn what_is_given_back_is_there_again_and_nobody_is_remembered() {
        let mut shares = Shares::of(10);
        let one = holder("192.0.2.1", "a");
        assert!(shares.take(&one, 7) && !shares.take(&one, 4));
        shares.give_back(&one, 7);
        assert!(shares.take(&one, 10));
        shares.give_back(&one, 10);
        assert!(shares.networks.0.is_empty() && shares.services.0.is_empty());
    }
}
