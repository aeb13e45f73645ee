//! Where bundles go: one file for each kind of destination, chosen by what stands before the colon.

mod file;
mod http;
mod lines;
mod stdout;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

pub(crate) use http::tls;

use super::settings::Settings;
use crate::connections::Secret;

/// A bundle as it stands in the journal.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// The same for every attempt, also after a restart: what a receiver drops repeats by.
    pub id: String,
    /// The id of the event it came from.
    pub event: String,
    /// The service that sent the event.
    pub service: String,
    /// The webhook that received it.
    pub webhook: String,
    /// What is delivered.
    pub json: Bytes,
}

/// One attempt.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// What is delivered.
    pub bundle: &'a Bundle,
    /// The connection that the hook listens on, if it does on one.
    pub connection: Option<&'a str>,
    /// What signs it, where a sink signs.
    pub secrets: &'a [Secret],
    /// The time of the attempt, in milliseconds since 1970.
    pub now_ms: u64,
}

/// Takes bundles to one destination.
pub trait Sink: Send + Sync {
    /// Makes one attempt. `Ok` only when the destination has the bundle; a dropped future leaves that open.
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// Why an attempt failed, and what the destination asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Worth another attempt.
    Retry {
        /// For the operator.
        reason: String,
        /// The destination asked to be left alone for so long.
        put_off: Option<Duration>,
    },
    /// Worth another attempt, too; but there was a connection and no reply, so that others to this destination will hardly
    /// fare better.
    Unanswered {
        /// For the operator.
        reason: String,
    },
    /// As well; but not even a connection, so that others to its server, file or stream will hardly fare better.
    Unreachable {
        /// For the operator.
        reason: String,
    },
    /// The destination wants nothing from this hook any more.
    Gone {
        /// For the operator.
        reason: String,
    },
}

impl Refusal {
    /// Why, for the operator.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Unanswered { reason } | Self::Unreachable { reason } | Self::Gone { reason } => reason,
        }
    }

    fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), put_off: None }
    }

    fn unanswered(reason: impl Into<String>) -> Self {
        Self::Unanswered { reason: reason.into() }
    }

    fn unreachable(reason: impl Into<String>) -> Self {
        Self::Unreachable { reason: reason.into() }
    }
}

/// What a hook says that has no destination: its bundles wait to be fetched.
pub const PULL: &str = "pull:";

/// A destination as a hook names it: `http://...`, `https://...`, `file:PATH?...` or `stdout:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Posts each bundle.
    Http(http::Target),
    /// Appends each bundle as a line.
    File(file::Target),
    /// Prints each bundle as a line.
    Stdout,
}

/// A destination that no sink takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDestination {
    destination: String,
    reason: String,
}

impl Destination {
    /// Reads a destination.
    pub fn parse(text: &str) -> Result<Self, BadDestination> {
        let bad = |reason: String| BadDestination { destination: mask(text), reason };
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => http::Target::parse(text).map(Self::Http).map_err(bad),
            "file" => file::Target::parse(rest).map(Self::File).map_err(bad),
            "stdout" if rest.is_empty() => Ok(Self::Stdout),
            "stdout" => Err(bad("nothing stands after `stdout:`".into())),
            _ => Err(bad("a destination is `http://...`, `https://...`, `file:PATH` or `stdout:`; `pull:` is none".into())),
        }
    }

    /// The destination with a relative path taken from `base`, as a process with another working directory will find it.
    pub fn absolute(self, base: &Path) -> Self {
        match self {
            Self::File(target) => Self::File(target.absolute(base)),
            other => other,
        }
    }

    /// The host to connect to, of a URL.
    pub(crate) fn host(&self) -> Option<&str> {
        match self {
            Self::Http(target) => Some(target.host()),
            Self::File(_) | Self::Stdout => None,
        }
    }

    /// Whether both are one file that they write to in different ways.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        matches!((self, other), (Self::File(one), Self::File(other)) if one.contradicts(other))
    }

    /// What attempts are counted by: the server, the file or the stream that two destinations may have in common.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Http(target) => target.origin(),
            Self::File(target) => format!("file:{}", target.path().display()),
            Self::Stdout => "stdout:".into(),
        }
    }
}

/// As [`Destination::parse`] reads it.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(target) => target.fmt(f),
            Self::File(target) => target.fmt(f),
            Self::Stdout => f.write_str("stdout:"),
        }
    }
}

impl fmt::Display for BadDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no destination: {}", self.destination, self.reason)
    }
}

impl std::error::Error for BadDestination {}

/// The destination without what may be secret in it: of a URL only the host is shown, since with many services the
/// path is the secret.
pub fn mask(destination: &str) -> String {
    let is_url = |scheme: &str| ["http", "https"].iter().any(|url| scheme.eq_ignore_ascii_case(url));
    let Some((scheme, rest)) = destination.split_once(':').filter(|(scheme, _)| is_url(scheme)) else { return destination.to_owned() };
    let Some(rest) = rest.strip_prefix("//") else { return format!("{scheme}:***") };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(_, host)| ("***@", host));
    let path = if path.trim_matches('/').is_empty() { path } else { "/***" };
    format!("{scheme}://{user}{host}{path}")
}

/// Opens sinks, and holds what they share: the pool of connections and the writers of files.
pub struct Sinks {
    http: http::Client,
    files: file::Files,
    stdout: Arc<stdout::Stdout>,
}

impl Sinks {
    /// Makes no connection and opens no file yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            http: http::Client::new(&settings.http),
            files: file::Files::new(settings.files.clone()),
            stdout: Arc::new(stdout::Stdout::new()),
        }
    }

    /// The sink that takes bundles to `destination`.
    pub fn open(&self, destination: &Destination) -> Arc<dyn Sink> {
        match destination {
            Destination::Http(target) => Arc::new(self.http.sink(target.clone())),
            Destination::File(target) => self.files.sink(target),
            Destination::Stdout => self.stdout.clone(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_chosen_by_its_scheme_and_prints_as_it_was_read() {
        for text in
            ["http://a.test/x?y=1", "https://u:p@a.test:8443/", "file:/tmp/a b.jsonl", "file:rel.jsonl?rotate=daily&keep=7", "stdout:"]
        {
            assert_eq!(Destination::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Destination::parse("stdout").unwrap(), Destination::Stdout);
        assert_eq!(Destination::parse("file:///tmp/a").unwrap().to_string(), "file:/tmp/a");
    }

    #[test]
    fn what_no_sink_takes_is_refused_with_the_reason() {
        let message = |text| Destination::parse(text).unwrap_err().to_string();
        assert_eq!(
            message("ftp://a.test"),
            "`ftp://a.test` is no destination: a destination is `http://...`, `https://...`, `file:PATH` or `stdout:`; `pull:` is none"
        );
        assert_eq!(message("file:"), "`file:` is no destination: the path is missing");
        assert_eq!(message("file://host/x"), "`file://host/x` is no destination: a file on another machine cannot be reached");
        assert_eq!(message("stdout:x"), "`stdout:x` is no destination: nothing stands after `stdout:`");
        assert_eq!(message("http:///x"), "`http:///***` is no destination: it is not a URL (invalid format)");
        assert_eq!(message("http:a.test"), "`http:***` is no destination: it is not a URL with a host");
        assert_eq!(
            message(""),
            "`` is no destination: a destination is `http://...`, `https://...`, `file:PATH` or `stdout:`; `pull:` is none"
        );
    }

    #[test]
    fn relative_paths_are_taken_from_the_place_given() {
        let absolute = |text| Destination::parse(text).unwrap().absolute(Path::new("/base")).to_string();
        assert_eq!([absolute("file:a/b"), absolute("file:/a"), absolute("stdout:")], ["file:/base/a/b", "file:/a", "stdout:"]);
    }

    #[test]
    fn hooks_on_one_server_or_file_share_its_slots() {
        let part = |text| Destination::parse(text).unwrap().origin();
        assert_eq!(part("https://u:p@a.test/x"), part("https://A.test/y?z"));
        assert_ne!(part("https://a.test/"), part("http://a.test/"));
        assert_eq!(part("file:/a?fsync=never"), "file:/a");
    }

    #[test]
    fn of_a_url_only_the_host_is_shown() {
        assert_eq!(mask("https://u:p@a.test/x?token=1"), "https://***@a.test/***");
        assert_eq!(mask("https://a.test?token=1"), "https://a.test/***");
        assert_eq!(mask("HTTPS://u:p@a.test/x"), "HTTPS://***@a.test/***");
        assert_eq!(mask("Http://a.test/x"), "Http://a.test/***");
        assert_eq!(mask("https://a.test#x"), "https://a.test/***");
        assert_eq!(mask("https:u:p@a.test/x"), "https:***");
        assert_eq!(mask("http://a.test/p@th"), "http://a.test/***");
        assert_eq!(mask("http://a.test:9000/"), "http://a.test:9000/");
        assert_eq!(mask("file:/a?keep=2"), "file:/a?keep=2");
    }
}
