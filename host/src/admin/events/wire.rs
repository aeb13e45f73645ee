//! Events as they cross the interface.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::mask;
use crate::journal::{DeadLetter, Event, Journal, Outcome, Sequence, Standing, StoredRequest, Unfinished};
use crate::trace::Body;

/// What has become of an event, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOutcome {
    /// Stored, and nothing is left to be done.
    Accepted,
    /// An expression of the spec failed: no bundles could be made.
    Failed,
    /// Nobody has any of its uids.
    Unmatched,
    /// Some of its bundles are still to be delivered.
    Pending,
    /// Some of its bundles are dead letters.
    Dead,
    /// It was failed or unmatched, and has been replayed, or released from being held.
    Replayed,
}

/// An event in a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventView {
    /// Names it for ever.
    pub id: String,
    /// Its number in the journal, by which the log speaks of it.
    pub number: u64,
    /// When its request was received, in milliseconds since 1970; of a replay, when the original's was.
    pub received_ms: u64,
    /// The service that sent it.
    pub service: String,
    /// The webhook that received it.
    pub webhook: String,
    /// What has become of it.
    pub outcome: EventOutcome,
    /// The method of its request.
    pub method: String,
    /// Bytes of its body.
    pub bytes: usize,
    /// How many bundles were made of it.
    pub bundles: usize,
    /// The hooks that they are for.
    pub hooks: Vec<String>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The uids that nobody had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
    /// The id of the event that it is a replay of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
}

/// Some events, newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events.
    pub events: Vec<EventView>,
    /// The cursor of what follows; none: there is no more. Where many events are looked at and few are meant, an answer
    /// has fewer than were asked for, or none, and a cursor all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many events were looked at.
    pub looked_at: usize,
    /// How many of them cannot be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable: usize,
}

/// An event with everything that is known of it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventDetail {
    /// What a list shows of it.
    pub event: EventView,
    /// The request as it came.
    pub request: RequestView,
    /// What the spec's `dedupe` gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// The bundles.
    pub bundles: Vec<BundleView>,
    /// The ids of the events that were made by replaying this one.
    pub replays: Vec<String>,
}

/// A request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RequestView {
    /// Its method.
    pub method: String,
    /// The public URL; a token in it and what looks like a secret in its query are `***` unless they were asked for.
    pub url: String,
    /// The sender's IP address.
    pub remote_address: String,
    /// The headers in their order; the values of those that hold secrets are `***` unless they were asked for.
    pub headers: Vec<HeaderView>,
    /// The body.
    pub body: Body,
}

/// A header.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HeaderView {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A bundle and how far its delivery is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BundleView {
    /// Names it for ever: what a receiver drops repeats by.
    pub id: String,
    /// The hook it is for.
    pub hook: String,
    /// How far it is.
    pub state: BundleState,
    /// How many attempts have failed, as far as the journal knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// When the next attempt is due after a failed one, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<u64>,
    /// Why it is a dead letter; while it is pending, why the last attempt for its hook failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The bundle itself.
    pub json: Box<RawValue>,
}

/// How far a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BundleState {
    /// It waits for an attempt, or is in one.
    Pending,
    /// Its destination has it.
    Delivered,
    /// It will not be tried again unless an operator wants it.
    Dead,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl EventOutcome {
    /// The outcome of an event of which nothing but what is stored is at hand.
    pub(super) fn of(journal: &Journal, seq: Sequence, event: &Event) -> Self {
        let Unfinished { pending, dead } = journal.unfinished(seq, event);
        let without_bundles = match &event.outcome {
            Outcome::Failed(_) => Some(Self::Failed),
            Outcome::Accepted if event.bundles.is_empty() && !event.unmatched.is_empty() => Some(Self::Unmatched),
            Outcome::Accepted => None,
        };
        match without_bundles {
            Some(_) if !journal.replays(seq).is_empty() => Self::Replayed,
            Some(outcome) => outcome,
            None if dead > 0 => Self::Dead,
            None if pending > 0 => Self::Pending,
            None => Self::Accepted,
        }
    }
}

impl EventView {
    pub(super) fn new(seq: Sequence, event: &Event, outcome: EventOutcome) -> Self {
        let mut hooks: Vec<_> = event.bundles.iter().map(|bundle| bundle.hook.clone()).collect();
        hooks.sort_unstable();
        hooks.dedup();
        Self {
            id: event.id.clone(),
            number: seq,
            received_ms: event.received_at,
            service: event.service.clone(),
            webhook: event.webhook.clone(),
            outcome,
            method: event.request.method.clone(),
            bytes: event.body.len(),
            bundles: event.bundles.len(),
            hooks,
            failure: match &event.outcome {
                Outcome::Accepted => None,
                Outcome::Failed(diagnostic) => Some(diagnostic.clone()),
            },
            unmatched: event.unmatched.clone(),
            replay_of: event.replay_of.as_ref().map(|original| original.id.clone()),
        }
    }
}

impl EventDetail {
    /// Everything about an event. Blocks for a disk read for each of its replays and dead letters.
    pub(super) fn new(journal: &Journal, seq: Sequence, event: &Event, secrets: mask::Secrets) -> Self {
        let standings = journal.standings(seq, event);
        let bundles = event.bundles.iter().zip(standings).map(|(bundle, standing)| {
            let view = BundleView {
                id: bundle.id.clone(),
                hook: bundle.hook.clone(),
                state: BundleState::Delivered,
                attempts: None,
                due_ms: None,
                reason: None,
                json: raw(&bundle.json),
            };
            view.standing(standing, journal)
        });
        let replays = journal.replays(seq).into_iter().filter_map(|replay| journal.read(replay).ok().flatten());
        Self {
            event: EventView::new(seq, event, EventOutcome::of(journal, seq, event)),
            request: RequestView::new(&event.request, &event.body, secrets),
            dedupe: event.dedupe.clone(),
            bundles: bundles.collect(),
            replays: replays.map(|replay| replay.id).collect(),
        }
    }
}

impl RequestView {
    fn new(request: &StoredRequest, body: &[u8], secrets: mask::Secrets) -> Self {
        let header = |(name, value): &(String, String)| HeaderView { name: name.clone(), value: secrets.header(name, value) };
        Self {
            method: request.method.clone(),
            url: secrets.url(&request.url),
            remote_address: request.remote_address.clone(),
            headers: request.headers.iter().map(header).collect(),
            body: Body::of(body),
        }
    }
}

impl BundleView {
    fn standing(self, standing: Standing, journal: &Journal) -> Self {
        match standing {
            Standing::Delivered => self,
            Standing::Pending { attempts, due_ms } => {
                let failed = attempts > 0;
                let failure = failed.then(|| journal.last_failure(&self.hook)).flatten();
                let (due_ms, reason) = (failed.then_some(due_ms), failure.map(|failure| failure.reason));
                Self { state: BundleState::Pending, attempts: Some(attempts), due_ms, reason, ..self }
            }
            Standing::Dead(DeadLetter { attempts, reason, .. }) => {
                Self { state: BundleState::Dead, attempts: Some(attempts), reason: Some(reason), ..self }
            }
        }
    }
}

/// A stored bundle as it is; one that is no JSON after all is shown as text.
pub(super) fn raw(json: &[u8]) -> Box<RawValue> {
    let text = String::from_utf8_lossy(json).into_owned();
    RawValue::from_string(text).unwrap_or_else(|_| {
        let text = serde_json::Value::from(String::from_utf8_lossy(json)).to_string();
        RawValue::from_string(text).expect("a text in quotes is JSON")
    })
}
