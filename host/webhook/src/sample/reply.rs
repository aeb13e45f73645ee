//! `reply.http`: the reply that a sample expects.

use super::difference;
use super::request::{Malformed, body, owned, print_headers, unfinished};
use crate::Reply;

/// Reads the bytes of a `reply.http` file: an HTTP/1.1 response with LF or CRLF line ends.
///
/// # Errors
/// Where the file is not one.
pub fn parse_reply(file: &[u8]) -> Result<Reply, Malformed> {
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Response::new(&mut slots);
    let end = match parsed.parse(file) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Err(unfinished("reply")),
        Err(error) => return Err(Malformed(format!("not an HTTP reply: {error}"))),
    };
    let headers = owned(parsed.headers);
    let body = body(&headers, &file[end..])?;
    let status = parsed.code.unwrap_or_default();
    Ok(Reply { status, headers, body })
}

/// The bytes of a `reply.http` file that reads back as this reply, with LF line ends.
pub fn print_reply(reply: &Reply) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\n", reply.status);
    print_headers(&mut head, &reply.headers);
    let mut out = head.into_bytes();
    out.extend_from_slice(&reply.body);
    out
}

/// How a reply differs from the expected one; nothing if it does not. Headers that the expectation does not name may be
/// anything. The body must be the same bytes, but for a line break at the end of the file.
pub fn compare_reply(expected: &Reply, got: &Reply) -> Option<String> {
    let body = without_last_break(&expected.body, &got.body);
    difference::lines(&shown(expected, expected, body), &shown(expected, got, &got.body))
}

fn without_last_break<'b>(expected: &'b [u8], got: &[u8]) -> &'b [u8] {
    let cut = expected.strip_suffix(b"\n").map(|cut| cut.strip_suffix(b"\r").unwrap_or(cut));
    cut.filter(|cut| *cut == got).unwrap_or(expected)
}

/// A reply as text, with those of its headers that the expectation names.
fn shown(expected: &Reply, reply: &Reply, body: &[u8]) -> String {
    let mut out = format!("HTTP/1.1 {}\n", reply.status);
    let mut names: Vec<_> = expected.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names.iter().filter(|name| *name != "content-length" && *name != "date") {
        for (_, value) in reply.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)) {
            out.push_str(&format!("{name}: {value}\n"));
        }
    }
    out.push('\n');
    out.push_str(&body_text(body));
    out
}

fn body_text(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.replace('\r', "\\r"),
        Err(_) => format!("{} bytes: {body:02x?}", body.len()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn got() -> Reply {
        let headers = [("content-type", "application/json"), ("x-extra", "1")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Reply { status: 200, headers, body: b"{\"ok\":true}".to_vec() }
    }

    #[test]
    fn unnamed_headers_and_a_last_line_break_do_not_matter() {
        let expected = parse_reply(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"ok\":true}\r\n").unwrap();
        assert_eq!(compare_reply(&expected, &got()), None);
    }

    #[test]
    fn a_difference_names_the_lines() {
        let expected = parse_reply(b"HTTP/1.1 401\nX-Gone: a\n\n{\"ok\":true}").unwrap();
        let difference = "- expected\n+ got\n- HTTP/1.1 401\n- x-gone: a\n+ HTTP/1.1 200\n  \n  {\"ok\":true}\n";
        assert_eq!(compare_reply(&expected, &got()).as_deref(), Some(difference));
    }

    #[test]
    fn an_inner_line_break_in_the_body_matters() {
        let expected = parse_reply(b"HTTP/1.1 200\n\n{\"ok\":\ntrue}").unwrap();
        assert!(compare_reply(&expected, &got()).is_some());
    }

    #[test]
    fn what_is_printed_reads_back_the_same() {
        assert_eq!(parse_reply(&print_reply(&got())).unwrap(), got());
    }
}
