//! The sender: many connections, one request at a time on each, the next when the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is sent where.
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    /// A whole request.
    pub(crate) request: Vec<u8>,
    pub(crate) connections: usize,
    /// Every connection sends so often, and latencies count from when it should have; `None`: at once when it was answered.
    pub(crate) every: Option<Duration>,
}

/// When to stop.
pub(crate) enum Until {
    Elapsed(Duration),
    Requests(u64),
    Told(Arc<AtomicBool>),
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    elapsed: Duration,
    /// Of every request, in microseconds, ascending.
    latencies: Vec<u32>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency in milliseconds that this share of all requests did not exceed.
    pub(crate) fn milliseconds(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let micros = self.latencies.get((last as f64 * share).round() as usize);
        f64::from(*micros.unwrap_or(&0)) / 1000.0
    }
}

/// Sends until it is time to stop. Every answer has to be a 200. One thread, to leave the others to the server.
pub(crate) fn run(plan: &Plan, until: Until) -> anyhow::Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(send(plan, until))
}

async fn send(plan: &Plan, until: Until) -> anyhow::Result<Outcome> {
    let request: Arc<[u8]> = plan.request.as_slice().into();
    let quota = Arc::new(Quota { began: Instant::now(), until, taken: AtomicU64::new(0) });
    let mut connections = JoinSet::new();
    for _ in 0..plan.connections {
        connections.spawn(send_on_one(plan.address, Arc::clone(&request), plan.every, Arc::clone(&quota)));
    }
    let mut latencies = Vec::new();
    while let Some(sent) = connections.join_next().await {
        latencies.extend(sent??);
    }
    latencies.sort_unstable();
    Ok(Outcome { elapsed: quota.began.elapsed(), latencies })
}

struct Quota {
    began: Instant,
    until: Until,
    taken: AtomicU64,
}

impl Quota {
    /// Whether one more request is to be sent.
    fn take(&self) -> bool {
        match &self.until {
            Until::Elapsed(duration) => self.began.elapsed() < *duration,
            Until::Requests(count) => self.taken.fetch_add(1, Ordering::Relaxed) < *count,
            Until::Told(done) => !done.load(Ordering::Relaxed),
        }
    }
}

async fn send_on_one(address: SocketAddr, request: Arc<[u8]>, every: Option<Duration>, quota: Arc<Quota>) -> anyhow::Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(4096);
    let mut turns = every.map(tokio::time::interval);
    while quota.take() {
        let began = match &mut turns {
            Some(turns) => turns.tick().await.into_std(),
            None => Instant::now(),
        };
        stream.write_all(&request).await?;
        read_reply(&mut stream, &mut buffer).await?;
        latencies.push(u32::try_from(began.elapsed().as_micros())?);
    }
    Ok(latencies)
}

async fn read_reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
        let mut slots = [httparse::EMPTY_HEADER; 32];
        let mut reply = httparse::Response::new(&mut slots);
        let httparse::Status::Complete(head) = reply.parse(buffer)? else {
            continue;
        };
        let length = reply.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length: usize =
            length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok()).context("a reply without length")?;
        if buffer.len() < head + length {
            continue;
        }
        match reply.code {
            Some(200) => return Ok(()),
            code => bail!("answered {code:?}: {}", String::from_utf8_lossy(&buffer[head..])),
        }
    }
}
