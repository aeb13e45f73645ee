//! One request over HTTP, whichever way it came: hyper in, the table in between, hyper out.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::answer::{Answer, Payload, Refused};
use super::event_stream;
use super::operator::Operator;
use super::route::Caller;
use super::router::{self, Call};
use crate::failure::RETRY_SECONDS;
use crate::metrics::CONTENT_TYPE as CONTENT_TYPE_OF_METRICS;

/// The media type of JSON that comes line by line.
pub(super) const LINES: &str = "application/x-ndjson";
/// What a request's body may have.
const BODY_BYTES: usize = 1 << 20;
/// How long a request's body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What goes back: in one piece, or as it comes.
pub(super) type Reply = Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>>;

/// Answers one request; the body of one that may not be made is not read. What is answered as it comes ends when `closing`'s sender is gone.
pub(super) async fn exchange(operator: &Operator, caller: Caller, request: Request<Incoming>, closing: watch::Receiver<()>) -> Reply {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    if let Err(refused) = router::judge(caller, &head.method, head.uri.path()) {
        return reply(refused.into(), closing);
    }
    let answer = match timeout(PATIENCE, Limited::new(body, BODY_BYTES).collect()).await {
        Ok(Ok(body)) => {
            let accept = head.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            router::answer(operator, Call { caller, method: &head.method, target, accept, body: &body.to_bytes() }).await
        }
        Ok(Err(error)) => Refused::bad(error.to_string()).into(),
        Err(_) => Refused::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time").into(),
    };
    reply(answer, closing)
}

/// An answer as HTTP has it.
pub(super) fn reply(answer: Answer, closing: watch::Receiver<()>) -> Reply {
    let (body, kind) = match answer.payload {
        Payload::Whole(mut json) => {
            json.push(b'\n');
            (Full::from(json).boxed_unsync(), "application/json")
        }
        Payload::Text(text) => (Full::from(text).boxed_unsync(), CONTENT_TYPE_OF_METRICS),
        Payload::Events(events) => (StreamBody::new(frames(events, closing)).boxed_unsync(), event_stream::CONTENT_TYPE),
        Payload::Lines(lines) => (StreamBody::new(frames(lines, closing)).boxed_unsync(), LINES),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match answer.status {
        StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))),
        _ => {}
    }
    response
}

fn frames(
    lines: mpsc::Receiver<Bytes>,
    mut closing: watch::Receiver<()>,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    let lines = stream::unfold(lines, |mut lines| async { lines.recv().await.map(|line| (Ok(Frame::data(line)), lines)) });
    lines.take_until(Box::pin(async move {
        // Nothing is ever sent: the sender goes.
        while closing.changed().await.is_ok() {}
    }))
}
