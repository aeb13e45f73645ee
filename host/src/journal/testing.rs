//! Events for tests.

use bytes::Bytes;

use super::{Event, Outcome, StoredBundle, StoredRequest};

/// When they were received.
pub(crate) const NOW: u64 = 1_790_000_000_000;

/// An accepted event with a bundle for each of these hooks, whose ids are the event's with their place.
pub(crate) fn event(id: &str, hooks: &[&str]) -> Event {
    let bundle = |(place, hook): (usize, &&str)| StoredBundle {
        id: format!("{id}-{place}"),
        hook: (*hook).into(),
        json: Bytes::from_static(b"{\"a\":1}"),
    };
    Event {
        id: id.into(),
        received_at: NOW,
        service: "github".into(),
        webhook: "webhook".into(),
        outcome: Outcome::Accepted,
        request: StoredRequest::default(),
        body: Bytes::from(vec![b'x'; 100]),
        dedupe: None,
        bundles: hooks.iter().enumerate().map(bundle).collect(),
        unmatched: Vec::new(),
        replay_of: None,
    }
}
