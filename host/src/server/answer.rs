//! One request to one response; whatever fails becomes a response too.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Method, Request, Version};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::{Outgoing, Peer};
use crate::Host;
use crate::failure::Failure;
use crate::inbound::{self, Address, Lease};
use crate::receive::{Arrived, Receipt, receive};
use crate::services::{Found, Missing};
use crate::telemetry::Span;

/// Bytes that are taken for a reply before its request is: one that is stored should not fail for want of these.
pub const USUAL_REPLY: usize = 1024;

/// Answers one request and writes its line in the log.
pub async fn answer(host: Arc<Host>, mut request: Request<Incoming>, peer: Peer) -> Outgoing {
    let begun = Instant::now();
    let is_head = request.method() == Method::HEAD;
    if let Err(failure) = inbound::conform(&mut request, host.limits.headers) {
        let reply = nonconforming(&host, &failure, &request, peer);
        return if is_head { without_body(reply) } else { reply };
    }
    let reply = match host.services.route(request.uri().path(), &host.connections) {
        Ok(found) => {
            let result = hand_over(&host, &found, request, peer).await;
            log(&found, &result, begun);
            host.meters.answered(&found.service.name, &result, begun.elapsed());
            if let Ok(receipt @ Receipt { event: Some(event), .. }) = &result {
                host.telemetry.begin(event, || span(&found, receipt, begun));
            }
            result.map_or_else(|failure| failure.reply(), |receipt| receipt.reply)
        }
        Err(missing) => unrouted(&host, &missing, begun),
    };
    if is_head { without_body(reply) } else { reply }
}

/// Reads the request to its end and has it received.
async fn hand_over(host: &Arc<Host>, found: &Found, request: Request<Incoming>, peer: Peer) -> Result<Receipt, Failure> {
    let (parts, body) = request.into_parts();
    let address = Address::of(&parts, host.public_url.as_deref(), peer.secure);
    let mut memory = host.memory.lease(host.holder(peer.address.ip(), &found.service.name));
    memory.grow(USUAL_REPLY)?;
    let body = inbound::read(body, &parts.headers, &host.limits, &mut memory).await?;
    let arrived = Arrived { parts, address, body, remote_address: peer.address.ip().to_string() };
    let (receipt, memory) = receive(host, found, arrived, memory).await?;
    Ok(Receipt { reply: kept(receipt.reply, memory)?, ..receipt })
}

/// A reply whose body owns its part of the memory, until the last of it has left.
fn kept(reply: Outgoing, lease: Lease) -> Result<Outgoing, Failure> {
    let (head, mut body) = reply.into_parts();
    let whole = body.frame().now_or_never().flatten().and_then(|Ok(frame)| frame.into_data().ok()).unwrap_or_default();
    Ok(Outgoing::from_parts(head, Full::new(lease.keep(whole)?)))
}

/// The path is not logged: it may be a token with a slip in it.
fn unrouted(host: &Host, missing: &Missing, begun: Instant) -> Outgoing {
    let failure = match missing {
        Missing::Unknown => Failure::NotFound,
        Missing::Gone => Failure::Gone,
        Missing::NotLoaded => Failure::Unavailable("its service is not loaded; `hookwright services` says why".into()),
    };
    host.meters.lost(failure.status());
    tracing::info!(status = failure.status().as_u16(), ms = %Milliseconds(begun), "{failure}");
    failure.reply()
}

fn log(found: &Found, result: &Result<Receipt, Failure>, begun: Instant) {
    let (service, webhook, ms) = (found.service.name.as_str(), found.webhook().name(), Milliseconds(begun));
    match result {
        Ok(Receipt { outcome, recipients, bundles, failure: None, .. }) => {
            tracing::info!(service, webhook, ?outcome, recipients, bundles, %ms, "webhook");
        }
        Ok(Receipt { outcome, failure: Some(failure), .. }) => {
            tracing::warn!(service, webhook, ?outcome, cause = failure, %ms, "webhook");
        }
        Err(failure) if failure.status().is_server_error() => {
            tracing::error!(service, webhook, status = failure.status().as_u16(), cause = %failure, %ms, "webhook");
        }
        Err(failure) => {
            tracing::info!(service, webhook, status = failure.status().as_u16(), cause = %failure, %ms, "webhook");
        }
    }
}

/// A request as the beginning of its event's trace.
fn span(found: &Found, receipt: &Receipt, begun: Instant) -> Span {
    let attributes = vec![
        KeyValue::new("hookwright.service", found.service.name.clone()),
        KeyValue::new("hookwright.webhook", found.webhook().name().to_owned()),
        KeyValue::new("hookwright.outcome", receipt.outcome.word()),
        KeyValue::new("hookwright.bundles", i64::try_from(receipt.bundles).unwrap_or(i64::MAX)),
    ];
    Span { name: "accept", kind: SpanKind::Server, took: begun.elapsed(), attributes, failure: receipt.failure.clone() }
}

/// How long something took, to the microsecond, computed when it is printed.
struct Milliseconds(Instant);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0.elapsed().as_secs_f64() * 1000.0)
    }
}

/// The refusal of a request whose head breaks the rules. What follows it on an HTTP/1 connection may not be what it seems.
fn nonconforming(host: &Host, failure: &Failure, request: &Request<Incoming>, peer: Peer) -> Outgoing {
    host.meters.lost(failure.status());
    tracing::info!(status = failure.status().as_u16(), address = %peer.address.ip(), "{failure}");
    let mut reply = failure.reply();
    if request.version() < Version::HTTP_2 {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

/// What HEAD gets: the head of the reply, without a length, which it need not have (RFC 9110, 8.6) and some replies may not.
fn without_body(mut reply: Outgoing) -> Outgoing {
    *reply.body_mut() = Full::new(Bytes::new());
    reply
}
