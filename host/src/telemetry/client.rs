//! How spans travel: the exporter's thread has no runtime, so that the host's makes the request.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::deliver::tls;

/// What a collector's answer may have.
const ANSWER_BYTES: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(super) struct Client {
    hyper: Hyper<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Client {
    pub(super) fn new() -> Self {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls()).https_or_http().enable_all_versions().build();
        Self { hyper: Hyper::builder(TokioExecutor::new()).build(connector), runtime: Handle::current() }
    }

    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = self.hyper.request(request.map(Full::new)).await?.into_parts();
        Ok(Response::from_parts(parts, Limited::new(body, ANSWER_BYTES).collect().await?.to_bytes()))
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.runtime.spawn(self.clone().send(request)).await?
    }
}
