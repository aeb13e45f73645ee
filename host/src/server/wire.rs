//! What passes over one connection: how many bytes have come in, and hyper's own refusals with a reason in them.
//!
//! hyper answers what it cannot parse by itself, with a bare status. Its whole answer is one small write that begins no reply
//! of ours, so that it can be told from those and sent with one line that says what was wrong.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use hyper::Request;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::inbound::Inflated;

/// A connection's bytes, which somebody else counts too.
pub(super) struct Wire<I> {
    io: I,
    traffic: Arc<Traffic>,
    /// A refusal that is sent in place of hyper's.
    refusal: Bytes,
}

/// What has passed so far.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes that have come in.
    received: AtomicU64,
    /// Bytes of the headers of all requests, as they are once they have been decoded.
    decoded: AtomicU64,
    /// Requests that were handed on.
    handed_on: AtomicU64,
    /// Replies whose head has gone out.
    answered: AtomicU64,
    /// The connection had better end: its headers are about to be out of proportion.
    wants_end: Notify,
}

/// Bytes of requests that a connection may bring for each byte that has come in over it: HTTP/2 lets one byte stand for a
/// whole header that was sent before (RFC 7541), and what we store must stand in proportion to what somebody sends.
const MOST_INFLATED: u64 = 12;
/// What a connection may bring beyond that, once.
const GRACE: u64 = 16 << 10;
/// What a request counts beside its head: it is stored with an id, times and the ids of its bundles, some 250 bytes.
const AROUND_HEAD: u64 = 250;

impl Traffic {
    /// Notes a request that is handed on, and marks it [`Inflated`] where its headers are out of proportion. Before that the
    /// connection is to end in order, so that a client that only repeats itself makes a new one and hears no refusal.
    pub(super) fn begin<B>(&self, request: &mut Request<B>) {
        self.handed_on.fetch_add(1, Ordering::Relaxed);
        let size = head_size(request) + AROUND_HEAD;
        let decoded = self.decoded.fetch_add(size, Ordering::Relaxed) + size;
        let in_proportion = MOST_INFLATED * self.received.load(Ordering::Relaxed);
        if decoded > GRACE / 2 + in_proportion {
            self.wants_end.notify_one();
        }
        if decoded > GRACE + in_proportion {
            self.decoded.fetch_sub(size, Ordering::Relaxed);
            request.extensions_mut().insert(Inflated);
        }
    }

    /// Returns when the connection had better end.
    pub(super) async fn wants_end(&self) {
        self.wants_end.notified().await;
    }

    fn note_head(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn has_unanswered(&self) -> bool {
        self.handed_on.load(Ordering::Relaxed) > self.answered.load(Ordering::Relaxed)
    }
}

fn head_size<B>(request: &Request<B>) -> u64 {
    let authority = request.uri().authority().map_or(0, |authority| authority.as_str().len());
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (authority + target + headers) as u64
}

impl<I> Wire<I> {
    pub(super) fn new(io: I, traffic: Arc<Traffic>) -> Self {
        Self { io, traffic, refusal: Bytes::new() }
    }

    /// What is sent in place of these bytes, where they are hyper's own refusal.
    fn in_place_of(&self, bytes: &[u8]) -> Option<Bytes> {
        if !is_final_head(bytes) || self.traffic.has_unanswered() || !bytes.ends_with(b"\r\n\r\n") {
            return None;
        }
        let head = std::str::from_utf8(bytes).ok()?;
        let line = reason(head.get(9..12)?)?;
        let length = format!("content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n", line.len());
        let (before, after) = head.split_once("content-length: 0\r\n")?;
        Some(Bytes::from([before, &length, after, line].concat()))
    }
}

/// Whether a reply begins here, and not an interim one.
fn is_final_head(bytes: &[u8]) -> bool {
    let status = bytes.strip_prefix(b"HTTP/1.1 ").or_else(|| bytes.strip_prefix(b"HTTP/1.0 "));
    status.is_some_and(|status| !status.starts_with(b"1"))
}

/// What the sender is told where hyper gives this status.
fn reason(status: &str) -> Option<&'static str> {
    match status {
        "400" => Some(
            "The request is not valid HTTP/1.1: its first line or one of its headers cannot be read. In a URL, spaces, quotes, < and > must \
             be percent-encoded.",
        ),
        "414" => Some("The URL is too long."),
        "431" => Some("The headers are too large, or too many."),
        _ => None,
    }
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    fn poll_refuse(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(context, &self.refusal))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.refusal.advance(sent),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn note_written(&self, bytes: &[u8], written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(count)) if *count > 0) && is_final_head(bytes) {
            self.traffic.note_head();
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        self.traffic.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_refuse(context))?;
        if let Some(refusal) = self.in_place_of(bytes) {
            self.refusal = refusal;
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note_written(bytes, &written);
        written
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let [only] = parts {
            return self.poll_write(context, only);
        }
        ready!(self.poll_refuse(context))?;
        let written = Pin::new(&mut self.io).poll_write_vectored(context, parts);
        self.note_written(parts.first().map_or(&[], |part| part), &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refuse(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_refuse(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
