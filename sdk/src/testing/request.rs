//! A recorded request as extractors see it.

use hookwright_iml::Unbounded;
use hookwright_webhook::{Form, Headers, Request as WebhookRequest, body, sample};

use super::adapter::from_iml;
use crate::request::Source;
use crate::{Request, Value};

/// A request's parts, decoded as the host decodes them.
pub(super) struct Recorded {
    method: String,
    url: String,
    path: String,
    remote_address: String,
    headers: Vec<(String, String)>,
    query: Value,
    body: Value,
    raw_body: Vec<u8>,
}

/// The request that `http` is, in the form of a sample's `request.http`.
///
/// # Panics
/// Where it is none, or its body is not what its content type says.
pub fn request(http: &str) -> Request<'static> {
    let recorded = sample::Request::parse(http.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let headers = Headers::new(recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    let decoded = body::decode(headers.first("content-type"), &recorded.body, &Unbounded).unwrap_or_else(|bad| panic!("{bad}"));
    let query = Form::parse(recorded.query().as_bytes(), &Unbounded).unwrap_or_else(|bad| panic!("{bad}"));
    let request = WebhookRequest {
        method: &recorded.method,
        url: &recorded.url(),
        path: recorded.path(),
        query: query.value(),
        headers: &headers,
        raw_body: &recorded.body,
        body: decoded.value(),
        remote_address: recorded.given.remote_address.as_deref().unwrap_or("127.0.0.1"),
    };
    Request::from_source(Recorded::of(&request))
}

impl Recorded {
    pub(super) fn of(request: &WebhookRequest<'_>) -> Self {
        Self {
            method: request.method.to_owned(),
            url: request.url.to_owned(),
            path: request.path.to_owned(),
            remote_address: request.remote_address.to_owned(),
            headers: request.headers.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            query: from_iml(&request.query),
            body: from_iml(&request.body),
            raw_body: request.raw_body.to_vec(),
        }
    }
}

impl Source for Recorded {
    fn method(&self) -> String {
        self.method.clone()
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn path(&self) -> String {
        self.path.clone()
    }

    fn remote_address(&self) -> String {
        self.remote_address.clone()
    }

    fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    fn query(&self) -> Value {
        self.query.clone()
    }

    fn body(&self) -> Value {
        self.body.clone()
    }

    fn raw_body(&self) -> Vec<u8> {
        self.raw_body.clone()
    }
}
