//! How many requests are decoded and evaluated at once on threads of their own, and who is next.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::network::Network;
use crate::shares::{Holder, Shares};

/// The places of all evaluations.
#[derive(Clone, Debug)]
pub struct Places {
    waiting_time: Duration,
    of_a_service: usize,
    state: Arc<Mutex<State>>,
}

/// A place for one evaluation; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    holder: Holder,
}

/// All places are in use, or all that this sender or service may have, and stayed so for as long as a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no place for an evaluation became free in time")
    }
}

impl std::error::Error for Busy {}

#[derive(Debug)]
struct State {
    /// Of the places of all services.
    shares: Shares,
    /// Those that have places, or requests that wait for one.
    services: HashMap<Arc<str>, Service>,
    /// How many have waited so far: who came first is served first among equals.
    waited: u64,
}

/// The places of one service.
#[derive(Debug, Default)]
struct Service {
    held: usize,
    networks: HashMap<Option<Network>, Line>,
}

/// One sender's requests for one service: a line of their own, so that a long one keeps nobody else back.
#[derive(Debug, Default)]
struct Line {
    held: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: u64,
    promise: oneshot::Sender<Place>,
}

/// So many services may have all the places they may have at the same time.
const SERVICES_AT_ONCE: usize = 16;

impl Places {
    /// So many places for each service, and a multiple of that for all.
    pub fn new(of_a_service: usize, waiting_time: Duration) -> Self {
        let state = State { shares: Shares::of(of_a_service * SERVICES_AT_ONCE), services: HashMap::new(), waited: 0 };
        Self { waiting_time, of_a_service, state: Arc::new(Mutex::new(state)) }
    }

    /// A place; waits for it, but not for long. Who waits takes no thread.
    ///
    /// # Errors
    /// None became free in time.
    pub async fn admit(&self, holder: &Holder) -> Result<Place, Busy> {
        let promised = match self.try_admit(holder) {
            Ok(place) => return Ok(place),
            Err(promised) => promised,
        };
        match timeout(self.waiting_time, promised).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Busy),
        }
    }

    /// A place, or the promise of one.
    fn try_admit(&self, holder: &Holder) -> Result<Place, oneshot::Receiver<Place>> {
        let mut state = self.state();
        if self.allows(&state, holder) {
            state.take(holder);
            return Ok(self.place(holder.clone()));
        }
        Err(state.wait(holder))
    }

    /// Whether a sender may have one more place of a service: half of the service's at most, and its share of all.
    fn allows(&self, state: &State, holder: &Holder) -> bool {
        let service = state.services.get(&holder.service);
        let of_service = service.map_or(0, |service| service.held);
        let of_line = service.and_then(|service| service.networks.get(&holder.network)).map_or(0, |line| line.held);
        let of_a_network = if holder.network.is_some() { self.of_a_service.div_ceil(2) } else { self.of_a_service };
        of_service < self.of_a_service && of_line < of_a_network && state.shares.allow(holder, 1)
    }

    /// Hands free places to those who wait, as far as they may have them. One that nobody takes any more comes back, and is
    /// handed on.
    fn hand_out(&self) {
        loop {
            let mut state = self.state();
            let Some(holder) = state.next(|state, holder| self.allows(state, holder)) else { return };
            state.take(&holder);
            let promise = state.first_waiting(&holder);
            // Given back, where nobody takes it, it locks the state.
            drop(state);
            let _ = promise.map(|promise| promise.send(self.place(holder)));
        }
    }

    fn place(&self, holder: Holder) -> Place {
        Place { places: self.clone(), holder }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn line(&mut self, holder: &Holder) -> &mut Line {
        self.services.entry(holder.service.clone()).or_default().networks.entry(holder.network).or_default()
    }

    fn take(&mut self, holder: &Holder) {
        self.shares.take(holder, 1);
        self.line(holder).held += 1;
        self.services.entry(holder.service.clone()).or_default().held += 1;
    }

    fn give_back(&mut self, holder: &Holder) {
        self.shares.give_back(holder, 1);
        let Some(service) = self.services.get_mut(&holder.service) else { return };
        service.held -= 1;
        if let Some(line) = service.networks.get_mut(&holder.network) {
            line.held -= 1;
        }
        self.forget_empty(holder);
    }

    fn wait(&mut self, holder: &Holder) -> oneshot::Receiver<Place> {
        let (promise, promised) = oneshot::channel();
        let since = self.waited;
        self.waited += 1;
        let waiting = &mut self.line(holder).waiting;
        waiting.retain(|waiting| !waiting.promise.is_closed());
        waiting.push_back(Waiting { since, promise });
        promised
    }

    /// Whose turn it is of those who wait and may have a place: whoever has the fewest, of the services and then of the
    /// senders, and of those who has waited longest.
    fn next(&self, allows: impl Fn(&Self, &Holder) -> bool) -> Option<Holder> {
        let lines = self.services.iter().flat_map(|(name, service)| service.networks.iter().map(move |line| (name, service, line)));
        let waiting = lines.filter_map(|(name, service, (network, line))| {
            let since = line.waiting.front()?.since;
            let holder = Holder { network: *network, service: name.clone() };
            allows(self, &holder).then_some(((service.held, line.held, since), holder))
        });
        waiting.min_by_key(|(rank, _)| *rank).map(|(_, holder)| holder)
    }

    fn first_waiting(&mut self, holder: &Holder) -> Option<oneshot::Sender<Place>> {
        self.line(holder).waiting.pop_front().map(|waiting| waiting.promise)
    }

    fn forget_empty(&mut self, holder: &Holder) {
        if let Some(service) = self.services.get_mut(&holder.service) {
            service.networks.retain(|_, line| line.held > 0 || !line.waiting.is_empty());
            if service.networks.is_empty() {
                self.services.remove(&holder.service);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state().give_back(&self.holder);
        self.places.hand_out();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn holder(address: &str, service: &str) -> Holder {
        Holder { network: Some(Network::of(address)), service: service.into() }
    }

    fn places() -> Places {
        Places::new(8, Duration::from_secs(3600))
    }

    fn taken(places: &Places, holder: &Holder) -> Vec<Place> {
        std::iter::from_fn(|| places.try_admit(holder).ok()).collect()
    }

    #[test]
    fn a_sender_has_half_of_a_services_places_and_other_senders_the_rest() {
        let places = places();
        let first = taken(&places, &holder("192.0.2.1", "a"));
        let second = taken(&places, &holder("192.0.2.2", "a"));
        let third = taken(&places, &holder("192.0.2.3", "a"));
        assert_eq!((first.len(), second.len(), third.len()), (4, 4, 0));
        assert_eq!(taken(&places, &holder("192.0.2.3", "b")).len(), 4, "another service has its own");
    }

    #[test]
    fn behind_a_proxy_a_service_has_all_of_its_places() {
        assert_eq!(taken(&places(), &Holder { network: None, service: "a".into() }).len(), 8);
    }

    #[tokio::test]
    async fn a_free_place_goes_to_who_has_the_fewest_and_then_to_who_came_first() {
        let places = places();
        let (greedy, modest) = (holder("192.0.2.1", "a"), holder("192.0.2.3", "a"));
        let mut held = taken(&places, &greedy);
        let others = taken(&places, &holder("192.0.2.2", "a"));
        let mut waiting = [&greedy, &modest, &modest].map(|holder| Box::pin(places.admit(holder)));
        for waits in &mut waiting {
            assert!(waits.as_mut().now_or_never().is_none());
        }
        drop(held.pop());
        let [greedy, first, second] = &mut waiting;
        let place = first.as_mut().now_or_never().unwrap().unwrap();
        assert!(greedy.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop((place, others));
        assert!(second.as_mut().now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_has_given_up_is_passed_over_and_nobody_is_remembered() {
        let places = places();
        let one = holder("192.0.2.1", "a");
        let mut held = taken(&places, &one);
        drop([(), ()].map(|()| Box::pin(places.admit(&one)).now_or_never()));
        let mut last = Box::pin(places.admit(&one));
        assert!(last.as_mut().now_or_never().is_none());
        drop(held.pop());
        drop((last.now_or_never().unwrap().unwrap(), held));
        assert!(places.state().services.is_empty());
        assert_eq!(taken(&places, &one).len(), 4);
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so() {
        let places = Places::new(8, Duration::ZERO);
        let one = holder("192.0.2.1", "a");
        let _held = taken(&places, &one);
        assert_eq!(places.admit(&one).await.err(), Some(Busy));
    }
}
