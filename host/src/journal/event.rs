//! What the journal keeps: one accepted request with its bundles.

use bytes::Bytes;

/// An event's number in the journal: dense, from 1 on, in the order in which events became durable.
pub type Sequence = u64;

/// One accepted request, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event for ever, also when it is replayed.
    pub id: String,
    /// When the request had been read, in milliseconds since 1970.
    pub received_at: u64,
    /// The service's name.
    pub service: String,
    /// The webhook's name.
    pub webhook: String,
    /// Whether the spec could make bundles of it.
    pub outcome: Outcome,
    /// The request without its body.
    pub request: StoredRequest,
    /// The request's body, byte for byte.
    pub body: Bytes,
    /// What the spec's `dedupe` gave: a second event with the same one within 24 hours is a repeat.
    pub dedupe: Option<String>,
    /// What is to be delivered.
    pub bundles: Vec<StoredBundle>,
    /// The uids for which no connection was there.
    pub unmatched: Vec<String>,
}

impl Event {
    /// Whether somebody may want to look at it again although nothing of it is to be delivered: it failed, or is for
    /// a uid that nobody has.
    pub(super) fn is_unsettled(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_)) || !self.unmatched.is_empty()
    }
}

/// Whether bundles could be made of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The spec was evaluated to its end.
    Accepted,
    /// An expression in `output`, `uid` or `iterate` failed; this is the diagnostic. The event can be replayed.
    Failed(String),
}

/// A request's first line and headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredRequest {
    /// `POST`, ...
    pub method: String,
    /// The public URL, its query byte for byte.
    pub url: String,
    /// Names and values as they came, in their order.
    pub headers: Vec<(String, String)>,
    /// Who sent it.
    pub remote_address: String,
}

/// One item of output for one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBundle {
    /// Names the bundle for ever, so that a receiver can drop repeats.
    pub id: String,
    /// The hook it is for.
    pub hook: String,
    /// The bundle itself, as JSON.
    pub json: Bytes,
}
