//! A destination for tests: an HTTP server on loopback that answers as it is told and keeps what it got.

#![allow(clippy::unwrap_used)]

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::guard::Guard;

/// Lets deliveries reach a [`Receiver`].
pub(crate) fn loopback() -> Guard {
    Guard::new(["127.0.0.1".parse().unwrap()])
}

/// A request that a [`Receiver`] got.
pub(crate) struct Got {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What to answer: a status and headers, nothing, ever, or the end of the connection.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Status(u16, &'static [(&'static str, &'static str)]),
    Never,
    Close,
}

/// A running server; it ends with the test's runtime.
pub(crate) struct Receiver {
    pub address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Got>,
}

impl Receiver {
    /// Starts a server that answers what `answer` says to the nth request (from 0).
    pub(crate) async fn start(answer: impl Fn(usize, &Got) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        let answer = std::sync::Arc::new(answer);
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (sender, answer, count) = (sender.clone(), answer.clone(), count.clone());
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (sender, answer, count) = (sender.clone(), answer.clone(), count.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let got = Got { path: head.uri.to_string(), headers: head.headers, body };
                        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        let what = answer(number, &got);
                        let _ = sender.send(got);
                        reply(what).await
                    }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, requests }
    }

    /// One that says 200 to everything.
    pub(crate) async fn willing() -> Self {
        Self::start(|_, _| Answer::Status(200, &[])).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request, as soon as it is there.
    pub(crate) async fn next(&mut self) -> Got {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), self.requests.recv()).await;
        next.expect("a request arrives").expect("the server runs")
    }

    /// Whether no further request has arrived so far.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

async fn reply(answer: Answer) -> io::Result<Response<Full<Bytes>>> {
    match answer {
        Answer::Never => std::future::pending().await,
        Answer::Close => Err(io::ErrorKind::ConnectionReset.into()),
        Answer::Status(status, headers) => {
            let mut reply = Response::new(Full::from("ok"));
            *reply.status_mut() = status.try_into().unwrap();
            for (name, value) in headers {
                reply.headers_mut().insert(*name, value.parse().unwrap());
            }
            Ok(reply)
        }
    }
}
