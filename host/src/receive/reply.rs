//! A spec's reply as an HTTP response.

use bytes::Bytes;
use hookwright_iml::excerpt;
use hookwright_webhook::Reply;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use hyper::{Response, StatusCode};

use crate::failure::Failure;
use crate::server::Outgoing;

/// Headers that describe the connection, which is ours and not the spec's.
const OURS: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE];

/// The response of a reply, or whose fault it is that it cannot be sent.
pub(super) fn outgoing(reply: Reply) -> Result<Outgoing, Failure> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = status(reply.status)?;
    for (name, value) in reply.headers {
        let (name, value) = header(&name, &value)?;
        if !OURS.contains(&name) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

/// 1xx is no answer: the sender would wait for another one.
fn status(status: u16) -> Result<StatusCode, Failure> {
    let sendable = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    sendable.ok_or_else(|| Failure::Spec(format!("`respond` gives the status {status}, which cannot be sent")))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
    parsed.ok_or_else(|| Failure::Spec(format!("`respond` gives the header `{}`, which cannot be sent", excerpt(name))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)]) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: b"hi".to_vec() }
    }

    #[test]
    fn repeated_headers_are_all_sent() {
        let response = outgoing(reply(201, &[("Set-Cookie", "a=1"), ("set-cookie", "b=2")])).unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn what_describes_the_connection_is_left_out() {
        let response = outgoing(reply(200, &[("Content-Length", "99"), ("x-kept", "1")])).unwrap();
        assert_eq!(response.headers().keys().collect::<Vec<_>>(), ["x-kept"]);
    }

    #[test]
    fn what_cannot_be_sent_is_the_specs_fault() {
        for unsendable in [reply(101, &[]), reply(99, &[]), reply(200, &[("a b", "1")]), reply(200, &[("a", "1\r\nb: 2")])] {
            assert!(matches!(outgoing(unsendable), Err(Failure::Spec(_))));
        }
    }
}
