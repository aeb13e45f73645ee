//! The delivery ids of the last 24 hours, in memory: a repeat is told from a new event without touching the disk.
//!
//! An id is kept as a 128-bit keyed fingerprint (the key is new at every start), in one bucket for each hour, so that
//! forgetting is dropping a bucket. The event records hold the ids themselves, and so does what is left behind of those that
//! had to make room (`remains`); opening the journal fills the window.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::fingerprint::{Fingerprints, Unhashed};

/// Hours after which an id may come again as a new event.
const HOURS: u64 = 24;
const HOUR_MS: u64 = 3_600_000;

/// When an event must have come, in milliseconds since 1970, for its id to count at a time.
pub(super) fn oldest_that_counts(now: u64) -> u64 {
    (now / HOUR_MS).saturating_sub(HOURS) * HOUR_MS
}

/// All ids that count.
#[derive(Debug, Default)]
pub(super) struct Window {
    fingerprints: Fingerprints,
    ids: Mutex<Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    /// Claimed, not durable yet; with those who wait to hear.
    claimed: HashMap<u128, Vec<oneshot::Sender<()>>>,
    /// Durable, by the hour in which they were received.
    hours: BTreeMap<u64, HashSet<u128, Unhashed>>,
}

/// The right to store the first event with an id. Dropped without [`Claim::commit`], the id is free again.
#[derive(Debug)]
pub(super) struct Claim {
    window: Arc<Window>,
    id: u128,
    received_at: u64,
}

enum Found {
    First(Claim),
    Repeat,
    Wait(oneshot::Receiver<()>),
}

impl Window {
    /// Claims an id for an event received at `received_at` (ms since 1970); `None` if the event is a repeat.
    ///
    /// While another event with the same id is on its way to disk this waits for it: if that fails, this one is the first.
    pub(super) async fn claim(self: &Arc<Self>, service: &str, webhook: &str, id: &str, received_at: u64) -> Option<Claim> {
        let id = self.fingerprints.of((service, webhook, id));
        loop {
            match self.look(id, received_at) {
                Found::First(claim) => return Some(claim),
                Found::Repeat => return None,
                // An error only means that the other one has ended.
                Found::Wait(end) => drop(end.await),
            }
        }
    }

    /// Takes in an id that is on disk already. Called in the order of the events, it keeps the last 24 hours only.
    pub(super) fn restore(&self, service: &str, webhook: &str, id: &str, received_at: u64) {
        let id = self.fingerprints.of((service, webhook, id));
        let mut ids = self.lock();
        ids.remember(id, received_at);
        ids.forget(received_at);
    }

    fn look(self: &Arc<Self>, id: u128, received_at: u64) -> Found {
        let mut ids = self.lock();
        ids.forget(received_at);
        if ids.hours.values().any(|hour| hour.contains(&id)) {
            return Found::Repeat;
        }
        if let Some(waiting) = ids.claimed.get_mut(&id) {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            return Found::Wait(receiver);
        }
        ids.claimed.insert(id, Vec::new());
        Found::First(Claim { window: Arc::clone(self), id, received_at })
    }

    fn lock(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ids {
    fn remember(&mut self, id: u128, received_at: u64) {
        self.hours.entry(received_at / HOUR_MS).or_default().insert(id);
    }

    fn forget(&mut self, now: u64) {
        let oldest = oldest_that_counts(now) / HOUR_MS;
        while let Some(hour) = self.hours.first_entry().filter(|hour| *hour.key() < oldest) {
            hour.remove();
        }
    }
}

impl Claim {
    /// The event is on disk: from now on its id marks repeats.
    pub(super) fn commit(self) {
        self.window.lock().remember(self.id, self.received_at);
    }
}

impl Drop for Claim {
    /// Ends the claim; whoever waits looks again.
    fn drop(&mut self) {
        self.window.lock().claimed.remove(&self.id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const NOW: u64 = 1_790_000_000_000;

    async fn claim(window: &Arc<Window>, id: &str, at: u64) -> Option<Claim> {
        window.claim("github", "webhook", id, at).await
    }

    #[tokio::test]
    async fn a_committed_id_marks_repeats_and_others_stay_free() {
        let window = Arc::new(Window::default());
        claim(&window, "a", NOW).await.unwrap().commit();
        assert!(claim(&window, "a", NOW).await.is_none());
        assert!(claim(&window, "b", NOW).await.is_some());
        assert!(window.claim("stripe", "webhook", "a", NOW).await.is_some());
    }

    #[tokio::test]
    async fn a_dropped_claim_frees_its_id() {
        let window = Arc::new(Window::default());
        drop(claim(&window, "a", NOW).await.unwrap());
        assert!(claim(&window, "a", NOW).await.is_some());
    }

    #[tokio::test]
    async fn an_id_is_forgotten_after_the_window() {
        let window = Arc::new(Window::default());
        claim(&window, "a", NOW).await.unwrap().commit();
        assert!(claim(&window, "a", NOW + HOURS * HOUR_MS).await.is_none());
        assert!(claim(&window, "a", NOW + (HOURS + 1) * HOUR_MS).await.is_some());
    }

    #[tokio::test]
    async fn a_repeat_waits_for_the_commit_that_is_on_its_way() {
        let window = Arc::new(Window::default());
        let first = claim(&window, "a", NOW).await.unwrap();
        let mut repeat = pin!(claim(&window, "a", NOW));
        let mut context = Context::from_waker(Waker::noop());
        assert!(repeat.as_mut().poll(&mut context).is_pending());
        first.commit();
        assert!(matches!(repeat.as_mut().poll(&mut context), Poll::Ready(None)));
    }

    #[tokio::test]
    async fn a_repeat_becomes_the_first_when_the_commit_fails() {
        let window = Arc::new(Window::default());
        let first = claim(&window, "a", NOW).await.unwrap();
        let mut repeat = pin!(claim(&window, "a", NOW));
        let mut context = Context::from_waker(Waker::noop());
        assert!(repeat.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(matches!(repeat.as_mut().poll(&mut context), Poll::Ready(Some(_))));
    }

    #[tokio::test]
    async fn restored_ids_mark_repeats() {
        let window = Arc::new(Window::default());
        window.restore("github", "webhook", "a", NOW);
        assert!(claim(&window, "a", NOW).await.is_none());
    }
}
