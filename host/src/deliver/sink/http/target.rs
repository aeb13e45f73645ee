//! URLs as destinations.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};

/// A URL to post to, the credentials in it set apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    pub(super) uri: Uri,
    pub(super) authorization: Option<HeaderValue>,
}

impl Target {
    pub(in crate::deliver) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("it is not a URL ({error})"))?;
        let mut parts = uri.into_parts();
        let authority = parts.authority.take().filter(|authority| !authority.host().is_empty());
        let (Some(authority), Some(_)) = (authority, &parts.scheme) else {
            return Err("it is not a URL with a host".into());
        };
        let (authorization, server) = split_credentials(&authority)?;
        parts.authority = Some(server);
        let uri = Uri::from_parts(parts).map_err(|error| format!("it is not a URL ({error})"))?;
        Ok(Self { text: text.to_owned(), uri, authorization })
    }

    /// The host, an IPv6 address in brackets.
    pub(in crate::deliver) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Scheme, host and port.
    pub(in crate::deliver) fn origin(&self) -> String {
        let scheme = self.uri.scheme().unwrap_or(&Scheme::HTTP);
        let authority = self.uri.authority().map_or("", Authority::as_str);
        format!("{scheme}://{}", authority.to_ascii_lowercase())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Never the credentials.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.origin()).finish()
    }
}

/// `user:password@host` as basic authentication (RFC 7617) and the host.
fn split_credentials(authority: &Authority) -> Result<(Option<HeaderValue>, Authority), String> {
    let Some((credentials, server)) = authority.as_str().rsplit_once('@') else {
        return Ok((None, authority.clone()));
    };
    let server = server.parse().map_err(|error| format!("it is not a URL ({error})"))?;
    let mut pair: Vec<u8> = percent_encoding::percent_decode_str(credentials).collect();
    if !pair.contains(&b':') {
        pair.push(b':');
    }
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).expect("base64 is a header value");
    value.set_sensitive(true);
    Ok((Some(value), server))
}
