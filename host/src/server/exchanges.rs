//! What is open on one connection: requests that are being answered, replies that are on their way, and since when the
//! sender has taken nothing of one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use super::Limits;

/// Bytes that a reply is sent in at a time. A sender makes progress when it takes one.
const PIECE: usize = 16 * 1024;

/// All exchanges of a connection.
#[derive(Clone)]
pub(super) struct Exchanges(Arc<Mutex<Open>>);

struct Open {
    next: u64,
    progress: BTreeMap<u64, Progress>,
    /// When the last one ended, or the connection began.
    quiet_since: Instant,
}

struct Progress {
    /// Whether there is nothing to send until we have made more.
    ours: bool,
    /// Pieces of the reply that were handed over and have not left yet.
    leaving: usize,
    /// When the reply was made, or a piece was handed over or left.
    moved: Instant,
}

/// How a connection stands with its limits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Within them, and to be looked at again then.
    Well(Instant),
    /// Nothing has been open for [`Limits::header_time`].
    Idle,
    /// Nothing of a reply has been taken for [`Limits::write_time`].
    Stuck,
}

/// One request and its reply; over when the last piece of the reply has left, or the sender wants no more of it.
pub(super) struct Exchange {
    number: u64,
    all: Exchanges,
}

/// A reply's body, sent in pieces that know when they have left.
pub(super) struct Watched<B> {
    body: B,
    /// What is left of a frame of `body`.
    rest: Bytes,
    exchange: Arc<Exchange>,
}

/// Owned by the bytes of a piece, wherever they wait.
struct Piece {
    bytes: Bytes,
    exchange: Arc<Exchange>,
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Open { next: 0, progress: BTreeMap::new(), quiet_since: Instant::now() })))
    }

    /// A request that is to be answered.
    pub(super) fn begin(&self) -> Exchange {
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.progress.insert(number, Progress { ours: true, leaving: 0, moved: Instant::now() });
        Exchange { number, all: self.clone() }
    }

    /// How the connection stands at this moment.
    pub(super) fn standing(&self, now: Instant, limits: &Limits) -> Standing {
        let open = self.open();
        let idle_at = open.quiet_since + limits.header_time;
        let stuck_at = open.progress.values().filter_map(Progress::waits_since).min().map(|since| since + limits.write_time);
        let next_look = now + Self::between_looks(limits);
        match stuck_at {
            Some(stuck_at) if stuck_at <= now => Standing::Stuck,
            Some(stuck_at) => Standing::Well(stuck_at.min(next_look)),
            None if open.progress.is_empty() && idle_at <= now => Standing::Idle,
            None if open.progress.is_empty() => Standing::Well(idle_at.min(next_look)),
            None => Standing::Well(next_look),
        }
    }

    /// How long to wait at most before looking again: what begins after one look is seen in time by the next.
    pub(super) fn between_looks(limits: &Limits) -> Duration {
        limits.header_time.min(limits.write_time)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Since when it has been the sender's turn, if it is.
    fn waits_since(&self) -> Option<Instant> {
        (!self.ours || self.leaving > 0).then_some(self.moved)
    }
}

impl Exchange {
    /// The reply, from now on the sender's to take.
    pub(super) fn watch<B>(self, reply: Response<B>) -> Response<Watched<B>> {
        self.note(|progress| (progress.ours, progress.moved) = (false, Instant::now()));
        reply.map(|body| Watched { body, rest: Bytes::new(), exchange: Arc::new(self) })
    }

    fn note(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = self.all.open().progress.get_mut(&self.number) {
            change(progress);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut open = self.all.open();
        open.progress.remove(&self.number);
        open.quiet_since = Instant::now();
    }
}

impl<B> Watched<B> {
    /// The next piece of what is left.
    fn piece(&mut self) -> Bytes {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE));
        self.exchange.note(|progress| *progress = Progress { ours: false, leaving: progress.leaving + 1, moved: Instant::now() });
        Bytes::from_owner(Piece { bytes, exchange: self.exchange.clone() })
    }
}

impl<B: Body<Data = Bytes, Error = Infallible> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while self.rest.is_empty() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
                self.exchange.note(|progress| progress.ours = true);
                return Poll::Pending;
            };
            match frame.map(|Ok(frame)| frame.into_data()) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.exchange.note(|progress| (progress.leaving, progress.moved) = (progress.leaving - 1, Instant::now()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    const LATER: Duration = Duration::from_secs(1000);

    fn later(exchanges: &Exchanges) -> Standing {
        exchanges.standing(Instant::now() + LATER, &Limits::default())
    }

    #[test]
    fn a_connection_is_idle_only_while_nothing_is_open() {
        let exchanges = Exchanges::new();
        assert!(matches!(exchanges.standing(Instant::now(), &Limits::default()), Standing::Well(_)));
        assert_eq!(later(&exchanges), Standing::Idle);
        let exchange = exchanges.begin();
        assert!(matches!(later(&exchanges), Standing::Well(_)), "an answer may take its time");
        drop(exchange);
        assert_eq!(later(&exchanges), Standing::Idle);
    }

    #[tokio::test]
    async fn a_reply_is_open_until_its_last_piece_has_left() {
        let exchanges = Exchanges::new();
        let content = Bytes::from(vec![7; 2 * PIECE + 1]);
        let mut body = exchanges.begin().watch(Response::new(Full::new(content.clone()))).into_body();
        assert_eq!(later(&exchanges), Standing::Stuck, "nobody asks for it");
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
            let taken: usize = pieces.iter().map(Bytes::len).sum();
            assert_eq!(body.size_hint().exact(), Some((content.len() - taken) as u64));
        }
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(pieces.concat(), content);
        while let Some(piece) = pieces.pop() {
            assert_eq!(later(&exchanges), Standing::Stuck);
            drop(piece);
        }
        assert_eq!(later(&exchanges), Standing::Idle);
    }

    #[tokio::test]
    async fn a_reply_that_has_nothing_new_to_send_is_not_stuck_once_the_rest_has_left() {
        let exchanges = Exchanges::new();
        let frames = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a")))]);
        let endless = StreamBody::new(futures_util::StreamExt::chain(frames, stream::pending()));
        let mut body = exchanges.begin().watch(Response::new(endless)).into_body();
        let piece = body.frame().await.unwrap().unwrap();
        assert!(futures_util::FutureExt::now_or_never(body.frame()).is_none());
        assert_eq!(later(&exchanges), Standing::Stuck);
        drop(piece);
        assert!(matches!(later(&exchanges), Standing::Well(_)));
    }
}
