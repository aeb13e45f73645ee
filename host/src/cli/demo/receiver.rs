//! Where the demo's bundles go: an HTTP server that hands on what it is sent.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A delivered bundle.
pub(super) struct Bundle {
    /// What the delivery's headers say it is from.
    pub(super) service: String,
    pub(super) json: Value,
}

/// A running receiver; it ends with the runtime.
pub(super) struct Receiver {
    address: SocketAddr,
    bundles: mpsc::UnboundedReceiver<Bundle>,
}

impl Receiver {
    /// Listens on a free port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot start the receiver")?;
        let address = listener.local_addr()?;
        let (sender, bundles) = mpsc::unbounded_channel();
        tokio::spawn(accept(listener, sender));
        Ok(Self { address, bundles })
    }

    /// Where to deliver to.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The next bundle that arrives.
    pub(super) async fn next(&mut self) -> Bundle {
        match self.bundles.recv().await {
            Some(bundle) => bundle,
            // The task that accepts has ended: nothing arrives any more.
            None => std::future::pending().await,
        }
    }
}

async fn accept(listener: TcpListener, sender: mpsc::UnboundedSender<Bundle>) {
    while let Ok((stream, _)) = listener.accept().await {
        let sender = sender.clone();
        let answer = service_fn(move |request| receive(request, sender.clone()));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn receive(request: Request<Incoming>, sender: mpsc::UnboundedSender<Bundle>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let service = request.headers().get("hookwright-service").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    // Nobody looks any more when the demo has ended.
    let _ = sender.send(Bundle { service, json });
    Ok(Response::new(Empty::new()))
}
