//! Server-sent events, as the HTML standard has them: what comes as it comes, for whoever has a client for that.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// The media type.
pub(super) const CONTENT_TYPE: &str = "text/event-stream";
/// How often something is sent though nothing came, so that a reader who is gone is noticed.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// One event without an id.
pub(super) fn event(data: &impl Serialize) -> Bytes {
    format!("{}\n", lines(data)).into()
}

/// One event; `id` is what its reader goes on after.
pub(super) fn event_with_id(id: &str, data: &impl Serialize) -> Bytes {
    format!("id: {id}\n{}\n", lines(data)).into()
}

/// What says nothing, and is no event.
pub(super) fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// Whether an `Accept` header asks for server-sent events. Only who names them does: to whoever takes anything lines are sent.
pub(super) fn is_asked_for(accept: &str) -> bool {
    let mut named = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    named.any(|kind| kind.eq_ignore_ascii_case(CONTENT_TYPE))
}

fn lines(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("texts, maps with text keys and lists are JSON");
    json.lines().map(|line| format!("data: {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_server_sent_events_asks_for_them() {
        for accept in ["text/event-stream", "TEXT/EVENT-STREAM", "application/x-ndjson;q=0.5, text/event-stream; charset=utf-8"] {
            assert!(is_asked_for(accept), "{accept}");
        }
        for accept in ["", "*/*", "text/*", "application/json", "text/event-streams"] {
            assert!(!is_asked_for(accept), "{accept}");
        }
    }
}
