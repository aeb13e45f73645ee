//! Takes bundles from the journal to their destinations: at least once, with retry, in order where a hook asks for it.
//!
//! What waits is in memory by reference, in a schedule (`schedule.rs`) that is rebuilt from the journal at start. Each
//! attempt is a task of its own that tells the journal how it ended; nothing counts as delivered before its sink said so.

mod attempt;
mod breaker;
mod dispatch;
mod file_guard;
mod fresh;
mod guard;
mod health;
mod meters;
mod proxies;
mod retry;
mod schedule;
mod settings;
mod signature;
mod sink;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub use breaker::Patience;
pub use file_guard::FileGuard;
pub(crate) use file_guard::ForbiddenFile;
pub use guard::{Exception, Guard};
pub use proxies::Proxies;
pub use settings::{HttpSettings, Settings};
pub(crate) use sink::tls;
pub use sink::{BadDestination, Bundle, Delivery, Destination, PULL, Refusal, Sink, Sinks, mask};

use crate::connections::Connections;
use crate::journal::{BundleKey, Event, Journal, JournalError, Pending, Redriven, Sequence};
use attempt::Attempts;
use dispatch::{Dispatcher, New, Told};
use fresh::Budget;
use health::Health;
use meters::Meters;
use schedule::Key;

/// The deliveries of a host at work.
pub struct Deliveries {
    journal: Arc<Journal>,
    arrivals: watch::Receiver<()>,
    meters: Meters,
    told: mpsc::UnboundedSender<Told>,
    fresh: Budget,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Deliveries {
    /// Starts with everything that the journal has open. To be called on a runtime, before anything new is appended.
    pub fn start(journal: Arc<Journal>, connections: Arc<Connections>, settings: Settings) -> Arc<Self> {
        let fresh = Budget::new(settings.fresh_bytes);
        let sinks = Sinks::new(&settings);
        let meters = Meters::default();
        let attempts =
            Attempts { journal: journal.clone(), connections, sinks, health: Health::default(), meters: meters.clone(), settings };
        let (arrived, arrivals) = watch::channel(());
        let dispatcher = Dispatcher::new(Arc::new(attempts), arrived);
        let (told, receiver) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(dispatcher.run(receiver, stopped));
        Arc::new(Self { journal, arrivals, meters, told, fresh, running: Mutex::new(Some(Running { stop, task })) })
    }

    /// Where the bundles come from.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// What changes whenever a bundle arrives that waits to be fetched, and ends when nothing is delivered any more.
    pub fn arrivals(&self) -> watch::Receiver<()> {
        let mut arrivals = self.arrivals.clone();
        arrivals.mark_unchanged();
        arrivals
    }

    /// What is measured.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Hands on an event that the journal has under `sequence`. Never waits.
    pub fn enqueue(&self, sequence: Sequence, event: &Event) {
        for (index, stored) in (0..).zip(&event.bundles) {
            let fresh = self.fresh.keep(stored.json.len(), || attempt::bundle(event, index).unwrap_or_default());
            let new = New { key: Key { seq: sequence, bundle: index }, hook: stored.hook.as_str().into(), fresh };
            // After shutdown nobody takes it: it is delivered after the next start.
            let _ = self.told.send(Told::New(new));
        }
    }

    /// Lets the attempts of dead letters begin anew, at once; what it says is on disk. See [`Journal::redrive`].
    pub async fn redrive(&self, wanted: Vec<BundleKey>) -> Redriven {
        let (journal, told) = (self.journal.clone(), self.told.clone());
        // Whoever asked may go away: what is on disk is to be attempted all the same.
        let redriving = tokio::spawn(async move {
            let redriven = journal.redrive(&wanted, now_ms()).await;
            for Pending { seq, bundle, hook, .. } in &redriven.bundles {
                let new = New { key: Key { seq: *seq, bundle: *bundle }, hook: hook.clone(), fresh: None };
                let _ = told.send(Told::New(new));
            }
            redriven
        });
        redriving.await.unwrap_or_else(|_| Redriven { failure: Some(JournalError::Closed), ..Redriven::default() })
    }

    /// Lets what waits for a hook be delivered as the hook says now, at once. To be called after a change of its definition.
    pub fn hook_changed(&self, hook: &str) {
        let _ = self.told.send(Told::Changed(hook.into()));
    }

    /// Starts nothing more and waits for what is in flight, for [`Settings::drain`] at most. A second call does nothing.
    pub async fn shutdown(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, task }) = running {
            let _ = stop.send(());
            if let Err(error) = task.await {
                tracing::error!(%error, "the deliveries did not end by themselves");
            }
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
