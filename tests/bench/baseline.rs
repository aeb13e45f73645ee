//! The baseline: what somebody who needs just this one webhook would write with hyper, and write well.
//!
//! It reads the body, checks GitHub's HMAC-SHA256, parses the JSON with serde_json, picks four fields, appends body and
//! fields to a log with one fdatasync for all that wait, and answers.

use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const LONGEST_BODY: usize = 5 * 1024 * 1024;

/// Serves on a free port, printed as the host prints it, until the process is killed.
pub(crate) fn serve(directory: &Path, secret: &str) -> anyhow::Result<()> {
    let webhook = Arc::new(Webhook { secret: secret.to_owned(), log: Log::open(directory)? });
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(accept(webhook))
}

async fn accept(webhook: Arc<Webhook>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("baseline listens on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let webhook = Arc::clone(&webhook);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&webhook), request));
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

async fn answer(webhook: Arc<Webhook>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let status = webhook.receive(request).await.err().unwrap_or(StatusCode::OK);
    let mut response = Response::new(Full::from(status.canonical_reason().unwrap_or_default()));
    *response.status_mut() = status;
    Ok(response)
}

struct Webhook {
    secret: String,
    log: Log,
}

impl Webhook {
    async fn receive(&self, request: Request<Incoming>) -> Result<(), StatusCode> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        self.check(&head.headers, &body)?;
        let bundle = pick(&body).ok_or(StatusCode::BAD_REQUEST)?;
        self.log.append(body, bundle).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }

    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), StatusCode> {
        let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()?.strip_prefix("sha256="));
        let signature = signature.and_then(|text| hex::decode(text).ok()).ok_or(StatusCode::UNAUTHORIZED)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes keys of every length");
        mac.update(body);
        mac.verify_slice(&signature).map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

fn pick(body: &[u8]) -> Option<Vec<u8>> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let bundle = json!({
        "action": event["action"],
        "issue": event["issue"]["number"],
        "title": event["issue"]["title"],
        "repository": event["repository"]["full_name"],
    });
    serde_json::to_vec(&bundle).ok()
}

/// A log on disk, written by one thread.
struct Log(SyncSender<Record>);

struct Record {
    body: Bytes,
    bundle: Vec<u8>,
    written: oneshot::Sender<()>,
}

impl Log {
    fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let file = OpenOptions::new().create(true).append(true).open(directory.join("log"))?;
        let (sender, receiver) = sync_channel(8192);
        thread::spawn(move || write(file, &receiver));
        Ok(Self(sender))
    }

    /// Returns when the record is on disk.
    async fn append(&self, body: Bytes, bundle: Vec<u8>) -> Result<(), ()> {
        let (written, wait) = oneshot::channel();
        self.0.try_send(Record { body, bundle, written }).map_err(drop)?;
        wait.await.map_err(drop)
    }
}

/// Everything that has come while the last batch was being written is the next batch.
fn write(mut file: File, records: &Receiver<Record>) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Ok(first) = records.recv() {
        let batch: Vec<Record> = std::iter::once(first).chain(records.try_iter()).collect();
        buffer.clear();
        for record in &batch {
            for part in [&record.body[..], &record.bundle] {
                buffer.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
                buffer.extend_from_slice(part);
            }
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
        for record in batch {
            // Nobody waits any more when the sender has gone.
            let _ = record.written.send(());
        }
    }
    Ok(())
}
