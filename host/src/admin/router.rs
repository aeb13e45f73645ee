//! The table of what can be asked, one handler each.

use std::collections::HashMap;
use std::fmt;

use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::operator::Operator;
use super::wire::Problem;
use super::{connections, dead_letters, events, hooks, services};
use crate::connections::StoreError;

type Handler = for<'a> fn(&'a Operator, Asked<'a>) -> BoxFuture<'a, Result<Answer, Refused>>;

/// Everything that can be asked; `{id}` stands for one segment of the path.
pub(super) const ROUTES: &[(Method, &str, Handler)] = &[
    (Method::GET, "/connections", |operator, asked| Box::pin(connections::list(operator, asked))),
    (Method::POST, "/connections", |operator, asked| Box::pin(connections::add(operator, asked))),
    (Method::DELETE, "/connections/{id}", |operator, asked| Box::pin(connections::remove(operator, asked))),
    (Method::GET, "/hooks", |operator, asked| Box::pin(hooks::list(operator, asked))),
    (Method::POST, "/hooks", |operator, asked| Box::pin(hooks::add(operator, asked))),
    (Method::POST, "/hooks/{id}/enable", |operator, asked| Box::pin(hooks::enable(operator, asked))),
    (Method::POST, "/hooks/{id}/disable", |operator, asked| Box::pin(hooks::disable(operator, asked))),
    (Method::POST, "/hooks/{id}/rotate-secret", |operator, asked| Box::pin(hooks::rotate_secret(operator, asked))),
    (Method::DELETE, "/hooks/{id}", |operator, asked| Box::pin(hooks::remove(operator, asked))),
    (Method::GET, "/dead-letters", |operator, asked| Box::pin(dead_letters::list(operator, asked))),
    (Method::POST, "/dead-letters/redrive", |operator, asked| Box::pin(dead_letters::redrive(operator, asked))),
    (Method::GET, "/events", |operator, asked| Box::pin(events::list(operator, asked))),
    (Method::GET, "/events/{id}", |operator, asked| Box::pin(events::show(operator, asked))),
    (Method::GET, "/events/{id}/trace", |operator, asked| Box::pin(events::trace(operator, asked))),
    (Method::POST, "/events/{id}/replay", |operator, asked| Box::pin(events::replay::one(operator, asked))),
    (Method::POST, "/events/{id}/replay/preview", |operator, asked| Box::pin(events::replay::preview_one(operator, asked))),
    (Method::POST, "/events/replay", |operator, asked| Box::pin(events::replay::many(operator, asked))),
    (Method::POST, "/events/replay/preview", |operator, asked| Box::pin(events::replay::preview_many(operator, asked))),
    (Method::GET, "/services", |operator, asked| Box::pin(services::list(operator, asked))),
];

/// One request, taken apart.
pub(super) struct Asked<'a> {
    /// What stands for `{id}`; empty where the route has none.
    pub id: &'a str,
    query: &'a str,
    body: &'a [u8],
}

/// What is answered: a status and JSON.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub json: Vec<u8>,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    problem: Problem,
}

/// Answers one request. Every failure is an answer too.
pub(super) async fn answer(operator: &Operator, method: &Method, target: &str, body: &[u8]) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut allowed = false;
    for (known, pattern, handler) in ROUTES {
        let Some(id) = matched(pattern, path) else { continue };
        if known == method {
            let asked = Asked { id, query, body };
            return handler(operator, asked).await.unwrap_or_else(Answer::from);
        }
        allowed = true;
    }
    let (status, what) = match allowed {
        true => (StatusCode::METHOD_NOT_ALLOWED, format!("{path} cannot be asked with {method}")),
        false => (StatusCode::NOT_FOUND, format!("there is nothing at {path}")),
    };
    Refused::new(status, what).into()
}

/// The segment that stands for `{id}` (empty where there is none), if the path matches.
fn matched<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let (mut expected, mut found) = (pattern.split('/'), path.split('/'));
    let mut id = "";
    loop {
        match (expected.next(), found.next()) {
            (Some("{id}"), Some(segment)) if !segment.is_empty() => id = segment,
            (Some(expected), Some(found)) if expected == found => {}
            (None, None) => return Some(id),
            _ => return None,
        }
    }
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

    /// What the query says by name, where only these names are known.
    pub(super) fn parameters(&self, known: &[&str]) -> Result<HashMap<String, String>, Refused> {
        let parameters: HashMap<_, _> = form_urlencoded::parse(self.query.as_bytes()).into_owned().collect();
        match parameters.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(Refused::bad(format!("`{unknown}` cannot be asked for; what can: {}", known.join(", ")))),
            None => Ok(parameters),
        }
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
        Self { status, json }
    }

    pub(super) fn ok(json: impl Serialize) -> Self {
        Self::new(StatusCode::OK, json)
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
            StoreError::Busy | StoreError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_its_pattern_and_gives_the_id() {
        assert_eq!(matched("/hooks", "/hooks"), Some(""));
        assert_eq!(matched("/hooks/{id}/disable", "/hooks/abc/disable"), Some("abc"));
        for other in ["/hooks/", "/hooks/abc", "/hooks//disable", "/hooks/abc/disable/x", "/Hooks"] {
            assert_eq!(matched("/hooks/{id}/disable", other), None, "{other}");
        }
    }

    #[test]
    fn what_is_shown_is_listed_in_the_query() {
        let asked = |query| Asked { id: "", query, body: b"" };
        assert!(asked("show=urls").shows("urls") && asked("show=data,urls").shows("urls") && asked("show=data&show=urls").shows("urls"));
        assert!(!asked("").shows("urls") && !asked("show=url").shows("urls"));
    }
}
