//! The listener against senders that are slow, silent or many, and against its own end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prometheus_client::registry::Registry;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::failure::Failure;
use crate::inbound::{self, MemoryPool};
use crate::shares::Holder;

/// A listener that answers with the body it got, and with the peer's address, once `gate` lets it.
struct Echo {
    address: SocketAddr,
    arrived: Arc<Notify>,
    gate: Arc<Notify>,
    bodies: MemoryPool,
    meters: Meters,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

fn start(limits: Limits, gated: bool) -> Echo {
    start_with(limits, gated, None)
}

fn start_with(limits: Limits, gated: bool, tls: Option<TlsAcceptor>) -> Echo {
    start_on(SocketAddr::from(([127, 0, 0, 1], 0)), limits, gated, tls)
}

fn start_on(address: SocketAddr, limits: Limits, gated: bool, tls: Option<TlsAcceptor>) -> Echo {
    let listener = bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Arc::new(limits);
    let bodies = MemoryPool::new(limits.memory_bytes);
    let (arrived, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let answer = {
        let (limits, arrived, gate, bodies) = (limits.clone(), arrived.clone(), gate.clone(), bodies.clone());
        move |request: Request<Incoming>, peer: Peer| {
            let (limits, bodies, arrived, gate) = (limits.clone(), bodies.clone(), arrived.clone(), gate.clone());
            async move {
                arrived.notify_one();
                if gated {
                    gate.notified().await;
                }
                let mut lease = bodies.lease(anybody());
                let (head, body) = request.into_parts();
                let body: Result<Bytes, Failure> = inbound::read(body, &head.headers, &limits, &mut lease).await;
                let reply = body.and_then(|body| lease.keep(body)).map(|body| Response::new(Full::new(body)));
                let mut reply = reply.unwrap_or_else(|failure| failure.reply());
                if let Some(status) = head.headers.get("x-status") {
                    *reply.status_mut() = StatusCode::from_bytes(status.as_bytes()).unwrap();
                }
                if head.extensions.get::<inbound::Inflated>().is_some() {
                    reply.headers_mut().insert("x-inflated", "yes".parse().unwrap());
                }
                reply.headers_mut().insert("x-peer", peer.address.ip().to_string().parse().unwrap());
                reply
            }
        }
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = TcpListener::from_std(listener).unwrap();
    let meters = Meters::default();
    let server = tokio::spawn(run(listener, tls, limits, meters.clone(), answer, async {
        let _ = stopped.await;
    }));
    Echo { address, arrived, gate, bodies, meters, stop, server }
}

impl Echo {
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }
}

/// Waits, with a deadline, until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    within(what, waiting).await;
}

/// What a future comes to, before the deadline.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("gave up waiting until {what}"))
}

/// Everything until the host closes the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    text
}

fn impatient() -> Limits {
    let short = Duration::from_millis(50);
    Limits { header_time: short, body_time: short, body_bytes: 8, ..Limits::default() }
}

/// A key pair made for these tests: self-signed, for `localhost`.
fn test_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server").join(name)
}

fn trusting_client() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(test_file("test-certificate.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn an_encrypted_listener_answers_whoever_trusts_its_certificate() {
    let tls = tls::acceptor(&test_file("test-certificate.pem"), &test_file("test-key.pem")).unwrap();
    let echo = start_with(Limits::default(), false, Some(tls));
    let stream = TcpStream::connect(echo.address).await.unwrap();
    let mut stream = trusting_client().connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nhi"), "{answer}");
}

#[tokio::test]
async fn a_sender_that_speaks_plainly_to_an_encrypted_listener_hurts_nobody_else() {
    let tls = tls::acceptor(&test_file("test-certificate.pem"), &test_file("test-key.pem")).unwrap();
    let echo = start_with(Limits::default(), false, Some(tls));
    let _ = rest(echo.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await).await;
    let stream = TcpStream::connect(echo.address).await.unwrap();
    trusting_client().connect("localhost".try_into().unwrap(), stream).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_not_enough_is_closed() {
    let echo = start(impatient(), false);
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "POST / HTTP/1.1\r\nHost: a\r\n"] {
        let answer = rest(echo.send(beginning).await).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{beginning:?} got {answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let echo = start(impatient(), false);
    let stream = echo.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").await;
    assert!(rest(stream).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_413_announced_or_not() {
    let echo = start(impatient(), false);
    for body in ["Content-Length: 9\r\n\r\n123456789", "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n"] {
        let stream = echo.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{body}")).await;
        assert!(rest(stream).await.starts_with("HTTP/1.1 413"));
    }
}

#[tokio::test]
async fn a_sender_that_sends_a_whole_body_that_is_too_large_gets_to_read_that() {
    let echo = start(Limits { body_bytes: LARGE / 4, ..Limits::default() }, false);
    let mut stream = echo.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n")).await;
    stream.write_all(&vec![b'x'; LARGE]).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_sender_that_asks_first_is_told_413_before_it_sends_anything() {
    let echo = start(impatient(), false);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    assert!(rest(echo.send(head).await).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_listener_for_both_kinds_of_addresses_calls_ipv4_ones_by_their_name() {
    let both = SocketAddr::new(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(), 0);
    let echo = start_on(both, Limits::default(), false, None);
    let answer = rest(echo.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await).await;
    assert!(answer.contains("x-peer: 127.0.0.1\r\n"), "{answer}");
}

#[tokio::test]
async fn an_address_that_has_all_connections_it_may_have_is_turned_away_until_one_ends() {
    let echo = start(Limits { connections_per_address: 1, ..Limits::default() }, true);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    let first = echo.send(request).await;
    echo.arrived.notified().await;
    assert_eq!(rest(TcpStream::connect(echo.address).await.unwrap()).await, "");
    echo.gate.notify_one();
    assert!(rest(first).await.ends_with("hi"));
    within("another one is answered", async {
        loop {
            echo.gate.notify_one();
            let mut stream = TcpStream::connect(echo.address).await.unwrap();
            let _ = stream.write_all(request.as_bytes()).await;
            if rest(stream).await.ends_with("hi") {
                return;
            }
        }
    })
    .await;
}

/// More than any socket holds by itself.
const LARGE: usize = 16 << 20;

fn limits_for_large_bodies() -> Limits {
    Limits { body_bytes: LARGE, memory_bytes: 2 * LARGE, write_time: Duration::from_millis(50), ..Limits::default() }
}

fn anybody() -> Holder {
    Holder { network: None, service: "echo".into() }
}

impl Echo {
    fn nothing_is_held(&self) -> bool {
        self.bodies.lease(anybody()).grow(2 * LARGE).is_ok()
    }

    /// An HTTP/2 client, and what ends when its connection does. It answers pings.
    async fn http2(&self) -> (SendRequest<Full<Bytes>>, JoinHandle<()>) {
        let stream = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        let ended = tokio::spawn(async move {
            let _ = connection.await;
        });
        (client, ended)
    }
}

fn request(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("http://localhost/").body(Full::new(body.into())).unwrap()
}

#[tokio::test]
async fn a_reply_that_nobody_reads_is_held_for_its_time_and_no_longer() {
    let echo = start(limits_for_large_bodies(), false);
    let mut stream = echo.send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n")).await;
    stream.write_all(&vec![b'x'; LARGE]).await.unwrap();
    stream.peek(&mut [0]).await.unwrap();
    until("the memory of the reply is given back", || echo.nothing_is_held()).await;
    assert!(rest(stream).await.len() < LARGE, "it was cut");
}

#[tokio::test]
async fn a_stream_whose_reply_nobody_reads_ends_its_connection() {
    let echo = start(limits_for_large_bodies(), false);
    let (mut client, ended) = echo.http2().await;
    let unread = client.send_request(request(vec![b'x'; LARGE / 2])).await.unwrap();
    assert!(!echo.nothing_is_held(), "a reply on its way holds its memory");
    within("the connection is closed", ended).await.unwrap();
    until("the memory of the reply is given back", || echo.nothing_is_held()).await;
    drop(unread);
}

#[tokio::test]
async fn a_large_reply_arrives_whole() {
    let echo = start(limits_for_large_bodies(), false);
    let (mut client, _ended) = echo.http2().await;
    let reply = client.send_request(request(vec![b'x'; LARGE / 2])).await.unwrap();
    assert_eq!(reply.into_body().collect().await.unwrap().to_bytes().len(), LARGE / 2);
    until("the memory of the reply is given back", || echo.nothing_is_held()).await;
}

#[tokio::test]
async fn a_connection_without_a_stream_is_closed_though_it_answers_pings() {
    let echo = start(impatient(), false);
    let (mut client, ended) = echo.http2().await;
    assert_eq!(client.send_request(request("hi")).await.unwrap().status(), 200);
    within("the connection is closed", ended).await.unwrap();
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let echo = start(Limits { headers: 4, ..Limits::default() }, false);
    let many = (0..9).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    let long = format!("x: {}\r\n", "a".repeat(100 * 1024));
    for headers in [many, long] {
        let mut stream = TcpStream::connect(echo.address).await.unwrap();
        let _ = stream.write_all(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()).await;
        let answer = rest(stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_their_turn() {
    let echo = start(Limits { connections: 1, ..Limits::default() }, true);
    let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    let first = echo.send(request).await;
    echo.arrived.notified().await;
    let second = echo.send(request).await;
    echo.gate.notify_one();
    assert!(rest(first).await.ends_with("hi"));
    echo.arrived.notified().await;
    echo.gate.notify_one();
    assert!(rest(second).await.ends_with("hi"));
}

#[tokio::test]
async fn shutting_down_lets_a_request_in_flight_finish_and_takes_no_new_one() {
    let echo = start(Limits::default(), true);
    let in_flight = echo.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    echo.arrived.notified().await;
    echo.stop.send(()).unwrap();
    until_refused(echo.address).await;
    echo.gate.notify_one();
    assert!(rest(in_flight).await.ends_with("hi"));
    echo.server.await.unwrap();
}

#[tokio::test]
async fn shutting_down_cuts_what_does_not_finish_in_time() {
    let echo = start(Limits { drain_time: Duration::from_millis(20), ..Limits::default() }, true);
    let stuck = echo.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    echo.arrived.notified().await;
    echo.stop.send(()).unwrap();
    echo.server.await.unwrap();
    assert_eq!(rest(stuck).await, "");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_shutdown() {
    let echo = start(Limits { drain_time: Duration::from_secs(600), ..Limits::default() }, false);
    let mut idle = echo.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).await.unwrap();
    echo.stop.send(()).unwrap();
    echo.server.await.unwrap();
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = taken.local_addr().unwrap();
    let message = bind(address).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{address} is already in use")), "{message}");
}

async fn until_refused(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_not_valid_http_is_refused_with_a_reason_and_counted() {
    let echo = start(Limits::default(), false);
    let good = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    for bad in ["GET /?x=<y> HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n"] {
        for before in ["", good] {
            let answer = rest(echo.send(&format!("{before}{bad}")).await).await;
            let refusal = &answer[answer.rfind("HTTP/1.1 ").unwrap()..];
            let (head, body) = refusal.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 400") && head.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
            assert!(body.starts_with("The request is not valid HTTP/1.1"), "{answer}");
        }
    }
    let counted = || {
        let mut registry = Registry::default();
        echo.meters.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text.contains(r#"requests_total{service="",outcome="refused",status="400"} 6"#)
    };
    until("each is counted", counted).await;
}

#[tokio::test]
async fn an_empty_reply_of_ours_is_not_taken_for_a_refusal_of_hypers() {
    let echo = start(Limits::default(), false);
    let two = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nx-status: 400\r\n\r\n".repeat(2);
    let answer = rest(echo.send(&format!("{two}POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")).await).await;
    assert_eq!((answer.matches("HTTP/1.1 400").count(), answer.matches("content-length: 0").count()), (2, 3), "{answer}");
}

/// Sends requests over one HTTP/2 connection, all with the same long header, which costs a byte each after the first; how many
/// are answered before the connection is to be left, and how many of those are marked.
async fn repeat(echo: &Echo, header: usize, body: usize) -> (usize, usize) {
    let (mut client, _ended) = echo.http2().await;
    let (mut answered, mut inflated) = (0, 0);
    for _ in 0..200 {
        let mut request = request(vec![b'x'; body]);
        request.headers_mut().insert("x-long", "x".repeat(header).parse().unwrap());
        let Ok(reply) = client.send_request(request).await else { break };
        answered += 1;
        inflated += usize::from(reply.headers().contains_key("x-inflated"));
    }
    (answered, inflated)
}

#[tokio::test]
async fn a_connection_that_repeats_headers_out_of_proportion_is_to_end_before_anything_is_refused() {
    let echo = start(Limits::default(), false);
    let (answered, inflated) = repeat(&echo, 3000, 0).await;
    assert!((5..40).contains(&answered) && inflated == 0, "{answered} answered, {inflated} marked");
    assert_eq!(repeat(&echo, 2000, 300).await, (200, 0), "a body beside them makes up for it");
}

#[test]
fn a_request_is_marked_once_a_connection_has_brought_too_much_for_what_it_has_sent() {
    let traffic = wire::Traffic::default();
    let marked = (0..100).map(|_| {
        let mut request = Request::get("/").header("x-long", "x".repeat(3000)).body(()).unwrap();
        traffic.begin(&mut request);
        request.extensions().get::<inbound::Inflated>().is_some()
    });
    assert_eq!(marked.filter(|marked| !marked).count(), 5, "the grace");
}
