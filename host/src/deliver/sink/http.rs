//! Posts bundles to a URL.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Delivery, Refusal, Sink};
use crate::deliver::retry;
use crate::deliver::settings::HttpSettings;

/// How long a connection that nothing uses is kept.
const IDLE: Duration = Duration::from_secs(90);
/// How much of a reply's body is read, and for how long, to keep its connection usable.
const DRAIN_BYTES: usize = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

type Pool = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What all HTTP sinks share: the connections and their limits.
pub(super) struct Client {
    pool: Pool,
    timeout: Duration,
}

/// A URL to post to, the credentials in it set apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    uri: Uri,
    authorization: Option<HeaderValue>,
}

struct HttpSink {
    pool: Pool,
    timeout: Duration,
    target: Target,
}

impl Client {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls()).https_or_http().enable_all_versions().wrap_connector(tcp);
        let pool = legacy::Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(https);
        Self { pool, timeout: settings.timeout }
    }

    pub(super) fn sink(&self, target: Target) -> impl Sink + use<> {
        HttpSink { pool: self.pool.clone(), timeout: self.timeout, target }
    }
}

/// TLS that trusts what the operating system trusts; where that is nothing, https destinations fail and the reason is logged.
fn tls() -> ClientConfig {
    let versions = || {
        ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring offers the default protocol versions")
    };
    let trusting = versions().with_native_roots().unwrap_or_else(|error| {
        tracing::warn!(%error, "no certificate authority is known to this machine: https destinations cannot be reached");
        versions().with_root_certificates(RootCertStore::empty())
    });
    trusting.with_no_client_auth()
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
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

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
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

impl Sink for HttpSink {
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let request = self.request(delivery);
            let reply = timeout(self.timeout, self.pool.request(request)).await;
            let reply = reply.map_err(|_| Refusal::retry(format!("no reply within {:?}", self.timeout)))?;
            let reply = reply.map_err(|error| Refusal::retry(with_causes(&error)))?;
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
        let named = [
            ("webhook-id", bundle.id.as_str()),
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::deliver::sink::Bundle;
    use crate::deliver::testing::{Answer, Receiver};

    const NOW_MS: u64 = 1_790_000_000_999;

    fn client(timeout: Duration) -> Client {
        Client::new(&HttpSettings { connect_timeout: timeout, timeout })
    }

    async fn deliver(client: &Client, url: &str) -> Result<(), Refusal> {
        let bundle = Bundle {
            id: "bundle-1".into(),
            event: "event-1".into(),
            service: "slack".into(),
            webhook: "events".into(),
            json: Bytes::from_static(b"{\"n\":1.0}"),
        };
        let sink = client.sink(Target::parse(url).unwrap());
        sink.deliver(Delivery { bundle: &bundle, connection: Some("c1"), now_ms: NOW_MS }).await
    }

    async fn answered(status: u16, headers: &'static [(&'static str, &'static str)]) -> Result<(), Refusal> {
        let receiver = Receiver::start(move |_, _| Answer::Status(status, headers)).await;
        deliver(&client(Duration::from_secs(20)), &receiver.url("/")).await
    }

    fn reason(result: Result<(), Refusal>) -> String {
        match result.unwrap_err() {
            Refusal::Retry { reason, .. } | Refusal::Gone { reason } => reason,
        }
    }

    #[tokio::test]
    async fn a_bundle_is_posted_with_the_headers_that_name_it() {
        let mut receiver = Receiver::willing().await;
        deliver(&client(Duration::from_secs(20)), &receiver.url("/in?x=1")).await.unwrap();
        let got = receiver.next().await;
        assert_eq!((got.path.as_str(), got.body.as_ref()), ("/in?x=1", &b"{\"n\":1.0}"[..]));
        let expected = [
            ("content-type", "application/json"),
            ("webhook-id", "bundle-1"),
            ("webhook-timestamp", "1790000000"),
            ("hookwright-service", "slack"),
            ("hookwright-webhook", "events"),
            ("hookwright-event", "event-1"),
            ("hookwright-connection", "c1"),
        ];
        for (name, value) in expected {
            assert_eq!(got.header(name), Some(value), "{name}");
        }
        assert_eq!(got.header("authorization"), None);
    }

    #[tokio::test]
    async fn credentials_in_the_url_become_basic_authentication() {
        let mut receiver = Receiver::willing().await;
        let url = format!("http://us%40er:pass@{}/", receiver.address);
        deliver(&client(Duration::from_secs(20)), &url).await.unwrap();
        let got = receiver.next().await;
        assert_eq!(got.header("authorization"), Some("Basic dXNAZXI6cGFzcw=="));
        assert_eq!(got.header("host"), Some(receiver.address.to_string().as_str()));
        assert_eq!(format!("{:?}", Target::parse(&url).unwrap()), format!("Target(\"http://{}\")", receiver.address));
    }

    #[tokio::test]
    async fn every_success_is_delivered_and_everything_else_is_not() {
        assert_eq!(answered(204, &[]).await, Ok(()));
        assert_eq!(answered(500, &[]).await, Err(Refusal::retry("answered 500 Internal Server Error")));
        assert_eq!(answered(400, &[]).await, Err(Refusal::retry("answered 400 Bad Request")));
        assert_eq!(answered(410, &[]).await, Err(Refusal::Gone { reason: "answered 410 Gone".into() }));
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let result = answered(302, &[("location", "/elsewhere")]).await;
        assert_eq!(reason(result), "answered 302 Found; redirects are not followed");
    }

    #[tokio::test]
    async fn retry_after_is_passed_on() {
        let refusal = answered(429, &[("retry-after", "120")]).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Retry { put_off: Some(wait), .. } if wait == Duration::from_mins(2)), "{refusal:?}");
    }

    #[tokio::test]
    async fn a_destination_that_never_answers_is_given_up() {
        let receiver = Receiver::start(|_, _| Answer::Never).await;
        let result = deliver(&client(Duration::from_millis(20)), &receiver.url("/")).await;
        assert_eq!(reason(result), "no reply within 20ms");
    }

    #[tokio::test]
    async fn a_destination_that_closes_or_is_not_there_is_a_reason_to_try_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = client(Duration::from_secs(20));
        let (result, ()) = tokio::join!(deliver(&client, &url), async {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
        });
        let closed = reason(result);
        assert!(closed.contains("connection closed before message completed"), "{closed}");
        drop(listener);
        let refused = reason(deliver(&client, &url).await);
        assert!(refused.contains("Connection refused"), "{refused}");
    }

    #[tokio::test]
    async fn one_connection_carries_one_attempt_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = client(Duration::from_secs(20));
        let ok = hyper::service::service_fn(|_| async { Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("ok"))) });
        let one_connection = async {
            let (stream, _) = listener.accept().await.unwrap();
            hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), ok).await
        };
        tokio::select! {
            ended = one_connection => panic!("the connection was not kept: {ended:?}"),
            () = async { for _ in 0..3 { deliver(&client, &url).await.unwrap() } } => {}
        }
    }
}
