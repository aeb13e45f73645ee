//! Deliveries over TLS.

use std::path::Path;
use std::sync::{Arc, Mutex};

use http::Version;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::ring;

use super::*;
use crate::server::acceptor;

fn test_file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server").join(name)
}

/// Trusts the key pair of the tests, which is for `localhost`.
pub(super) fn trusting() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(test_file("test-certificate.pem")).unwrap()).unwrap();
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    versions.unwrap().with_root_certificates(roots).with_no_client_auth()
}

/// A server that speaks HTTP/2 or HTTP/1.1 over TLS, answers 200 and keeps what it was asked, without bodies.
pub(super) struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Request<()>>>>,
    pub connections: Arc<Mutex<usize>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let server = Self { port, requests: requests.clone(), connections: connections.clone() };
        let tls = acceptor(&test_file("test-certificate.pem"), &test_file("test-key.pem")).unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *connections.lock().unwrap() += 1;
                let (tls, requests) = (tls.clone(), requests.clone());
                let answer = move |request: Request<Incoming>| {
                    requests.lock().unwrap().push(request.map(|_| ()));
                    async { Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("ok"))) }
                };
                tokio::spawn(async move {
                    let stream = TokioIo::new(tls.accept(stream).await.unwrap());
                    auto::Builder::new(TokioExecutor::new()).serve_connection(stream, hyper::service::service_fn(answer)).await
                });
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}/in", self.port)
    }
}

fn client(timeout: Duration) -> Client {
    let guard = Guard::new(["localhost".parse().unwrap()]);
    Client::with_tls(&HttpSettings { guard, timeout, ..HttpSettings::default() }, trusting())
}

#[tokio::test]
async fn a_server_that_can_gets_many_attempts_at_a_time_over_one_http_2_connection() {
    let server = Server::start().await;
    let client = client(Duration::from_secs(20));
    deliver(&client, &server.url()).await.unwrap();
    let many = futures_util::future::join_all((0..16).map(|_| {
        let (client, url) = (&client, server.url());
        async move { deliver(client, &url).await }
    }));
    assert!(many.await.iter().all(Result::is_ok));
    let requests = server.requests.lock().unwrap();
    assert!(requests.len() == 17 && requests.iter().all(|request| request.version() == Version::HTTP_2), "{requests:?}");
    assert_eq!(*server.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let server = Server::start().await;
    let guard = Guard::new(["localhost".parse().unwrap()]);
    let nobody = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let nobody = nobody.unwrap().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let client = Client::with_tls(&HttpSettings { guard, ..HttpSettings::default() }, nobody);
    let reason = unreachable(deliver(&client, &server.url()).await);
    assert!(reason.contains("invalid peer certificate"), "{reason}");
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_is_given_up() {
    let silent = TcpListener::bind("localhost:0").await.unwrap();
    let url = format!("https://localhost:{}/", silent.local_addr().unwrap().port());
    assert_eq!(unreachable(deliver(&client(Duration::from_millis(20)), &url).await), "no connection within 20ms");
}
