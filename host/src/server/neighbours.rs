//! How many connections each address has, so that no stranger alone can take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::network::Network;

/// Who is connected.
#[derive(Clone)]
pub(super) struct Neighbours {
    most: usize,
    homes: Arc<Mutex<HashMap<Network, Home>>>,
}

#[derive(Default)]
struct Home {
    connections: usize,
    /// Whether it has been said that this one has too many.
    told: bool,
}

/// A connection of somebody; given up when it is dropped.
pub(super) struct Place {
    neighbours: Neighbours,
    home: Network,
}

impl Neighbours {
    /// Neighbours of whom nobody has more than `most` connections.
    pub(super) fn new(most: usize) -> Self {
        Self { most, homes: Arc::default() }
    }

    /// A place for a connection from there; nothing if that one has as many as it may. Says so once.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Place> {
        let home = Network::from(address);
        let mut homes = self.homes();
        let known = homes.entry(home).or_default();
        if known.connections < self.most {
            known.connections += 1;
            return Some(Place { neighbours: self.clone(), home });
        }
        if !std::mem::replace(&mut known.told, true) {
            tracing::warn!(%address, connections = self.most, "connections of an address that has very many are closed");
        }
        None
    }

    fn homes(&self) -> MutexGuard<'_, HashMap<Network, Home>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut homes = self.neighbours.homes();
        if let Some(known) = homes.get_mut(&self.home) {
            known.connections -= 1;
            if known.connections == 0 {
                homes.remove(&self.home);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_so_many_and_others_have_theirs() {
        let neighbours = Neighbours::new(2);
        let admit = |address: &str| neighbours.admit(address.parse().unwrap());
        let places = [admit("192.0.2.1"), admit("::ffff:192.0.2.1"), admit("2001:db8::1"), admit("2001:db8::2:0:0:3")];
        assert!(places.iter().all(Option::is_some));
        assert!(admit("192.0.2.1").is_none() && admit("2001:db8::4").is_none());
        assert!(admit("192.0.2.2").is_some() && admit("2001:db8:0:1::1").is_some());
        drop(places);
        assert!(admit("192.0.2.1").is_some());
        assert!(neighbours.homes().is_empty());
    }
}
