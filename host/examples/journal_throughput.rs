//! How fast the journal stores events, against a bare loop that does nothing but write and sync.
//!
//! Run by hand, on the disk that matters: `cargo run --release --example journal_throughput -- DIRECTORY`.
//! The directory must not be there yet; what is written stays in it.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookwright::data_directory::DataDirectory;
use hookwright::journal::{Event, Journal, JournalError, Outcome, Settings, StoredBundle, StoredRequest};

const BODY: usize = 2048;
const TASKS: usize = 64;
/// Both take turns this often, because the speed of a shared disk changes from one second to the next.
const TURNS: u32 = 24;
const TURN: Duration = Duration::from_millis(250);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory: PathBuf = std::env::args_os().nth(1).ok_or("usage: journal_throughput DIRECTORY")?.into();
    fs::create_dir(&directory)?;
    let bare = File::create_new(directory.join("bare"))?;
    let journal = Arc::new(Journal::open(&DataDirectory::open(&directory.join("journal"))?, Settings::default())?);
    let (mut written, mut latencies) = (0, Vec::new());
    for _ in 0..TURNS {
        written = bare_loop(&bare, written)?;
        latencies.extend(journal_turn(&journal).await?);
    }
    latencies.sort();
    let per_second = |records: usize| records as f64 / (TURN * TURNS).as_secs_f64();
    let (bare, stored) = (per_second(written), per_second(latencies.len()));
    let [p50, p99] = [50, 99].map(|percent| latencies[(latencies.len() - 1) * percent / 100].as_micros());
    println!("bare {bare:.0}/s   journal {stored:.0}/s   ratio {:.2}   p50 {p50} us   p99 {p99} us", stored / bare);
    Ok(())
}

/// 64 records into a buffer, one write, one sync, again. Gives how many records the file holds then.
fn bare_loop(file: &File, mut records: usize) -> io::Result<usize> {
    let (record, start) = (vec![b'x'; BODY], Instant::now());
    let mut buffer = Vec::new();
    while start.elapsed() < TURN {
        buffer.clear();
        (0..TASKS).for_each(|_| buffer.extend_from_slice(&record));
        file.write_all_at(&buffer, (records * BODY) as u64)?;
        file.sync_data()?;
        records += TASKS;
    }
    Ok(records)
}

/// 64 tasks, each storing one event after the other. Gives how long each took.
async fn journal_turn(journal: &Arc<Journal>) -> Result<Vec<Duration>, Box<dyn Error>> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(store(Arc::clone(journal), start))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(latencies)
}

async fn store(journal: Arc<Journal>, start: Instant) -> Result<Vec<Duration>, JournalError> {
    let (event, mut latencies) = (event(), Vec::new());
    while start.elapsed() < TURN {
        let before = Instant::now();
        journal.append(&event).await?;
        latencies.push(before.elapsed());
    }
    Ok(latencies)
}

fn event() -> Event {
    Event {
        id: "0123456789abcdefghij".into(),
        received_at: 1_790_000_000_000,
        service: "github".into(),
        webhook: "webhook".into(),
        outcome: Outcome::Accepted,
        request: StoredRequest { method: "POST".into(), url: "https://hooks.example/github".into(), ..StoredRequest::default() },
        body: Bytes::from(vec![b'x'; BODY]),
        dedupe: None,
        bundles: vec![StoredBundle { id: "b".into(), hook: "h".into(), json: Bytes::from_static(b"{\"action\":\"opened\"}") }],
        unmatched: Vec::new(),
        replay_of: None,
    }
}
