//! A body from the wire into one piece of memory, under a limit of size, of time and of what all bodies share.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Body;
use hyper::header::EXPECT;

use super::memory::Lease;
use crate::failure::Failure;
use crate::server::Limits;

/// How long what is not taken is still read and dropped, so that the sender gets to read our answer.
const LINGER: Duration = Duration::from_secs(2);
/// And how much: so many times what a body may have.
const DROPPED: usize = 4;

/// Memory made ready for what is announced and has not arrived; an announcement costs its sender nothing.
const READY: usize = 256 * 1024;

/// Reads the whole body of a request with these headers, of which `lease` pays for every byte. One that came in one piece is
/// not copied.
pub async fn read<B>(mut body: B, headers: &HeaderMap, limits: &Limits, lease: &mut Lease) -> Result<Bytes, Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = limits.body_bytes;
    let announced = body.size_hint().lower() > limit as u64;
    // Asked first, as `Expect: 100-continue` asks, we say no before anything is sent.
    if announced && headers.contains_key(EXPECT) {
        return Err(Failure::TooLarge);
    }
    let whole = match announced {
        true => Err(Failure::TooLarge),
        false => tokio::time::timeout(limits.body_time, collect(&mut body, limit, lease)).await.unwrap_or(Err(Failure::TooSlow)),
    };
    if matches!(whole, Err(Failure::TooLarge | Failure::Unavailable(_))) {
        let _ = tokio::time::timeout(LINGER, discard(&mut body, limit.saturating_mul(DROPPED))).await;
    }
    whole
}

async fn collect<B: Body<Data = Bytes> + Unpin>(body: &mut B, limit: usize, lease: &mut Lease) -> Result<Bytes, Failure> {
    let first = next(body).await?.unwrap_or_default();
    let announced = body.size_hint();
    if announced.exact() == Some(0) && first.len() <= limit {
        lease.grow(first.len())?;
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + usize::try_from(announced.lower()).unwrap_or(0).min(limit).min(READY));
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        if whole.len() + bytes.len() > limit {
            return Err(Failure::TooLarge);
        }
        lease.grow(bytes.len())?;
        whole.extend_from_slice(&bytes);
        piece = next(body).await?;
    }
    Ok(whole.freeze())
}

/// The next piece with data in it; trailers are passed over.
async fn next<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Result<Option<Bytes>, Failure> {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Failure::Broken) };
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

async fn discard<B: Body<Data = Bytes> + Unpin>(body: &mut B, limit: usize) {
    let mut dropped = 0;
    while let Ok(Some(bytes)) = next(body).await {
        dropped += bytes.len();
        if dropped > limit {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::super::MemoryPool;
    use super::super::memory::tests::somebody;
    use super::*;
    use crate::shares::Holder;

    fn limits(body_bytes: usize) -> Limits {
        Limits { body_bytes, body_time: Duration::from_secs(60), ..Limits::default() }
    }

    fn pieces(pieces: &'static [&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(stream::iter(pieces).map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
    }

    async fn read<B: Body<Data = Bytes> + Unpin>(body: B, limits: &Limits) -> Result<Bytes, Failure> {
        super::read(body, &HeaderMap::new(), limits, &mut MemoryPool::new(1000).lease(somebody())).await
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let bytes = Bytes::from(vec![7; 100]);
        let whole = read(Full::new(bytes.clone()), &limits(100)).await.unwrap();
        assert_eq!(whole.as_ptr(), bytes.as_ptr());
    }

    #[tokio::test]
    async fn pieces_are_put_together_in_order() {
        assert_eq!(read(pieces(&["ab", "", "cd"]), &limits(4)).await.unwrap(), "abcd");
    }

    #[tokio::test]
    async fn a_body_of_the_very_limit_passes_and_one_byte_more_does_not() {
        assert!(read(Full::new(Bytes::from_static(b"1234")), &limits(4)).await.is_ok());
        assert!(matches!(read(Full::new(Bytes::from_static(b"12345")), &limits(4)).await, Err(Failure::TooLarge)));
        assert!(matches!(read(pieces(&["123", "45"]), &limits(4)).await, Err(Failure::TooLarge)));
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let stalled = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let limits = Limits { body_time: Duration::from_millis(1), ..limits(4) };
        assert!(matches!(read(stalled, &limits).await, Err(Failure::TooSlow)));
    }

    #[tokio::test]
    async fn bodies_share_their_memory_until_their_requests_are_answered() {
        let (none, limits, pool) = (HeaderMap::new(), limits(8), MemoryPool::new(9));
        let other = || pool.lease(Holder { service: "other".into(), ..somebody() });
        let (mut first, mut second) = (pool.lease(somebody()), other());
        assert!(super::read(pieces(&["123", "45"]), &none, &limits, &mut first).await.is_ok());
        for body in [pieces(&["123", "45"]), pieces(&["12345"])] {
            let refused = super::read(body, &none, &limits, &mut other()).await;
            assert!(matches!(refused, Err(Failure::Unavailable(_))), "{refused:?}");
        }
        assert!(super::read(Full::new(Bytes::from_static(b"1234")), &none, &limits, &mut second).await.is_ok(), "what is left");
        drop(first);
        assert!(super::read(pieces(&["12345"]), &none, &limits, &mut pool.lease(somebody())).await.is_ok());
    }

    #[tokio::test]
    async fn no_body_is_an_empty_one() {
        assert!(read(pieces(&[]), &limits(4)).await.unwrap().is_empty());
    }
}
