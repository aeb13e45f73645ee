//! The public listener: connections in under limits, an orderly end out. What is answered is the caller's business.

mod answer;
mod connection;
mod exchanges;
mod meters;
mod neighbours;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod tls;
mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use neighbours::{Neighbours, Place};

pub use answer::{USUAL_REPLY, answer};
pub use meters::Meters;
pub use tls::{TlsError, acceptor};

/// What goes back to a sender: always whole, never streamed.
pub type Outgoing = Response<Full<Bytes>>;

/// How much, and for how long, one sender may ask of us.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections served at once; more wait in the system's backlog.
    pub connections: usize,
    /// Connections from one address, or one IPv6 network of 64 bits; more are closed at once.
    pub connections_per_address: usize,
    /// Headers of one request.
    pub headers: usize,
    /// Bytes of one request's line and headers together.
    pub header_bytes: usize,
    /// How long a connection may take to bring the (next) request's headers. Connections on which
    /// nothing is open for as long are told to go, and cut if they are still there after as long again.
    pub header_time: Duration,
    /// Bytes of one body. Make's figure by default, 5 MiB.
    pub body_bytes: usize,
    /// Bytes that all requests share: a body until it is answered, what is made of it, its reply until that has left.
    pub memory_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long a sender may take nothing of a reply that is there for it.
    pub write_time: Duration,
    /// How long requests in flight may go on once the host shuts down.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 5_000,
            headers: 100,
            header_bytes: 64 * 1024,
            header_time: Duration::from_secs(20),
            body_bytes: 5 * 1024 * 1024,
            memory_bytes: 256 * 1024 * 1024,
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(20),
            drain_time: Duration::from_secs(20),
        }
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The sender's address, as the socket says; IPv4 as such, also on a listener for both.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by us.
    pub secure: bool,
}

/// Opens the listening socket; the error names the address and says what to do about the common causes.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address).map_err(|error| explain_bind(address, &error))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn explain_bind(address: SocketAddr, error: &io::Error) -> io::Error {
    let message = match error.kind() {
        io::ErrorKind::AddrInUse => format!("{address} is already in use by another process; choose another address"),
        io::ErrorKind::PermissionDenied => format!("not allowed to listen on {address}; ports below 1024 need a privilege"),
        io::ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine"),
        _ => format!("cannot listen on {address}: {error}"),
    };
    io::Error::new(error.kind(), message)
}

/// Serves `listener` until `shutdown` completes, then lets the requests in flight finish for at most
/// [`Limits::drain_time`]. `answer` makes the response of one request; those that are not valid HTTP are counted in `meters`.
pub async fn run<A, F, B>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Arc<Limits>,
    meters: Meters,
    answer: A,
    shutdown: impl Future<Output = ()>,
) where
    A: Fn(Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    let accept = async {
        let slots = Arc::new(Semaphore::new(limits.connections));
        let neighbours = Neighbours::new(limits.connections_per_address);
        loop {
            let (slot, place, stream, address) = next(&listener, &slots, &neighbours).await;
            while connections.try_join_next().is_some() {}
            let (tls, limits, meters) = (tls.clone(), limits.clone(), meters.clone());
            let (answer, closed) = (answer.clone(), closed.clone());
            connections.spawn(async move {
                connection::serve(stream, address, tls, (&limits, &meters), answer, closed).await;
                drop((slot, place));
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = shutdown => {}
    }
    drop(listener);
    drop(closed);
    drop(closing);
    drain(connections, limits.drain_time).await;
}

/// The next connection, once there is room for it. A failing accept (out of file descriptors, say) is waited out.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    neighbours: &Neighbours,
) -> (OwnedSemaphorePermit, Place, TcpStream, SocketAddr) {
    let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                // An IPv6 listener sees IPv4 addresses in its own notation.
                let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                if let Some(place) = neighbours.admit(address.ip()) {
                    return (slot, place, stream, address);
                }
            }
            Err(error) if is_about_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections, trying again");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
}

/// Waits for the connections to end by themselves; those that do not in time are cut.
async fn drain(mut connections: JoinSet<()>, time: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(time, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut connections that did not finish in time");
        connections.shutdown().await;
    }
}
