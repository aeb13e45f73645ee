//! One attempt from its hook and its bundle to what the journal is told about it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::breaker::Contact;
use super::fresh::Fresh;
use super::health::Health;
use super::meters::Meters;
use super::schedule::{Ended, Job, Key};
use super::settings::Settings;
use super::sink::{Bundle, Delivery, Destination, Refusal, Sinks};
use super::{now_ms, retry};
use crate::connections::{Change, Connections, Hook, State};
use crate::journal::{DeliveryState, Event, Failure, Journal};
use crate::telemetry::Span;

/// Characters of the reason that are kept with a dead letter.
const MOST_REASON: usize = 500;
/// Bytes of the reason that are kept with a bundle that is attempted again: the last one of each hook is in memory.
const MOST_RETRY_REASON: usize = 200;

/// What every attempt needs.
pub(super) struct Attempts {
    pub journal: Arc<Journal>,
    pub connections: Arc<Connections>,
    pub sinks: Sinks,
    pub health: Health,
    pub meters: Meters,
    pub settings: Settings,
}

/// An attempt as a part of its event's trace.
fn span(bundle: &Bundle, hook: &Hook, result: &Result<(), Refusal>, took: Duration) -> Span {
    let failure = match result {
        Ok(()) => None,
        Err(refusal) => Some(refusal.reason().to_owned()),
    };
    let attributes = vec![
        KeyValue::new("hookwright.service", bundle.service.clone()),
        KeyValue::new("hookwright.webhook", bundle.webhook.clone()),
        KeyValue::new("hookwright.bundle", bundle.id.clone()),
        KeyValue::new("hookwright.hook", hook.id.clone()),
    ];
    Span { name: "deliver", kind: SpanKind::Client, took, attributes, failure }
}

/// How an attempt ended.
enum Outcome {
    Delivered,
    Refused(Refusal),
    /// The bundle could not be read.
    Unread(String),
    /// There was no attempt, and there is no sense in one.
    Dead(String),
    /// The hook has no destination: the bundle stays where it is.
    Kept,
}

impl Outcome {
    fn contact(&self) -> Contact {
        match self {
            Self::Delivered | Self::Refused(Refusal::Retry { .. } | Refusal::Gone { .. }) => Contact::Answered,
            Self::Refused(Refusal::Unanswered { .. }) => Contact::Unanswered,
            Self::Refused(Refusal::Unreachable { .. }) => Contact::Unreachable,
            Self::Unread(_) | Self::Dead(_) | Self::Kept => Contact::None,
        }
    }
}

impl Attempts {
    /// Makes an attempt; the journal knows how it ended before this returns.
    pub(super) async fn make(&self, hook: &Arc<str>, job: Job) -> (Ended, Contact) {
        let Job { key, attempt, fresh } = job;
        let outcome = self.try_once(hook, key, fresh).await;
        let contact = outcome.contact();
        (self.settle(hook, key, attempt, outcome).await, contact)
    }

    async fn settle(&self, hook: &str, key: Key, attempt: u32, outcome: Outcome) -> Ended {
        match outcome {
            Outcome::Delivered => {
                tracing::debug!(%hook, event = key.seq, bundle = key.bundle, attempt, "delivered");
                self.journal.record(key.seq, key.bundle, &DeliveryState::Delivered);
                self.worked(hook).await;
                Ended::Delivered
            }
            Outcome::Refused(Refusal::Retry { reason, put_off }) => self.failed(hook, key, attempt, &reason, put_off).await,
            Outcome::Refused(Refusal::Unanswered { reason } | Refusal::Unreachable { reason }) | Outcome::Unread(reason) => {
                self.failed(hook, key, attempt, &reason, None).await
            }
            Outcome::Refused(Refusal::Gone { reason }) => {
                self.disable(hook, &reason).await;
                self.bury(hook, key, attempt + 1, &reason)
            }
            Outcome::Dead(reason) => self.bury(hook, key, attempt, &reason),
            Outcome::Kept => Ended::Kept,
        }
    }

    /// Ends a failed attempt: the hook has failed for too long, or there may be another one.
    async fn failed(&self, hook: &str, key: Key, attempt: u32, reason: &str, put_off: Option<Duration>) -> Ended {
        if !self.failed_too_long(hook).await {
            return self.retry(hook, key, attempt, reason, put_off);
        }
        self.disable(hook, &format!("every attempt has failed for {:?}, now: {reason}", self.settings.give_up_after)).await;
        self.bury(hook, key, attempt + 1, reason)
    }

    /// Notes a failed attempt: when the next one is due, or that it was the last.
    pub(super) fn retry(&self, hook: &str, key: Key, attempt: u32, reason: &str, put_off: Option<Duration>) -> Ended {
        let Settings { retry, jitter_percent, .. } = &self.settings;
        let own = self.connections.hook(hook).and_then(|hook| hook.manner.retry.clone());
        // The first attempt, with which the host's schedule begins, has been made.
        let schedule = own.as_deref().unwrap_or(retry.get(1..).unwrap_or_default());
        // Without entropy there is no jitter, and retries that arrive together harm nobody but the destination.
        let random = getrandom::u64().unwrap_or_default();
        let made = attempt + 1;
        let Some(due_ms) = retry::due(schedule, attempt, *jitter_percent, put_off, now_ms(), random) else {
            return self.bury(hook, key, made, reason);
        };
        tracing::info!(%hook, event = key.seq, bundle = key.bundle, attempt = made, %reason, due_ms, "delivery failed, to be tried again");
        self.meters.retries.inc();
        let failure = Failure { reason: reason[..reason.floor_char_boundary(MOST_RETRY_REASON)].to_owned(), at_ms: now_ms() };
        self.journal.record(key.seq, key.bundle, &DeliveryState::Retry { attempt: made, due_ms, failure: Some(failure) });
        Ended::Retry { due_ms, hold: put_off.is_some() }
    }

    fn bury(&self, hook: &str, key: Key, attempts: u32, reason: &str) -> Ended {
        tracing::warn!(%hook, event = key.seq, bundle = key.bundle, attempts, %reason, "a bundle is a dead letter");
        self.meters.dead.inc();
        let reason = reason.chars().take(MOST_REASON).collect();
        self.journal.record(key.seq, key.bundle, &DeliveryState::Dead { reason, attempts, at_ms: now_ms() });
        Ended::Dead
    }

    /// Notes a failed attempt; whether the hook has failed for as long as it may.
    async fn failed_too_long(&self, id: &str) -> bool {
        let Some(hook) = self.connections.hook(id).filter(|hook| hook.state == State::Enabled) else { return false };
        let now_ms = now_ms();
        let since_ms = hook.failing_since_ms.unwrap_or_else(|| self.health.failed(&hook, now_ms));
        let failing = Duration::from_millis(now_ms.saturating_sub(since_ms));
        if hook.failing_since_ms.is_none() && failing >= self.settings.note_failing_after {
            self.note_failing(id, Some(since_ms)).await;
        }
        failing >= self.settings.give_up_after
    }

    /// Notes that an attempt has worked.
    async fn worked(&self, id: &str) {
        self.health.forget(id);
        if self.connections.hook(id).is_some_and(|hook| hook.failing_since_ms.is_some()) {
            self.note_failing(id, None).await;
        }
    }

    async fn note_failing(&self, hook: &str, since_ms: Option<u64>) {
        match self.connections.apply(Change::NoteFailing(hook.to_owned(), since_ms)).await {
            Ok(()) => self.health.forget(hook),
            Err(error) => tracing::warn!(%hook, %error, "since when a hook fails was not written down"),
        }
    }

    /// Disables a hook, with one line in the log however many attempts find out at once.
    async fn disable(&self, hook: &str, reason: &str) {
        self.health.forget(hook);
        if self.connections.hook(hook).is_none_or(|hook| hook.state != State::Enabled) {
            return;
        }
        match self.connections.apply(Change::DisableHook(hook.to_owned())).await {
            Ok(()) => {
                self.meters.disabled.inc();
                tracing::warn!(%hook, %reason, "the hook is disabled; `hookwright hooks enable` lets it listen again");
            }
            Err(error) => tracing::error!(%hook, %error, "a hook could not be disabled"),
        }
    }

    async fn try_once(&self, hook: &str, key: Key, fresh: Option<Fresh>) -> Outcome {
        let hook = match self.connections.hook(hook) {
            Some(hook) if hook.state != State::Removed => hook,
            _ => return Outcome::Dead("the hook was removed".into()),
        };
        let Some(destination) = &hook.destination else { return Outcome::Kept };
        if hook.state == State::Disabled {
            return Outcome::Dead("the hook is disabled".into());
        }
        match Destination::parse(destination) {
            Ok(destination) => self.deliver(&hook, &destination, key, fresh).await,
            Err(error) => Outcome::Dead(error.to_string()),
        }
    }

    async fn deliver(&self, hook: &Hook, destination: &Destination, key: Key, fresh: Option<Fresh>) -> Outcome {
        let stored;
        let bundle = match &fresh {
            Some(fresh) => fresh.bundle(),
            None => match self.read(key).await {
                Ok(bundle) => {
                    stored = bundle;
                    &stored
                }
                Err(outcome) => return outcome,
            },
        };
        let delivery = Delivery { bundle, connection: hook.connection.as_deref(), secrets: &hook.manner.secrets, now_ms: now_ms() };
        let begun = Instant::now();
        let result = self.sinks.open(destination).deliver(delivery).await;
        self.meters.attempted(bundle, &result, begun.elapsed());
        self.settings.telemetry.go_on(&bundle.event, || span(bundle, hook, &result, begun.elapsed()));
        result.map_or_else(Outcome::Refused, |()| Outcome::Delivered)
    }

    async fn read(&self, key: Key) -> Result<Bundle, Outcome> {
        let journal = self.journal.clone();
        let read = tokio::task::spawn_blocking(move || journal.read(key.seq)).await;
        match read {
            Ok(Ok(Some(event))) => bundle(&event, key.bundle).ok_or_else(|| Outcome::Dead("the event has no such bundle".into())),
            Ok(Ok(None)) => Err(Outcome::Dead("the event is no longer in the journal".into())),
            Ok(Err(error)) => Err(Outcome::Unread(format!("the event could not be read: {error}"))),
            Err(error) => Err(Outcome::Unread(format!("reading the event broke off: {error}"))),
        }
    }
}

/// A bundle as sinks see it.
pub(super) fn bundle(event: &Event, index: u32) -> Option<Bundle> {
    let stored = event.bundles.get(index as usize)?;
    Some(Bundle {
        id: stored.id.clone(),
        event: event.id.clone(),
        service: event.service.clone(),
        webhook: event.webhook.clone(),
        json: stored.json.clone(),
    })
}
