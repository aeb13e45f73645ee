//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::exchanges::{Exchanges, Standing};
use super::wire::{Traffic, Wire};
use super::{Limits, Meters, Peer};

/// Streams of one HTTP/2 connection at a time.
const STREAMS: u32 = 256;

/// Serves one connection until it ends, or `closing`'s sender is gone and its requests in flight are answered.
pub(super) async fn serve<A, F, B>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    (limits, meters): (&Limits, &Meters),
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
        None => exchange(stream, peer, (limits, meters), answer, closing).await,
        Some(tls) => match tokio::time::timeout(limits.header_time, tls.accept(stream)).await {
            Ok(Ok(stream)) => exchange(stream, peer, (limits, meters), answer, closing).await,
            Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(%address, "TLS handshake took too long"),
        },
    }
}

async fn exchange<I, A, F, B>(io: I, peer: Peer, (limits, meters): (&Limits, &Meters), answer: A, mut closing: watch::Receiver<()>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let (exchanges, traffic) = (Exchanges::new(), Arc::<Traffic>::default());
    let service = service_fn({
        let (exchanges, traffic) = (exchanges.clone(), traffic.clone());
        move |mut request| {
            traffic.begin(&mut request);
            let exchange = exchanges.begin();
            let reply = answer(request, peer);
            async move { Ok::<Response<_>, Infallible>(exchange.watch(reply.await)) }
        }
    });
    let protocol = protocol(limits);
    let io = TokioIo::new(Wire::new(io, traffic.clone()));
    let mut connection = pin!(protocol.serve_connection(io, service));
    // hyper's own clocks start only once it knows the protocol, and stop while a reply is sent or a ping is answered.
    let mut clock = pin!(tokio::time::sleep(Exchanges::between_looks(limits)));
    let (mut open, mut parting) = (true, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                return ended.unwrap_or_else(|error| note_early_end(peer, error.as_ref(), meters));
            }
            _ = closing.changed(), if open => {
                open = false;
                connection.as_mut().graceful_shutdown();
            }
            () = traffic.wants_end(), if open && !parting => {
                parting = true;
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

/// What hyper cannot parse it has refused by itself.
fn note_early_end(peer: Peer, error: &(dyn Error + 'static), meters: &Meters) {
    let Some(unparsable) = error.downcast_ref::<hyper::Error>().filter(|error| error.is_parse()) else {
        return tracing::debug!(address = %peer.address, %error, "connection ended early");
    };
    let status = if unparsable.is_parse_too_large() { StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE } else { StatusCode::BAD_REQUEST };
    meters.lost(status);
    tracing::info!(status = status.as_u16(), address = %peer.address.ip(), cause = %unparsable, "a request that is not valid HTTP/1.1 was refused");
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
