//! The operators' interface on a TCP listener of its own, for those who have a token.
//!
//! Browsers are kept out: whatever a page might send comes with an `Origin`, or, where its name was made to lead here, with a
//! `Host` that is none of ours. Slow and many connections are dealt with as on the public listener.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::answer::{Refused, secrets_asked_for};
use super::exchange::{self, Reply, exchange};
use super::operator::Operator;
use super::route::Caller;
use super::tokens::Scope;
use crate::server::{self, Limits, Meters};

/// How the operators' interface is reached from afar.
pub struct Remote {
    /// Where.
    pub listener: TcpListener,
    /// By which host names, besides addresses and `localhost`.
    pub names: Vec<String>,
}

impl Remote {
    /// Connections at one time.
    pub const CONNECTIONS: usize = 256;
    /// And of one address, which may be a stranger's.
    const CONNECTIONS_PER_ADDRESS: usize = 64;
}

/// The listener at work.
pub struct RemoteAdmin {
    address: SocketAddr,
    closing: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// Serves the interface to whoever has a token. To be called on a runtime.
pub fn serve_remote(remote: Remote, tls: Option<TlsAcceptor>, limits: &Limits, operator: Arc<Operator>) -> anyhow::Result<RemoteAdmin> {
    anyhow::ensure!(
        !operator.tokens.is_empty(),
        "nobody could use the operators' interface, because there is no token yet; `hookwright tokens add NAME` makes one"
    );
    let address = remote.listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(remote.listener)?;
    let (closing, closed) = watch::channel(());
    let names: Arc<[String]> = remote.names.into();
    let answer = {
        let closed = closed.clone();
        move |request: Request<Incoming>, _| {
            let (operator, names, closed) = (operator.clone(), names.clone(), closed.clone());
            async move { answer(&operator, &names, request, closed).await }
        }
    };
    let connections_per_address = Remote::CONNECTIONS_PER_ADDRESS;
    let limits = Arc::new(Limits { connections: Remote::CONNECTIONS, connections_per_address, ..limits.clone() });
    let mut stopped = closed;
    let task =
        tokio::spawn(server::run(
            listener,
            tls,
            limits,
            Meters::default(),
            answer,
            async move { while stopped.changed().await.is_ok() {} },
        ));
    Ok(RemoteAdmin { address, closing, task })
}

impl RemoteAdmin {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new connections and lets answers end.
    pub async fn shutdown(self) {
        drop(self.closing);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the operators' listener did not end by itself");
        }
    }
}

/// Answers one request; what changes something, or asks to see secrets, has a line in the log that says whose token it was.
async fn answer(operator: &Operator, names: &[String], request: Request<Incoming>, closing: watch::Receiver<()>) -> Reply {
    let holder = match admitted(operator, names, &request) {
        Ok(holder) => holder,
        Err(refused) => return exchange::reply(refused.into(), closing),
    };
    let Some((token, scope)) = holder else { return exchange(operator, Caller::Stranger, request, closing).await };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let secrets = request.uri().query().and_then(secrets_asked_for);
    let reply = exchange(operator, Caller::Token(scope), request, closing).await;
    let status = reply.status().as_u16();
    match secrets {
        Some(secrets) => tracing::info!(%token, %method, %path, %secrets, status, "an operator asked from afar for secrets"),
        None if method != Method::GET => tracing::info!(%token, %method, %path, status, "an operator asked from afar"),
        None => {}
    }
    reply
}

/// Whose token there is, if there is one; an error for what a browser sends.
fn admitted<B>(operator: &Operator, names: &[String], request: &Request<B>) -> Result<Option<(String, Scope)>, Refused> {
    let headers = request.headers();
    if headers.contains_key(ORIGIN) {
        return Err(Refused::new(StatusCode::FORBIDDEN, "this is not for browsers"));
    }
    let named = request.uri().host().or_else(|| headers.get(HOST)?.to_str().ok());
    if !named.is_some_and(|host| is_ours(host, names)) {
        return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, "no such host is here")
            .with_help("use the address, or start the server with `--operators-name NAME`"));
    }
    Ok(bearer(headers).and_then(|token| operator.tokens.find(token)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a host, with its port or without, is an address, `localhost` or one of the names.
fn is_ours(host: &str, names: &[String]) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let address = without_port.trim_start_matches('[').trim_end_matches(']');
    let is = |name: &str| without_port.trim_end_matches('.').eq_ignore_ascii_case(name);
    address.parse::<IpAddr>().is_ok() || is("localhost") || names.iter().any(|name| is(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_names_that_were_told_are_ours() {
        let names = ["ops.example.org".to_owned()];
        for host in [
            "127.0.0.1:8081",
            "127.0.0.1",
            "[::1]:8081",
            "[::1]",
            "localhost:8081",
            "LOCALHOST",
            "ops.example.org:8081",
            "Ops.Example.Org.",
        ] {
            assert!(is_ours(host, &names), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8081", "ops.example.org.evil.example", "127.0.0.1.evil.example"] {
            assert!(!is_ours(host, &names), "{host}");
        }
    }

    #[test]
    fn a_token_is_what_follows_bearer() {
        let token = |value: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, http::HeaderValue::from_static(value))]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!([token("Basic abc"), token("Bearer"), token("")], [None, None, None]);
    }
}
