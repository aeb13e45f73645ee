//! What the journal keeps: one accepted request with its bundles.

use bytes::Bytes;

use crate::network::Network;

/// An event's number in the journal: dense, from 1 on, in the order in which events became durable.
pub type Sequence = u64;

/// One accepted request, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Names the event for ever: see [`new_id`].
    pub id: String,
    /// When the request had been read, in milliseconds since 1970; of a replay, when the original's had.
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
    /// The event whose request was evaluated again for this one.
    pub replay_of: Option<Original>,
}

/// The event that another one is a replay of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its number.
    pub seq: Sequence,
    /// Its id.
    pub id: String,
    /// Where it was held: the uid that it was held for, and that the items have which this event is made of.
    pub uid: Option<String>,
}

/// An id for an event that is made now: a UUIDv7 (RFC 9562), so that it sorts and is found by its time.
pub fn new_id(now_ms: u64) -> String {
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("the operating system has a random source");
    uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid().to_string()
}

/// The time in an id, in milliseconds since 1970. Ids from before they had one have none.
pub(crate) fn id_time(id: &str) -> Option<u64> {
    let (seconds, nanoseconds) = uuid::Uuid::parse_str(id).ok()?.get_timestamp()?.to_unix();
    Some(seconds * 1000 + u64::from(nanoseconds / 1_000_000))
}

impl Event {
    /// Whether somebody may want to look at it again although nothing of it is to be delivered.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    /// Where its sender is.
    pub(super) fn network(&self) -> Network {
        Network::of(&self.request.remote_address)
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
    /// At which byte of the URL its path begins: what stands before is what the sender called us.
    pub path_begins: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made_and_sorts_by_it() {
        let (earlier, later) = (new_id(1_790_000_000_123), new_id(1_790_000_000_124));
        assert_eq!(id_time(&earlier), Some(1_790_000_000_123));
        assert!(earlier < later);
        assert_ne!(later, new_id(1_790_000_000_124));
    }

    #[test]
    fn what_is_no_id_of_ours_has_no_time() {
        for id in ["", "17", "6f0cbd41-24a4-4b46-9b9c-31a4c1b6f8a1"] {
            assert_eq!(id_time(id), None, "{id}");
        }
    }
}
