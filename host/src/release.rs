//! Delivers what was held for a uid that nobody had, once somebody has it.
//!
//! The stored request is evaluated again, at the time at which it came, and what the spec makes of the items with that uid is
//! an event of its own, which says what it releases: whatever happens, each is released once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hookwright_webhook::Item;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{MissedTickBehavior, interval};

use crate::Host;
use crate::deliver::now_ms;
use crate::fingerprint::of_uid;
use crate::journal::{Absent, Event, LetGo, Original, Outcome, Sequence, StoredBundle, new_id};
use crate::metrics::OfService;
use crate::receive::{Reconsidered, keep, reconsider_unanswered};

/// How often it is looked whether somebody is there now who was not, whom no change of connections has told of: a service may
/// have been loaded since, or an event stored just after somebody had come.
const OFTEN: Duration = Duration::from_secs(10);
/// Uids that are looked at before others have a turn.
const AT_ONCE: usize = 1024;

/// What is measured of it.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    released: Counter,
    expired: Counter,
    crowded_out: Family<OfService, Counter>,
}

impl Meters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("held_released", "Held events that were delivered once somebody had their uid", self.released.clone());
        registry.register("held_expired", "Held events whose uid nobody got in time", self.expired.clone());
        let crowded_out = "Held events that were let go because their service or its senders had the most uids when there were too many";
        registry.register("held_crowded_out", crowded_out, self.crowded_out.clone());
    }
}

/// Releases for as long as the host runs.
pub(crate) async fn run(host: Arc<Host>) {
    let mut listeners = host.connections.listeners();
    let mut turns = interval(OFTEN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {
                let_go(&host);
                release_for_all(&host).await;
            }
            new = listeners.recv() => match new {
                Ok(mark) => release_for(&host, host.journal.absent_of(mark)).await,
                Err(RecvError::Lagged(_)) => release_for_all(&host).await,
                Err(RecvError::Closed) => break,
            },
        }
    }
}

/// Lets go what has been held for long enough, and says what has been let go.
fn let_go(host: &Host) {
    let LetGo { expired, crowded_out } = host.journal.expire_held(now_ms());
    host.releases.expired.inc_by(expired as u64);
    if expired > 0 {
        tracing::warn!(events = expired, "events were held for a uid that nobody got; they stay in the journal and can be replayed");
    }
    for (service, events) in crowded_out {
        let text = "events for uids that nobody has are not held any more, because there are too many; they can be replayed";
        tracing::warn!(service = &*service, events, "{text}");
        host.releases.crowded_out.get_or_create(&OfService { service: service.to_string() }).inc_by(events);
    }
}

/// Releases what is held for anybody who is there now.
async fn release_for_all(host: &Arc<Host>) {
    let mut after = None;
    loop {
        let some = host.journal.absent_after(after, AT_ONCE);
        let Some(last) = some.last() else { break };
        after = Some(last.clone());
        release_for(host, some).await;
        yield_now().await;
    }
}

/// Releases what is held for those of these who are there now.
async fn release_for(host: &Arc<Host>, absent: Vec<Absent>) {
    for absent in absent {
        if host.connections.has_listener(absent.mark, &absent.webhook) {
            release_all(host, &absent).await;
        }
    }
}

/// Why something stays held.
enum Stays {
    /// Nothing of its webhook can be released now, so that those behind it wait for it.
    NotNow(String),
    /// It cannot be read.
    Unreadable(String),
}

/// In the order in which they came.
async fn release_all(host: &Arc<Host>, absent: &Absent) {
    let webhook = &*absent.webhook;
    let mut released = 0;
    for seq in host.journal.held_for(absent) {
        match release(host, seq, absent).await {
            Ok(()) => released += 1,
            Err(Stays::Unreadable(error)) => {
                tracing::error!(webhook, event = seq, %error, "a held event cannot be read: it is tried again");
            }
            Err(Stays::NotNow(error)) => {
                tracing::warn!(webhook, event = seq, %error, "a held event is not delivered yet; it is tried again");
                break;
            }
        }
    }
    if released > 0 {
        host.releases.released.inc_by(released);
        tracing::info!(webhook, events = released, "somebody has the uid now: what was held for it is delivered");
    }
}

async fn release(host: &Arc<Host>, seq: Sequence, absent: &Absent) -> Result<(), Stays> {
    let original = read(host, seq).await.map_err(|error| Stays::Unreadable(format!("{error:#}")))?;
    let Some(uid) = original.unmatched.iter().find(|uid| of_uid(&original.service, uid) == absent.mark).cloned() else {
        return Err(Stays::Unreadable("it is for others".to_owned()));
    };
    let (outcome, items) = match reconsider_unanswered(host, &original).await {
        Ok(Reconsidered { verdict, .. }) => (verdict.failure.map(|failure| failure.to_string()), verdict.items),
        Err(error) if error.may_pass() => return Err(Stays::NotNow(error.to_string())),
        Err(error) => (Some(error.to_string()), Vec::new()),
    };
    if let Some(cause) = &outcome {
        tracing::warn!(service = original.service, webhook = original.webhook, event = seq, %cause, "a held event is stored as failed");
    }
    let event = event(seq, original, uid, outcome.map_or(Outcome::Accepted, Outcome::Failed), items);
    keep(host, event).await.map_err(|error| Stays::NotNow(error.to_string()))?;
    Ok(())
}

async fn read(host: &Host, seq: Sequence) -> anyhow::Result<Event> {
    let journal = host.journal.clone();
    spawn_blocking(move || journal.read(seq)).await??.context("it is not in the journal any more")
}

/// What is stored and delivered in place of what was held.
fn event(seq: Sequence, original: Event, uid: String, outcome: Outcome, items: Vec<Item>) -> Event {
    let id = new_id(now_ms());
    let items = items.into_iter().filter(|item| item.uid.as_ref() == Some(&uid));
    let bundles = items.flat_map(|item| item.bundles).enumerate();
    let bundles = bundles.map(|(index, bundle)| StoredBundle { id: format!("{id}-{index}"), hook: bundle.hook, json: bundle.json });
    Event {
        bundles: bundles.collect(),
        outcome,
        replay_of: Some(Original { seq, id: original.id, uid: Some(uid) }),
        dedupe: None,
        unmatched: Vec::new(),
        id,
        ..original
    }
}
