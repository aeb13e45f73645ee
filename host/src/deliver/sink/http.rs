//! Posts bundles to a URL.

mod connect;
mod stream;
mod target;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE, PROXY_AUTHORIZATION, RETRY_AFTER, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use super::{Delivery, Refusal, Sink};
use crate::deliver::proxies::Proxies;
use crate::deliver::retry;
use crate::deliver::settings::HttpSettings;
use crate::deliver::signature::signatures;
pub(crate) use connect::tls;
use connect::{Connector, connector};
pub(super) use target::Target;

/// How long a connection that nothing uses is kept.
const IDLE: Duration = Duration::from_secs(90);
/// How much of a reply's body is read, and for how long, to keep its connection usable.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);
/// How often a connection that carries many requests is asked whether it is still there, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);

type Pool = legacy::Client<Connector, Full<Bytes>>;

/// What all HTTP sinks share: the connections and their limits.
pub(super) struct Client {
    pool: Pool,
    timeout: Duration,
    proxies: Proxies,
}

struct HttpSink {
    pool: Pool,
    timeout: Duration,
    target: Target,
    /// What a proxy that passes requests on wants to know.
    proxy_authorization: Option<HeaderValue>,
}

impl Client {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        Self::with_tls(settings, tls())
    }

    fn with_tls(settings: &HttpSettings, tls: ClientConfig) -> Self {
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PONG)
            .build(connector(settings, tls));
        Self { pool, timeout: settings.timeout, proxies: settings.proxies.clone() }
    }

    pub(super) fn sink(&self, target: Target) -> impl Sink + use<> {
        // Through a tunnel the proxy sees no request, and the destination is not to see what is the proxy's.
        let passed_on = target.uri.scheme() != Some(&Scheme::HTTPS);
        let proxy = self.proxies.before(&target.uri).filter(|_| passed_on);
        let proxy_authorization = proxy.and_then(|proxy| proxy.authorization());
        HttpSink { pool: self.pool.clone(), timeout: self.timeout, target, proxy_authorization }
    }
}

impl Sink for HttpSink {
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let mut request = self.request(delivery);
            let connection = capture_connection(&mut request);
            let reply = timeout(self.timeout, self.pool.request(request)).await;
            let reply = reply.map_err(|_| match connection.connection_metadata().is_some() {
                true => Refusal::unanswered(format!("no reply within {:?}", self.timeout)),
                false => Refusal::unreachable(format!("no connection within {:?}", self.timeout)),
            })?;
            let reply = reply.map_err(|error| match error.is_connect() {
                true => Refusal::unreachable(with_causes(&error)),
                false => Refusal::unanswered(with_causes(&error)),
            })?;
            let verdict = verdict(&reply, delivery.now_ms);
            drain(reply).await;
            verdict
        })
    }
}

impl HttpSink {
    fn request(&self, delivery: Delivery<'_>) -> Request<Full<Bytes>> {
        let bundle = delivery.bundle;
        let mut request =
            Request::post(self.target.uri.clone()).body(Full::new(bundle.json.clone())).expect("a method and a parsed URI make a request");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("hookwright/", env!("CARGO_PKG_VERSION"))));
        headers.insert("webhook-timestamp", HeaderValue::from(delivery.now_ms / 1_000));
        headers.extend(self.target.authorization.clone().map(|value| (AUTHORIZATION, value)));
        headers.extend(self.proxy_authorization.clone().map(|value| (PROXY_AUTHORIZATION, value)));
        let signed = signatures(delivery.secrets, delivery.now_ms, &bundle.id, &bundle.json);
        let named = [
            ("webhook-id", bundle.id.as_str()),
            ("webhook-signature", signed.as_deref().unwrap_or_default()),
            ("hookwright-service", &bundle.service),
            ("hookwright-webhook", &bundle.webhook),
            ("hookwright-event", &bundle.event),
            ("hookwright-connection", delivery.connection.unwrap_or_default()),
        ];
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        request
    }
}

fn verdict(reply: &Response<Incoming>, now_ms: u64) -> Result<(), Refusal> {
    let status = reply.status();
    let reason = format!("answered {status}");
    if status.is_success() {
        return Ok(());
    }
    if status == StatusCode::GONE {
        return Err(Refusal::Gone { reason });
    }
    if status.is_redirection() {
        return Err(Refusal::retry(format!("{reason}; redirects are not followed")));
    }
    let header = reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Err(Refusal::Retry { reason, put_off: header.and_then(|header| retry::put_off(header, now_ms)) })
}

/// Reads the rest of a reply, so that its connection can carry the next request; one that is long or slow is cut off.
async fn drain(reply: Response<Incoming>) {
    // The verdict stands already: whatever goes wrong here costs a connection and nothing else.
    let _ = timeout(DRAIN_TIME, Limited::new(reply.into_body(), DRAIN_BYTES).collect()).await;
}

/// `client error (Connect): tcp connect error: Connection refused`.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
