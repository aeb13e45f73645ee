//! The `http` sink against servers on loopback.

#![allow(clippy::unwrap_used)]

mod encrypted;
mod proxy;

use tokio::net::TcpListener;

use super::*;
use crate::connections::Secret;
use crate::deliver::Guard;
use crate::deliver::signature::signatures;
use crate::deliver::sink::Bundle;
use crate::deliver::testing::{Answer, Receiver, loopback};

fn secrets() -> [Secret; 1] {
    [Secret { text: "whsec_c2VjcmV0".into(), until_ms: None }]
}

const NOW_MS: u64 = 1_790_000_000_999;

fn client(timeout: Duration) -> Client {
    Client::new(&HttpSettings { guard: loopback(), timeout, ..HttpSettings::default() })
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
    sink.deliver(Delivery { bundle: &bundle, connection: Some("c1"), secrets: &secrets(), now_ms: NOW_MS }).await
}

async fn answered(status: u16, headers: &'static [(&'static str, &'static str)]) -> Result<(), Refusal> {
    let receiver = Receiver::start(move |_, _| Answer::Status(status, headers)).await;
    deliver(&client(Duration::from_secs(20)), &receiver.url("/")).await
}

fn reason(result: Result<(), Refusal>) -> String {
    result.unwrap_err().reason().to_owned()
}

/// Why there was no connection.
fn unreachable(result: Result<(), Refusal>) -> String {
    match result {
        Err(Refusal::Unreachable { reason }) => reason,
        other => panic!("there was a connection: {other:?}"),
    }
}

/// Why there was a connection and no reply.
fn unanswered(result: Result<(), Refusal>) -> String {
    match result {
        Err(Refusal::Unanswered { reason }) => reason,
        other => panic!("there was a reply, or no connection: {other:?}"),
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
    let signed = signatures(&secrets(), NOW_MS, "bundle-1", &got.body);
    assert!(signed.is_some() && got.header("webhook-signature") == signed.as_deref());
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
    assert_eq!(unanswered(result), "no reply within 20ms");
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
    let closed = unanswered(result);
    assert!(closed.contains("connection closed before message completed"), "{closed}");
    drop(listener);
    let refused = unreachable(deliver(&client, &url).await);
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

#[tokio::test]
async fn a_forbidden_address_is_never_connected_to_however_it_is_written() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new(&HttpSettings::default());
    for host in ["127.0.0.1", "localhost", "LOCALHOST.", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0", "u:p@127.0.0.1"] {
        let refused = reason(deliver(&client, &format!("http://{host}:{port}/")).await);
        assert!(refused.contains("unless `--allow-destinations`") || refused.contains("dns error: failed to lookup"), "{host}: {refused}");
    }
    assert!(futures_util::FutureExt::now_or_never(listener.accept()).is_none(), "nothing has connected");
}

#[tokio::test]
async fn a_name_that_the_operator_let_through_may_have_any_address() {
    let mut receiver = Receiver::willing().await;
    let guard = Guard::new(["localhost".parse().unwrap()]);
    let client = Client::new(&HttpSettings { guard, ..HttpSettings::default() });
    deliver(&client, &format!("http://localhost:{}/", receiver.address.port())).await.unwrap();
    receiver.next().await;
    assert!(reason(deliver(&client, &receiver.url("/")).await).contains("127.0.0.1 is a loopback address"));
}
