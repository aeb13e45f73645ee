//! What one request may use, and what all share: a sender harms nobody but himself.

use hookwright_tests::client::Request;
use hookwright_tests::wait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{answering, installation};

/// Hashes the whole body once for each item.
const COSTLY: &str =
    r#"{"iterate": "{{body}}", "output": "{{sha256(rawBody)}}", "respond": {"type": "text", "status": 202, "body": "taken"}}"#;
/// The same before anything is known of the sender.
const COSTLY_CONDITION: &str =
    r#"{"iterate": "{{body}}", "uid": "{{sha256(rawBody)}}", "condition": "{{parameters.secret = headers.secret}}"}"#;

fn items(count: usize) -> String {
    format!("[{}]", vec!["{}"; count].join(","))
}

fn form(fields: &[String]) -> Request {
    Request::new("POST", "/shop").header("content-type", "application/x-www-form-urlencoded").body(fields.join("&"))
}

#[test]
fn what_a_body_makes_of_itself_is_bounded_whatever_its_type() {
    let installation = installation();
    installation.spec("shop", r#"{"uid": "{{body.id}}"}"#);
    let host = installation.serve();
    let nested = host.send(&form(&vec![format!("a{}", "[]".repeat(31)); 9_999]));
    assert_eq!((nested.status, nested.text().contains("parts")), (400, true));
    let query = Request::new("POST", &format!("/shop?{}", "a&".repeat(12_000)));
    assert_eq!(host.send(&query).status, 400);
    host.stop();
    let host = installation.serve_with(&["--evaluation-memory", "1MiB"]);
    let refused = [
        Request::json("/shop", format!("[{}0]", "0,".repeat(200_000))),
        form(&(0..8_000).map(|n| format!("a[k{n}]=1")).collect::<Vec<_>>()),
        Request::new("POST", "/shop").header("content-type", "text/xml").body(format!("<a>{}</a>", "<b><c/></b>".repeat(20_000))),
        Request::new("POST", "/shop").header("content-type", "text/plain; charset=utf-16").body("ab".repeat(1 << 20)),
    ];
    for request in refused {
        assert_eq!(host.send(&request).status, 413, "{:?}", request.headers);
    }
    assert_eq!(host.send(&Request::json("/shop", r#"{"id": 1}"#)).status, 200);
}

#[test]
fn a_request_that_takes_too_long_is_refused_before_its_condition_holds_and_a_failed_event_afterwards() {
    let installation = installation();
    installation.spec("shop", COSTLY_CONDITION);
    installation.spec("costly", COSTLY);
    let path = installation.hook("costly", &[], "file:/dev/null");
    let host = installation.serve_with(&["--condition-time", "20ms", "--evaluation-time", "40ms"]);
    let body = items(10_000);
    let refused = host.send(&Request::json("/shop", &body));
    assert_eq!((refused.status, refused.text()), (422, "The request takes too much time.".to_owned()));
    let accepted = host.send(&Request::json(&path, &body));
    assert_eq!((accepted.status, accepted.text()), (202, "taken".to_owned()));
    let listed = installation.run(&["events", "list", "--json"]);
    assert_eq!(listed.matches("processor time").count(), 1, "{listed}");
}

/// A connection from one of the machine's own addresses.
async fn connect(from: &str, to: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_holds_bodies_back_leaves_memory_for_all_others() {
    let installation = installation();
    installation.spec("echo", &answering("hello"));
    let path = installation.hook("echo", &[], "file:/dev/null");
    let host = installation.serve_with(&["--request-memory", "160MiB"]);
    let head = format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 5 << 20);
    let almost = vec![b'x'; (5 << 20) - 1];
    let mut stalled = Vec::new();
    for _ in 0..40 {
        let mut stream = connect("127.0.0.2", host.address()).await;
        // Where its share is used up, the answer comes before the body has been read.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&almost).await;
        stalled.push(stream);
    }
    let refused = |stalled: &[TcpStream]| stalled.iter().any(|stream| stream.try_read(&mut [0; 12]).is_ok());
    wait::until_true("the address has used up its share", || refused(&stalled));
    for _ in 0..20 {
        let mut stream = connect("127.0.0.1", host.address()).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&almost).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }
}
