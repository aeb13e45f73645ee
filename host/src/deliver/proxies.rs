//! Which proxy stands before a destination, as the environment has it for curl and everybody else.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The proxies of deliveries. The default is none, whatever the environment says.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Option<Arc<Matcher>>);

/// The proxy before one destination.
#[derive(Debug)]
pub(crate) struct Proxy(Intercept);

/// A proxy that cannot be used.
#[derive(Debug)]
pub(crate) struct Unsupported {
    scheme: String,
}

impl Proxies {
    /// Those that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in capitals or not.
    pub fn from_environment() -> Self {
        Self(Some(Arc::new(Matcher::from_env())))
    }

    #[cfg(test)]
    pub(crate) fn new(matcher: Matcher) -> Self {
        Self(Some(Arc::new(matcher)))
    }

    /// The proxy before a destination, if there is one.
    pub(crate) fn before(&self, destination: &Uri) -> Option<Proxy> {
        self.0.as_ref()?.intercept(destination).map(Proxy)
    }
}

impl Proxy {
    /// Where it is. Only proxies that are spoken to by plain HTTP can be used.
    pub(crate) fn uri(&self) -> Result<&Uri, Unsupported> {
        match self.0.uri().scheme_str() {
            Some("http") => Ok(self.0.uri()),
            scheme => Err(Unsupported { scheme: scheme.unwrap_or_default().to_owned() }),
        }
    }

    /// What it wants as `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let mut value = self.0.basic_auth()?.clone();
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment names a proxy by `{}://`, and only `http://` proxies can be used", self.scheme)
    }
}

impl std::error::Error for Unsupported {}
