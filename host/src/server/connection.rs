//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::exchanges::{Exchanges, Standing};
use super::{Limits, Peer};

/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 256;

/// Serves one connection until it ends, or `closing`'s sender is gone and its requests in flight are answered.
pub(super) async fn serve<A, F, B>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    limits: &Limits,
    answer: A,
    closing: watch::Receiver<()>,
) where
    A: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    // Replies are one small write each: waiting for more to send would only add delay.
    let _ = stream.set_nodelay(true);
    let peer = Peer { address, secure: tls.is_some() };
    match tls {
        None => exchange(TokioIo::new(stream), peer, limits, answer, closing).await,
        Some(tls) => match tokio::time::timeout(limits.header_time, tls.accept(stream)).await {
            Ok(Ok(stream)) => exchange(TokioIo::new(stream), peer, limits, answer, closing).await,
            Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "TLS handshake took too long"),
        },
    }
}

async fn exchange<I, A, F, B>(io: I, peer: Peer, limits: &Limits, answer: A, mut closing: watch::Receiver<()>)
where
    I: Read + Write + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let exchanges = Exchanges::new();
    let service = service_fn({
        let exchanges = exchanges.clone();
        move |request| {
            let exchange = exchanges.begin();
            let reply = answer(request, peer);
            async move { Ok::<Response<_>, Infallible>(exchange.watch(reply.await)) }
        }
    });
    let protocol = protocol(limits);
    let mut connection = pin!(protocol.serve_connection(io, service));
    // hyper's own clocks start only once it knows the protocol, and stop while a reply is sent or a ping is answered.
    let mut clock = pin!(tokio::time::sleep(Exchanges::between_looks(limits)));
    let (mut open, mut parting) = (true, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(address = %peer.address, %error, "connection ended early");
                }
                return;
            }
            _ = closing.changed(), if open => {
                open = false;
                connection.as_mut().graceful_shutdown();
            }
            () = clock.as_mut() => match exchanges.standing(Instant::now(), limits) {
                Standing::Well(until) => clock.as_mut().reset(until),
                Standing::Idle if !parting => {
                    parting = true;
                    connection.as_mut().graceful_shutdown();
                    clock.as_mut().reset(Instant::now() + limits.header_time);
                }
                Standing::Idle => return,
                Standing::Stuck => return tracing::debug!(address = %peer.address, "closed: a reply was not taken in time"),
            }
        }
    }
}

fn protocol(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(limits.headers)
        // Headers must fit the read buffer, which hyper wants to be at least this large.
        .max_buf_size(limits.header_bytes.max(8 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(limits.header_time)
        .keep_alive_timeout(limits.header_time);
    builder
}
