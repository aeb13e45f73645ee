//! What is asked, and what is answered.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::route::Caller;
use super::wire::Problem;
use crate::connections::StoreError;

/// One request, taken apart.
pub(super) struct Asked<'a> {
    /// Who asks.
    pub caller: Caller,
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

    /// Whether `?show=...` lists this secret part. An error where it does and who asks may not see secrets.
    pub(super) fn shows(&self, part: &str) -> Result<bool, Refused> {
        let is_listed = values(self.query, "show").any(|parts| parts.split(',').any(|shown| shown == part));
        match is_listed {
            true => self.caller.may_see_secrets().map(|()| true),
            false => Ok(false),
        }
    }
}

/// What a query asks to see that may be secret, with commas between, as it stands there; `None`: nothing.
pub(super) fn secrets_asked_for(query: &str) -> Option<String> {
    let everything = values(query, "secrets").filter(|value| value == "true").map(|_| "secrets".into());
    let shown: Vec<_> = values(query, "show").chain(everything).filter(|parts| !parts.is_empty()).collect();
    (!shown.is_empty()).then(|| shown.join(","))
}

/// The values of one name in a query.
fn values<'q>(query: &'q str, name: &'static str) -> impl Iterator<Item = Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).filter_map(move |(found, value)| (found == name).then_some(value))
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::admin::tokens::Scope;

    fn asked(caller: Caller, query: &str) -> Asked<'_> {
        Asked { caller, id: "", query, accept: "", body: b"" }
    }

    #[test]
    fn what_is_shown_is_listed_in_the_query() {
        let shows = |query| asked(Caller::Local, query).shows("urls").unwrap();
        assert!(shows("show=urls") && shows("show=data,urls") && shows("show=data&show=urls") && shows("sho%77=data%2Curls"));
        assert!(!shows("") && !shows("show=url") && !shows("show="));
    }

    #[test]
    fn secrets_are_shown_to_everybody_but_holders_of_a_token_that_may_only_read() {
        let shows = |caller, query| asked(caller, query).shows("data").map_err(|refused| refused.status);
        assert_eq!(shows(Caller::Token(Scope::Full), "show=data"), Ok(true));
        assert_eq!(shows(Caller::Token(Scope::Read), "show=urls,data"), Err(StatusCode::FORBIDDEN));
        assert_eq!(shows(Caller::Token(Scope::Read), "show="), Ok(false));
        assert_eq!(shows(Caller::Stranger, "show=data"), Err(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn what_a_query_asks_to_see_is_named_for_the_log() {
        let named = |query| secrets_asked_for(query);
        assert_eq!(named("limit=3&show=urls,parameters&show=data").as_deref(), Some("urls,parameters,data"));
        assert_eq!(named("secrets=true").as_deref(), Some("secrets"));
        assert_eq!([named(""), named("show="), named("secrets=false"), named("text=show")], [const { None }; 4]);
    }
}
