//! What a request's head must be before anything else is asked of it: the rules of HTTP that hyper leaves to us.

use std::net::Ipv6Addr;

use hyper::header::{HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request, Version};

use crate::failure::Failure;

/// Marks a request whose headers are many times larger than what arrived for them: HTTP/2 may name long headers that it has
/// sent before with one byte each (RFC 7541), and what is stored must stand in proportion to what somebody sends.
#[derive(Clone, Copy, Debug)]
pub struct Inflated;

/// Bytes of a host without its port: what DNS allows (RFC 1035, 2.3.4).
const LONGEST_HOST: usize = 255;

/// Refuses a request that breaks a rule of HTTP. In one that keeps them, `Host` is the host that was asked for, whatever the
/// version: HTTP/2's `:authority` (RFC 9113, 8.3.1) and the authority of an absolute target (RFC 9112, 3.2.2) stand there too.
pub fn conform<B>(request: &mut Request<B>, most_headers: usize) -> Result<(), Failure> {
    if request.extensions().get::<Inflated>().is_some() {
        return Err(Failure::HeadTooLarge("The headers repeat too much of what was sent before."));
    }
    if request.headers().len() > most_headers {
        return Err(Failure::HeadTooLarge("There are too many headers."));
    }
    // There is nothing to connect to here (RFC 9110, 9.3.6).
    if request.method() == Method::CONNECT {
        return Err(Failure::MethodNotAllowed);
    }
    check_transfer_encoding(request.headers())?;
    if let Some(host) = host(request)? {
        request.headers_mut().insert(HOST, host);
    }
    Ok(())
}

/// The one coding whose end everybody finds in the same place (RFC 9112, 6.1 and 6.3).
fn check_transfer_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ if is_chunked_twice(headers) => Err(Failure::BadHead("Transfer-Encoding names chunked more than once.")),
        _ => Err(Failure::UnknownCoding),
    }
}

fn is_chunked_twice(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(TRANSFER_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked")).count() > 1
}

/// The host that was asked for (RFC 9110, 7.2), where that is not what `Host` says already; only HTTP/1.0 may leave it out.
fn host<B>(request: &Request<B>) -> Result<Option<HeaderValue>, Failure> {
    let mut named = request.headers().get_all(HOST).iter();
    let (header, second) = (named.next(), named.next());
    if second.is_some() {
        return Err(Failure::BadHead("There is more than one Host header."));
    }
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let version = request.version();
    match (header, authority) {
        (None, None) if version == Version::HTTP_10 => return Ok(None),
        (None, None) => return Err(Failure::BadHead("The Host header is missing.")),
        (None, Some(_)) if version == Version::HTTP_11 => return Err(Failure::BadHead("The Host header is missing.")),
        (Some(header), Some(authority)) if version >= Version::HTTP_2 && !header.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) => {
            return Err(Failure::BadHead("The Host header and :authority differ."));
        }
        _ => {}
    }
    let is_valid = |host: &[u8]| std::str::from_utf8(host).is_ok_and(is_host);
    let asked_for = authority.map(str::as_bytes).or(header.map(HeaderValue::as_bytes)).unwrap_or_default();
    if !is_valid(asked_for) || header.is_some_and(|header| !is_valid(header.as_bytes())) {
        return Err(Failure::BadHead("The Host header is not a host."));
    }
    authority.map(HeaderValue::from_str).transpose().map_err(|_| Failure::BadHead("The Host header is not a host."))
}

/// A name or an address, with or without a port (RFC 3986, 3.2.2 and 3.2.3). Names are those that DNS and its users know: no
/// percent-encoding, nothing that has a meaning elsewhere in a URL.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => {
                return port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            }
            _ => return false,
        },
        None => host.split_once(':').unwrap_or((host, "")),
    };
    name.len() <= LONGEST_HOST && is_port(port) && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
}

/// A port may be empty.
fn is_port(port: &str) -> bool {
    port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(version: Version, uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let request = Request::builder().version(version).uri(uri);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).unwrap()
    }

    /// The host of a request that is taken, or the status of the refusal.
    fn host_of(mut request: Request<()>) -> Result<Option<String>, u16> {
        conform(&mut request, 100).map_err(|failure| failure.status().as_u16())?;
        Ok(request.headers().get(HOST).map(|host| host.to_str().unwrap().to_owned()))
    }

    fn with_host(host: &str) -> Result<Option<String>, u16> {
        host_of(request(Version::HTTP_11, "/h/x", &[("host", host)]))
    }

    #[test]
    fn names_and_addresses_with_and_without_a_port_are_hosts() {
        let long = "a".repeat(LONGEST_HOST);
        for host in ["a.test", "a.test:8443", "a.test:", "A_b-c.test.", "localhost", "192.0.2.1:80", "[2001:db8::1]", "[::1]:8080", &long] {
            assert_eq!(with_host(host), Ok(Some(host.to_owned())), "{host}");
        }
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        let long = "a".repeat(LONGEST_HOST + 1);
        let hosts = [
            "",
            " ",
            ".",
            "a..test",
            "evil/h/xyz",
            "evil?q=",
            "a@b",
            "a.test:99999",
            "a.test:80:80",
            "a.test:+80",
            "a.test:8o",
            ":80",
            "a b",
            "a,b",
            "a.test#x",
            "[::1",
            "[::1]x",
            "[::1%25lo]",
            "[v1.a]",
            "::1",
            "a%2fb",
            "ä.test",
            "a\\b",
            "http://a.test",
            "a\"b",
            &long,
        ];
        for host in hosts {
            assert_eq!(with_host(host), Err(400), "{host:?}");
        }
    }

    #[test]
    fn exactly_one_host_is_needed_but_for_http_1_0() {
        assert_eq!(host_of(request(Version::HTTP_11, "/", &[])), Err(400));
        assert_eq!(host_of(request(Version::HTTP_2, "/", &[])), Err(400));
        assert_eq!(host_of(request(Version::HTTP_10, "/", &[])), Ok(None));
        assert_eq!(host_of(request(Version::HTTP_10, "/", &[("host", "a/b")])), Err(400));
        assert_eq!(host_of(request(Version::HTTP_11, "/", &[("host", "a.test"), ("host", "a.test")])), Err(400));
    }

    #[test]
    fn an_absolute_target_names_the_host_whatever_the_header_says() {
        let asked = |headers: &[(&str, &str)]| host_of(request(Version::HTTP_11, "http://a.test:81/h/x", headers));
        assert_eq!(asked(&[("host", "b.test")]), Ok(Some("a.test:81".to_owned())));
        assert_eq!((asked(&[]), asked(&[("host", "b/c")])), (Err(400), Err(400)));
        assert_eq!(host_of(request(Version::HTTP_11, "http://user@a.test/h/x", &[("host", "a.test")])), Err(400));
    }

    #[test]
    fn over_http_2_the_authority_is_the_host() {
        let asked = |headers: &[(&str, &str)]| host_of(request(Version::HTTP_2, "https://a.test/h/x", headers));
        assert_eq!((asked(&[]), asked(&[("host", "A.test")])), (Ok(Some("a.test".to_owned())), Ok(Some("a.test".to_owned()))));
        assert_eq!(asked(&[("host", "b.test")]), Err(400));
        assert_eq!(host_of(request(Version::HTTP_2, "/h/x", &[("host", "a.test")])), Ok(Some("a.test".to_owned())));
    }

    #[test]
    fn only_chunked_alone_is_a_transfer_encoding() {
        let coded = |codings: &[&str]| {
            let headers: Vec<_> = codings.iter().map(|coding| ("transfer-encoding", *coding)).chain([("host", "a.test")]).collect();
            host_of(request(Version::HTTP_11, "/", &headers)).err()
        };
        assert_eq!([coded(&[]), coded(&["chunked"]), coded(&["Chunked"])], [None; 3]);
        for codings in [&["gzip, chunked"][..], &["gzip", "chunked"], &["identity"], &["xchunked"], &["chunked;q=1"], &[""]] {
            assert_eq!(coded(codings), Some(501), "{codings:?}");
        }
        for codings in [&["chunked, chunked"][..], &["chunked", "chunked"], &["chunked, gzip, CHUNKED"]] {
            assert_eq!(coded(codings), Some(400), "{codings:?}");
        }
    }

    #[test]
    fn connect_is_not_allowed_and_headers_are_limited() {
        let mut connect = request(Version::HTTP_11, "/", &[("host", "a.test")]);
        *connect.method_mut() = Method::CONNECT;
        assert_eq!(host_of(connect), Err(405));
        let mut many = request(Version::HTTP_2, "https://a.test/", &[("a", "1"), ("b", "2"), ("a", "3")]);
        assert!(matches!(conform(&mut many, 2), Err(Failure::HeadTooLarge(_))));
        assert!(conform(&mut many, 3).is_ok());
        many.extensions_mut().insert(Inflated);
        assert!(matches!(conform(&mut many, 3), Err(Failure::HeadTooLarge(_))));
    }
}
