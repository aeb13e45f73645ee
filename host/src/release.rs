//! Delivers what was held for a uid that nobody had, once somebody has it.
//!
//! The stored request is evaluated again, at the time at which it came, and what the spec makes of the items with that uid is
//! an event of its own, which says what it releases: whatever happens, each is released once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::Host;
use crate::deliver::now_ms;
use crate::journal::{Absent, Event, Original, Outcome, Sequence, StoredBundle, new_id};
use crate::receive::{Reconsidered, keep, reconsider};

/// How often it is looked whether somebody is there now who was not: a service may have been loaded since.
const OFTEN: Duration = Duration::from_secs(10);
/// Between two looks, however often connections change.
const PAUSE: Duration = Duration::from_millis(50);

/// What is measured of it.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    released: Counter,
    expired: Counter,
}

impl Meters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("held_released", "Held events that were delivered once somebody had their uid", self.released.clone());
        registry.register("held_expired", "Held events whose uid nobody got in time", self.expired.clone());
    }
}

/// Releases for as long as the host runs.
pub(crate) async fn run(host: Arc<Host>) {
    let mut changes = host.connections.changes();
    let mut turns = interval(OFTEN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            changed = changes.changed() => if changed.is_err() { break },
        }
        look(&host).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Releases what is held for those who are there now, and lets go what has been held for long enough.
async fn look(host: &Arc<Host>) {
    let expired = host.journal.expire_held(now_ms());
    if expired > 0 {
        host.releases.expired.inc_by(expired as u64);
        tracing::warn!(events = expired, "events were held for a uid that nobody got; they stay in the journal and can be replayed");
    }
    for absent in host.journal.absent() {
        if !host.connections.hooks_of(&absent.service, &absent.webhook, &absent.uid).is_empty() {
            release_all(host, &absent).await;
        }
    }
}

/// In the order in which they came; the first that cannot be released keeps those behind it.
async fn release_all(host: &Arc<Host>, absent: &Absent) {
    let (service, webhook) = (absent.service.as_str(), absent.webhook.as_str());
    let mut released = 0;
    for seq in host.journal.held_for(absent) {
        if let Err(error) = release(host, seq, absent).await {
            tracing::warn!(service, webhook, event = seq, %error, "a held event is not delivered yet; it is tried again");
            break;
        }
        released += 1;
    }
    if released > 0 {
        host.releases.released.inc_by(released);
        tracing::info!(service, webhook, events = released, "somebody has the uid now: what was held for it is delivered");
    }
}

async fn release(host: &Arc<Host>, seq: Sequence, absent: &Absent) -> anyhow::Result<()> {
    let journal = host.journal.clone();
    let original = spawn_blocking(move || journal.read(seq)).await??.context("it is not in the journal any more")?;
    let reconsidered = reconsider(host, &original).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    keep(host, event(seq, original, reconsidered, absent)).await?;
    Ok(())
}

/// What is stored and delivered in place of what was held.
fn event(seq: Sequence, original: Event, reconsidered: Reconsidered, absent: &Absent) -> Event {
    let id = new_id(now_ms());
    let verdict = reconsidered.verdict;
    let items = verdict.items.into_iter().filter(|item| item.uid.as_deref() == Some(&absent.uid));
    let bundles = items.flat_map(|item| item.bundles).enumerate();
    let bundles = bundles.map(|(index, bundle)| StoredBundle { id: format!("{id}-{index}"), hook: bundle.hook, json: bundle.json });
    Event {
        bundles: bundles.collect(),
        outcome: verdict.failure.map_or(Outcome::Accepted, |failure| Outcome::Failed(failure.to_string())),
        replay_of: Some(Original { seq, id: original.id, uid: Some(absent.uid.clone()) }),
        dedupe: None,
        unmatched: Vec::new(),
        id,
        ..original
    }
}
