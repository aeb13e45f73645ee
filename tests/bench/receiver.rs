//! A receiver that costs nothing but HTTP: it looks at each body and answers 200.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Listens on a free port until the process ends, on a thread of its own; gives its URL.
pub(crate) fn start(taken: impl Fn(&[u8]) + Send + Sync + 'static) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))).context("no port is to be had")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let taken = Arc::new(taken);
    thread::spawn(move || runtime.block_on(accept(listener, taken)));
    Ok(url)
}

async fn accept<T: Fn(&[u8]) + Send + Sync + 'static>(listener: TcpListener, taken: Arc<T>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let taken = Arc::clone(&taken);
        tokio::spawn(async move {
            let service = service_fn(move |request| take(request, Arc::clone(&taken)));
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

async fn take<T: Fn(&[u8])>(request: Request<Incoming>, taken: Arc<T>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off is sent again.
    if let Ok(body) = request.into_body().collect().await {
        taken(&body.to_bytes());
    }
    Ok(Response::new(Full::default()))
}
