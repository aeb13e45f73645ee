//! Deliveries through proxies, and what the guard has to say about them.

use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::encrypted::{Server, trusting};
use super::*;
use crate::deliver::Proxies;

/// Settings that let these through and have one proxy before everything but what `no` names.
fn settings(allowed: &[&str], proxy: &str, no: &str) -> HttpSettings {
    let guard = Guard::new(allowed.iter().map(|text| text.parse().unwrap()));
    HttpSettings { guard, proxies: Proxies::new(Matcher::builder().all(proxy).no(no).build()), ..HttpSettings::default() }
}

/// Takes one tunnel to wherever it is asked to, and gives what it was asked with.
async fn tunnel(proxy: TcpListener) -> String {
    let (mut client, _) = proxy.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap().to_owned();
    let mut server = TcpStream::connect(target).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
    head
}

#[tokio::test]
async fn a_proxy_passes_on_what_is_not_encrypted_and_is_shown_its_credentials() {
    let mut proxy = Receiver::willing().await;
    let url = format!("http://user:word@{}", proxy.address);
    let client = Client::new(&settings(&["127.0.0.1", "receiver.internal"], &url, ""));
    deliver(&client, "http://u:p@receiver.internal/in?x=1").await.unwrap();
    let got = proxy.next().await;
    assert_eq!((got.path.as_str(), got.header("host")), ("http://receiver.internal/in?x=1", Some("receiver.internal")));
    assert_eq!(got.header("proxy-authorization"), Some("Basic dXNlcjp3b3Jk"));
    assert_eq!(got.header("authorization"), Some("Basic dTpw"));
}

#[tokio::test]
async fn what_is_encrypted_goes_through_a_tunnel_and_the_destination_sees_nothing_of_the_proxy() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://user:word@{}", listener.local_addr().unwrap());
    let client = Client::with_tls(&settings(&["127.0.0.1", "localhost"], &url, ""), trusting());
    let head = tokio::spawn(tunnel(listener));
    deliver(&client, &server.url()).await.unwrap();
    let head = head.await.unwrap();
    assert!(head.starts_with(&format!("CONNECT localhost:{} HTTP/1.1\r\n", server.port)), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n"), "{head}");
    assert_eq!(server.requests.lock().unwrap()[0].headers().get(PROXY_AUTHORIZATION), None);
}

#[tokio::test]
async fn a_destination_that_needs_no_proxy_is_connected_to() {
    let mut receiver = Receiver::willing().await;
    let client = Client::new(&settings(&["127.0.0.1"], "http://127.0.0.1:1", "127.0.0.0/8"));
    deliver(&client, &receiver.url("/direct")).await.unwrap();
    assert_eq!(receiver.next().await.path, "/direct");
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_what_the_guard_forbids_or_cannot_judge() {
    let mut proxy = Receiver::willing().await;
    let url = format!("http://{}", proxy.address);
    let client = Client::new(&settings(&["127.0.0.1"], &url, ""));
    let metadata = unreachable(deliver(&client, "http://169.254.169.254/latest").await);
    assert!(metadata.contains("169.254.169.254 is the address of a cloud's metadata service"), "{metadata}");
    // A name that no resolver has to be asked about: its label is too long.
    let unknown = unreachable(deliver(&client, &format!("http://{}.internal/", "x".repeat(64))).await);
    assert!(unknown.contains("has no address here") && unknown.contains("lets it through by its name"), "{unknown}");
    assert!(proxy.is_idle());
}

#[tokio::test]
async fn a_name_is_asked_for_only_if_every_address_of_it_may_be_connected_to() {
    let mut proxy = Receiver::willing().await;
    // `localhost` has 127.0.0.1 and perhaps ::1, of which neither is let through.
    let client = Client::new(&settings(&["127.0.0.2"], &format!("http://{}", proxy.address), ""));
    let refused = unreachable(deliver(&client, "http://localhost:9/").await);
    assert!(refused.contains("localhost is at ") && refused.contains("a loopback address"), "{refused}");
    assert!(proxy.is_idle());
}

#[tokio::test]
async fn the_address_of_a_proxy_has_to_be_let_through_as_well() {
    let mut proxy = Receiver::willing().await;
    let client = Client::new(&settings(&["receiver.internal"], &format!("http://{}", proxy.address), ""));
    let refused = unreachable(deliver(&client, "http://receiver.internal/").await);
    assert!(refused.contains("127.0.0.1 is a loopback address"), "{refused}");
    assert!(proxy.is_idle());
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_a_reason_and_never_passed_by() {
    let mut receiver = Receiver::willing().await;
    let client = Client::new(&settings(&["127.0.0.1"], "socks5://127.0.0.1:1080", ""));
    let reason = unreachable(deliver(&client, &receiver.url("/")).await);
    assert!(reason.contains("a proxy by `socks5://`, and only `http://` proxies can be used"), "{reason}");
    assert!(receiver.is_idle());
}
