//! What is asked, and what is answered.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::wire::Problem;
use crate::connections::StoreError;

/// One request, taken apart.
pub(super) struct Asked<'a> {
    /// What stands for `{id}`; empty where the route has none.
    pub id: &'a str,
    pub(super) query: &'a str,
    /// The header `Accept`; empty where there is none.
    pub(super) accept: &'a str,
    pub(super) body: &'a [u8],
}

/// What is answered: a status, and JSON in one piece or line by line.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub payload: Payload,
}

/// JSON, or figures.
#[derive(Debug)]
pub(super) enum Payload {
    Whole(Vec<u8>),
    /// As Prometheus reads it.
    Text(String),
    /// Each with its line break, for as long as somebody reads.
    Lines(mpsc::Receiver<Bytes>),
    /// Server-sent events, likewise.
    Events(mpsc::Receiver<Bytes>),
}

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    problem: Problem,
}

impl Asked<'_> {
    /// The body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(self.body).map_err(|error| Refused::bad(format!("the body is not what this takes: {error}")))
    }

    /// The body as JSON; an empty one says nothing.
    pub(super) fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Refused> {
        if self.body.is_empty() { Ok(T::default()) } else { self.json() }
    }

    /// The query, whose members have the names and types of `T`'s fields.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_html_form::from_str(self.query).map_err(|error| Refused::bad(format!("the query is not what this takes: {error}")))
    }

    /// Whether `?show=...` lists this secret part.
    pub(super) fn shows(&self, part: &str) -> bool {
        let shown = form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name == "show");
        shown.into_iter().any(|(_, parts)| parts.split(',').any(|shown| shown == part))
    }
}

impl Answer {
    pub(super) fn new(status: StatusCode, json: impl Serialize) -> Self {
        let json = serde_json::to_vec(&json).expect("texts, maps with text keys and lists are JSON");
        Self { status, payload: Payload::Whole(json) }
    }

    pub(super) fn ok(json: impl Serialize) -> Self {
        Self::new(StatusCode::OK, json)
    }

    /// Text in one piece.
    pub(super) fn text(text: String) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Text(text) }
    }

    /// Server-sent events as they come.
    pub(super) fn events(events: mpsc::Receiver<Bytes>) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Events(events) }
    }

    /// Lines as they come.
    pub(super) fn lines(lines: mpsc::Receiver<Bytes>) -> Self {
        Self { status: StatusCode::OK, payload: Payload::Lines(lines) }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::new(refused.status, refused.problem)
    }
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, problem: Problem { error: error.into(), help: None } }
    }

    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(super) fn unknown(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    pub(super) fn unavailable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    /// Whether it may be possible later.
    pub(super) fn is_unavailable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }
}

/// What is wrong, in one sentence.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::UnknownConnection(_) | StoreError::UnknownHook(_) => StatusCode::NOT_FOUND,
            StoreError::Invalid(_) => StatusCode::BAD_REQUEST,
            StoreError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            StoreError::Busy => return Self::unavailable(error.to_string()).with_help("nothing was changed: try again in a few seconds"),
            StoreError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_listed_in_the_query() {
        let asked = |query| Asked { id: "", query, accept: "", body: b"" };
        assert!(asked("show=urls").shows("urls") && asked("show=data,urls").shows("urls") && asked("show=data&show=urls").shows("urls"));
        assert!(!asked("").shows("urls") && !asked("show=url").shows("urls"));
    }
}
