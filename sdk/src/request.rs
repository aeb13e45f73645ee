//! The request that an extractor looks at.

use std::cell::OnceCell;
use std::fmt;

use crate::Value;

/// Where a request's parts come from: the host, or a recorded request in a test.
pub(crate) trait Source {
    fn method(&self) -> String;
    fn url(&self) -> String;
    fn path(&self) -> String;
    fn remote_address(&self) -> String;
    fn header(&self, name: &str) -> Option<String>;
    fn headers(&self) -> Vec<(String, String)>;
    fn query(&self) -> Value;
    fn body(&self) -> Value;
    fn raw_body(&self) -> Vec<u8>;
}

/// The request whose uids are wanted. Only what is asked for is copied into the plugin, once.
pub struct Request<'r> {
    source: Box<dyn Source + 'r>,
    query: OnceCell<Value>,
    body: OnceCell<Value>,
    raw_body: OnceCell<Vec<u8>>,
}

impl<'r> Request<'r> {
    #[cfg(any(target_family = "wasm", feature = "testing"))]
    pub(crate) fn from_source(source: impl Source + 'r) -> Self {
        Self { source: Box::new(source), query: OnceCell::new(), body: OnceCell::new(), raw_body: OnceCell::new() }
    }

    /// The method, in upper case.
    pub fn method(&self) -> String {
        self.source.method()
    }

    /// The public URL as the sender used it, its query byte for byte.
    pub fn url(&self) -> String {
        self.source.url()
    }

    /// The URL's path, as received.
    pub fn path(&self) -> String {
        self.source.path()
    }

    /// The sender's IP address.
    pub fn remote_address(&self) -> String {
        self.source.remote_address()
    }

    /// A header, its name in any case; repeated ones joined with `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        self.source.header(name)
    }

    /// All headers in the order they came, names in lower case.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.source.headers()
    }

    /// The decoded query, a collection; a repeated name has an array.
    pub fn query(&self) -> &Value {
        self.query.get_or_init(|| self.source.query())
    }

    /// The body as decoded by its content type: what a spec calls `body`.
    pub fn body(&self) -> &Value {
        self.body.get_or_init(|| self.source.body())
    }

    /// The body exactly as received.
    pub fn raw_body(&self) -> &[u8] {
        self.raw_body.get_or_init(|| self.source.raw_body())
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Request").field("method", &self.method()).field("url", &self.url()).finish_non_exhaustive()
    }
}
