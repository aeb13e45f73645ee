//! How the `http` sink connects: names resolved, addresses judged, through a proxy where one stands, TLS on top.

use std::error::Error;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::stream::Stream;
use crate::deliver::guard::Guard;
use crate::deliver::proxies::{Proxies, Proxy};
use crate::deliver::settings::HttpSettings;

type BoxError = Box<dyn Error + Send + Sync>;

/// Everything between a URL and a stream to its server.
pub(super) type Connector = HttpsConnector<Guarded>;

/// Connects to what the guard lets through.
pub(super) fn connector(settings: &HttpSettings, tls: ClientConfig) -> Connector {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { system: GaiResolver::new(), guard: settings.guard.clone() });
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(settings.connect_timeout));
    let guarded = Guarded { tcp, guard: settings.guard.clone(), proxies: settings.proxies.clone() };
    HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(guarded)
}

/// TLS that trusts what the operating system trusts; where that is nothing, https destinations fail and the reason is logged.
pub(crate) fn tls() -> ClientConfig {
    let versions = || {
        ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("ring offers the default protocol versions")
    };
    let trusting = versions().with_native_roots().unwrap_or_else(|error| {
        tracing::warn!(%error, "no certificate authority is known to this machine: https destinations cannot be reached");
        versions().with_root_certificates(RootCertStore::empty())
    });
    trusting.with_no_client_auth()
}

/// Judges every host before anything is connected to on its behalf.
#[derive(Clone)]
pub(super) struct Guarded {
    tcp: HttpConnector<Resolver>,
    guard: Guard,
    proxies: Proxies,
}

impl Service<Uri> for Guarded {
    type Response = Stream;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Stream, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(ready!(self.tcp.poll_ready(context))?))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            match this.proxies.before(&uri) {
                Some(proxy) => this.connect_through(&proxy, uri).await,
                None => this.connect(uri).await,
            }
        })
    }
}

impl Guarded {
    /// Judges a host that is an address itself here, since nothing resolves it; a name is judged as it resolves.
    async fn connect(mut self, uri: Uri) -> Result<Stream, BoxError> {
        self.guard.check_literal(uri.host().unwrap_or_default())?;
        Ok(Stream::direct(self.tcp.call(uri).await?))
    }

    /// The proxy's address is judged like any other. That of the destination is the proxy's to find: it is judged as it
    /// resolves here.
    async fn connect_through(mut self, proxy: &Proxy, uri: Uri) -> Result<Stream, BoxError> {
        let at = proxy.uri()?.clone();
        self.guard.check_for_proxy(uri.host().unwrap_or_default()).await?;
        self.guard.check_literal(at.host().unwrap_or_default())?;
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Stream::to_proxy(self.tcp.call(at).await?));
        }
        let mut tunnel = Tunnel::new(at, self.tcp);
        if let Some(authorization) = proxy.authorization() {
            tunnel = tunnel.with_auth(authorization);
        }
        Ok(Stream::direct(tunnel.call(uri).await?))
    }
}

/// Resolves names and gives only the addresses that may be connected to.
#[derive(Clone)]
pub(super) struct Resolver {
    system: GaiResolver,
    guard: Guard,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(ready!(self.system.poll_ready(context))?))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (resolving, guard) = (self.system.call(name.clone()), self.guard.clone());
        Box::pin(async move { Ok(guard.permitted(name.as_str(), resolving.await?)?.into_iter()) })
    }
}
