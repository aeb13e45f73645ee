//! A recorded request: an HTTP message in a file, with a few lines above it for what a message cannot say.

use std::fmt;

/// A request as a `request.http` file holds it.
///
/// The file is an HTTP/1.1 message with LF or CRLF line ends. The body is every byte after the empty line; where the
/// message has a `content-length`, that many of them, so that an editor's line break at the end of the file does no
/// harm to a signature. Lines before the message that begin with `#` are comments, and `# name: value` with one of the
/// names below sets what surrounds the request:
///
/// | line | sets |
/// | --- | --- |
/// | `# now: 2026-01-31T12:00:00Z` | the clock |
/// | `# hook: {"parameters": {"secret": "s"}}` | the hook that listens, as in [`Surroundings::hook`](super::Surroundings::hook) |
/// | `# common: {"signingSecret": "s"}` | the service's `common` |
/// | `# webhook: events` | which of a service's webhooks it is for |
/// | `# remote-address: 192.0.2.1` | where it comes from |
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// As it stands in the request line, for example `POST`.
    pub method: String,
    /// What stands behind it: a path with its query, or a whole URL.
    pub target: String,
    /// Names and values in their order, names as written.
    pub headers: Vec<(String, String)>,
    /// Exact bytes.
    pub body: Vec<u8>,
    /// What the lines above the message say.
    pub given: Given,
}

/// What surrounds a recorded request; each value as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// ISO 8601.
    pub now: Option<String>,
    /// JSON object.
    pub hook: Option<String>,
    /// JSON object.
    pub common: Option<String>,
    /// The webhook's name.
    pub webhook: Option<String>,
    /// An IP address.
    pub remote_address: Option<String>,
}

/// Why a file of a sample cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl Request {
    /// Reads the bytes of a `request.http` file.
    pub fn parse(file: &[u8]) -> Result<Self, Malformed> {
        let (given, message) = Given::take(file)?;
        let mut slots = [httparse::EMPTY_HEADER; 128];
        let mut parsed = httparse::Request::new(&mut slots);
        let end = match parsed.parse(message) {
            Ok(httparse::Status::Complete(end)) => end,
            Ok(httparse::Status::Partial) => return Err(unfinished("request")),
            Err(error) => return Err(Malformed(format!("not an HTTP request: {error}"))),
        };
        let headers = owned(parsed.headers);
        let body = body(&headers, &message[end..])?;
        let method = parsed.method.unwrap_or_default().to_owned();
        Ok(Self { method, target: parsed.path.unwrap_or_default().to_owned(), headers, body, given })
    }

    /// The first header of this name, case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The URL the sender would have used: the target itself if it is one, else `https://`, the `host` header and the target.
    pub fn url(&self) -> String {
        if self.target.contains("://") {
            return self.target.clone();
        }
        format!("https://{}{}", self.header("host").unwrap_or("localhost"), self.target)
    }

    /// The path of the target, without its query.
    pub fn path(&self) -> &str {
        let from_path = match self.target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => &self.target,
        };
        from_path.split('?').next().unwrap_or_default()
    }

    /// What stands behind the target's `?`, byte for byte; empty without one.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The bytes of a `request.http` file that reads back as this request, with LF line ends.
    pub fn print(&self) -> Vec<u8> {
        let mut out = self.given.print();
        out.push_str(&format!("{} {} HTTP/1.1\n", self.method, self.target));
        print_headers(&mut out, &self.headers);
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.body);
        out
    }
}

impl Given {
    /// Splits a file into what its `#` lines say and the message behind them.
    fn take(file: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut given = Self::default();
        let mut rest = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        while matches!(rest.first(), Some(b'#' | b'\n' | b'\r')) {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |newline| newline + 1);
            let (line, after) = rest.split_at(end);
            let line = std::str::from_utf8(line).map_err(|_| Malformed("a `#` line is not UTF-8".to_owned()))?;
            given.set(line.trim_start_matches('#').trim());
            rest = after;
        }
        Ok((given, rest))
    }

    fn set(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else {
            return;
        };
        let value = Some(value.trim().to_owned());
        match name.trim_end() {
            "now" => self.now = value,
            "hook" => self.hook = value,
            "common" => self.common = value,
            "webhook" => self.webhook = value,
            "remote-address" => self.remote_address = value,
            _ => {}
        }
    }

    fn print(&self) -> String {
        let lines = [
            ("now", &self.now),
            ("hook", &self.hook),
            ("common", &self.common),
            ("webhook", &self.webhook),
            ("remote-address", &self.remote_address),
        ];
        let set = lines.iter().filter_map(|(name, value)| Some(format!("# {name}: {}\n", value.as_ref()?)));
        set.collect()
    }
}

/// The headers of a parsed message; a value that is not UTF-8 is read as Latin-1, as HTTP once said.
pub(super) fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    headers.iter().map(|header| (header.name.to_owned(), crate::request::header_text(header.value).into_owned())).collect()
}

/// What of the bytes behind the headers is the body.
pub(super) fn body(headers: &[(String, String)], rest: &[u8]) -> Result<Vec<u8>, Malformed> {
    let Some((_, length)) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length")) else {
        return Ok(rest.to_vec());
    };
    let length: usize = length.trim().parse().map_err(|_| Malformed(format!("content-length is not a number: {length}")))?;
    match rest.get(..length) {
        Some(body) => Ok(body.to_vec()),
        None => Err(Malformed(format!("content-length says {length} bytes, but the file has {} behind the empty line", rest.len()))),
    }
}

pub(super) fn unfinished(what: &str) -> Malformed {
    Malformed(format!("the {what} has no empty line behind its headers"))
}

/// The headers and the empty line behind them.
pub(super) fn print_headers(out: &mut String, headers: &[(String, String)]) {
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\n"));
    }
    out.push('\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_may_be_lf_or_crlf_and_the_body_is_exact() {
        for newline in ["\n", "\r\n"] {
            let file = format!("POST /a?b=c HTTP/1.1{newline}Host: example.test{newline}{newline}{{\r\n}}\n");
            let request = Request::parse(file.as_bytes()).unwrap();
            assert_eq!(request.body, b"{\r\n}\n");
            assert_eq!(request.url(), "https://example.test/a?b=c");
            assert_eq!((request.path(), request.query()), ("/a", "b=c"));
        }
    }

    #[test]
    fn a_content_length_cuts_off_an_editors_last_line_break() {
        let request = Request::parse(b"POST / HTTP/1.1\ncontent-length: 2\n\n{}\n").unwrap();
        assert_eq!(request.body, b"{}");
    }

    #[test]
    fn a_content_length_beyond_the_file_is_refused_with_both_numbers() {
        let error = Request::parse(b"POST / HTTP/1.1\ncontent-length: 9\n\n{}\n").unwrap_err();
        assert_eq!(error.0, "content-length says 9 bytes, but the file has 3 behind the empty line");
    }

    #[test]
    fn a_head_without_an_empty_line_is_refused() {
        assert_eq!(Request::parse(b"GET / HTTP/1.1\nhost: a\n").unwrap_err(), unfinished("request"));
    }

    #[test]
    fn lines_above_the_message_set_what_surrounds_it() {
        let file = b"# A push.\n# now: 2026-01-31T12:00:00Z\n# hook: {\"uid\": \"T1\"}\n\nGET http://h.test HTTP/1.1\n\n";
        let request = Request::parse(file).unwrap();
        assert_eq!(request.given.now.as_deref(), Some("2026-01-31T12:00:00Z"));
        assert_eq!(request.given.hook.as_deref(), Some("{\"uid\": \"T1\"}"));
        assert_eq!((request.url().as_str(), request.path()), ("http://h.test", "/"));
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        let file = b"# now: 2026-01-31T12:00:00Z\nPOST /x HTTP/1.1\nX-A: 1\nx-a: 2\n\n\x00\xff\n";
        let request = Request::parse(file).unwrap();
        assert_eq!(request.print(), file);
        assert_eq!(Request::parse(&request.print()).unwrap(), request);
    }
}
