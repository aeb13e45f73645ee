//! What is answered while the disk keeps changes waiting, be it slow or taken up by a compaction.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::*;
use crate::connections::testing::{new_connection, stalled};

/// Changes that may wait.
const QUEUE: usize = 1024;

/// The whole answer to a request, as it came.
async fn answer(root: &std::path::Path, method: &str, target: &str, body: &Value) -> String {
    let mut stream = UnixStream::connect(root.join("control.sock")).await.unwrap();
    let body = body.to_string();
    let request = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_change_that_cannot_even_wait_is_refused_at_once_with_when_to_come_back_and_those_that_wait_are_made() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let (connections, stall) = stalled();
    let admin = serve(&directory, Arc::new(Operator { connections: connections.clone(), ..operator(&directory) })).unwrap();
    let begin = |id: usize| {
        let connections = connections.clone();
        let mut change = async move { connections.apply(new_connection(&id.to_string())).await }.boxed();
        assert_eq!((&mut change).now_or_never(), None);
        change
    };
    let mut waiting = vec![begin(0)];
    stall.wait();
    waiting.extend((1..=QUEUE).map(begin));

    let definition = json!({"connection": {"id": "c", "service": "slack", "uid": "T1"}});
    for (target, body) in [
        ("/connections", json!({"service": "slack", "uid": "T1"})),
        ("/hooks", json!({"service": "parcels", "to": "stdout:"})),
        ("/import", json!({"definitions": [definition]})),
    ] {
        let answer = answer(root.path(), "POST", target, &body).await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: 5\r\n"), "{target}: {answer}");
        let told = json!({"error": "too many changes are waiting for the disk", "help": "nothing was changed: try again in a few seconds"});
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body, told, "{target}");
    }
    drop(stall);
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
    assert_eq!(connections.counts(), (QUEUE + 1, 0));
    admin.shutdown().await;
}
