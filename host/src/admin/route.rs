//! A line of the table of what can be asked: how it is asked, by whom, what it takes and gives, and what it does.

use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;
use super::tokens::Scope;

/// What answers.
pub(super) type Handler = for<'a> fn(&'a Operator, Asked<'a>) -> BoxFuture<'a, Result<Answer, Refused>>;

/// The schema of a type, as `schema_of::<T>` gives it.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Something that can be asked.
pub(super) struct Route {
    pub(super) method: Method,
    /// `{id}` stands for one segment.
    pub(super) path: &'static str,
    /// Who may ask.
    pub(super) access: Access,
    /// What it is for, in half a sentence.
    pub(super) summary: &'static str,
    /// What the query may say.
    pub(super) query: Option<SchemaOf>,
    /// What the body has to be.
    pub(super) takes: Option<SchemaOf>,
    /// The status where it was done.
    pub(super) status: StatusCode,
    /// What is answered then.
    pub(super) gives: SchemaOf,
    /// How the answer comes.
    pub(super) form: Form,
    pub(super) handler: Handler,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Everybody.
    Open,
    /// Whoever has a token.
    Read,
    /// Whoever has a token with full scope.
    Write,
    /// Nobody from afar.
    Local,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever may open the control socket or the data directory.
    Local,
    /// Somebody with a token.
    Token(Scope),
    /// Nobody knows.
    Stranger,
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Text,
    Lines,
    Events,
    LinesOrEvents,
}

/// The schema of `T`.
pub(super) fn schema_of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Route {
    /// Something that is looked at.
    pub(super) const fn get(path: &'static str, summary: &'static str, gives: SchemaOf, handler: Handler) -> Self {
        Self::new(Method::GET, path, Access::Read, summary, gives, handler)
    }

    /// Something that is done.
    pub(super) const fn post(path: &'static str, summary: &'static str, gives: SchemaOf, handler: Handler) -> Self {
        Self::new(Method::POST, path, Access::Write, summary, gives, handler)
    }

    /// Something that is changed.
    pub(super) const fn patch(path: &'static str, summary: &'static str, gives: SchemaOf, handler: Handler) -> Self {
        Self::new(Method::PATCH, path, Access::Write, summary, gives, handler)
    }

    /// Something that is removed.
    pub(super) const fn delete(path: &'static str, summary: &'static str, gives: SchemaOf, handler: Handler) -> Self {
        Self::new(Method::DELETE, path, Access::Write, summary, gives, handler)
    }

    const fn new(method: Method, path: &'static str, access: Access, summary: &'static str, gives: SchemaOf, handler: Handler) -> Self {
        Self { method, path, access, summary, query: None, takes: None, status: StatusCode::OK, gives, form: Form::Whole, handler }
    }

    pub(super) const fn query(mut self, schema: SchemaOf) -> Self {
        self.query = Some(schema);
        self
    }

    pub(super) const fn takes(mut self, schema: SchemaOf) -> Self {
        self.takes = Some(schema);
        self
    }

    pub(super) const fn creates(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    pub(super) const fn in_text(mut self) -> Self {
        self.form = Form::Text;
        self
    }

    pub(super) const fn in_events(mut self) -> Self {
        self.form = Form::Events;
        self
    }

    pub(super) const fn line_by_line(mut self) -> Self {
        self.form = Form::Lines;
        self
    }

    pub(super) const fn in_lines_or_events(mut self) -> Self {
        self.form = Form::LinesOrEvents;
        self
    }

    pub(super) const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The segment that stands for `{id}` (empty where there is none), if the path matches.
    pub(super) fn matched<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (mut expected, mut found) = (self.path.split('/'), path.split('/'));
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
}

impl Caller {
    /// Whether somebody may ask for what this access is needed for. The error says what is missing.
    pub(super) fn may(self, access: Access) -> Result<(), Refused> {
        let refused = |status, error: &str, help: &str| Err(Refused::new(status, error).with_help(help));
        match (self, access) {
            (Self::Local, _) | (_, Access::Open) | (Self::Token(_), Access::Read) | (Self::Token(Scope::Full), Access::Write) => Ok(()),
            (Self::Stranger, _) => refused(
                StatusCode::UNAUTHORIZED,
                "this needs a token",
                "send `Authorization: Bearer TOKEN`; `hookwright tokens add NAME` makes one on the server's machine",
            ),
            (Self::Token(Scope::Read), Access::Write) => {
                refused(StatusCode::FORBIDDEN, "this token may only read", "`hookwright tokens add NAME` makes one that may do more")
            }
            (Self::Token(_), Access::Local) => {
                refused(StatusCode::FORBIDDEN, "no token may do this", "it is done on the server's machine, by the `hookwright` command")
            }
        }
    }

    /// Whether somebody may see what is masked otherwise. Secrets open other doors than this one, so that it takes what
    /// changing things does.
    pub(super) fn may_see_secrets(self) -> Result<(), Refused> {
        match self {
            Self::Token(Scope::Read) => Err(Refused::new(StatusCode::FORBIDDEN, "this token may only read what is masked")
                .with_help("ask without `show`; `hookwright tokens add NAME`, without --read-only, makes a token that shows secrets")),
            caller => caller.may(Access::Write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &'static str) -> Route {
        Route::get(path, "", schema_of::<()>, |_, _| Box::pin(async { Ok(Answer::ok(())) }))
    }

    #[test]
    fn a_path_matches_its_pattern_and_gives_the_id() {
        assert_eq!(route("/hooks").matched("/hooks"), Some(""));
        let disable = route("/hooks/{id}/disable");
        assert_eq!(disable.matched("/hooks/abc/disable"), Some("abc"));
        for other in ["/hooks/", "/hooks/abc", "/hooks//disable", "/hooks/abc/disable/x", "/Hooks"] {
            assert_eq!(disable.matched(other), None, "{other}");
        }
    }

    #[test]
    fn everybody_may_ask_for_what_is_theirs_and_for_no_more() {
        let levels = [Access::Open, Access::Read, Access::Write, Access::Local];
        let may = |caller: Caller| levels.map(|access| caller.may(access).is_ok());
        assert_eq!(may(Caller::Local), [true, true, true, true]);
        assert_eq!(may(Caller::Token(Scope::Full)), [true, true, true, false]);
        assert_eq!(may(Caller::Token(Scope::Read)), [true, true, false, false]);
        assert_eq!(may(Caller::Stranger), [true, false, false, false]);
    }
}
