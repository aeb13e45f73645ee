//! How long a journal takes to open and how much memory it keeps for each event, against plain reads of the same bytes.
//!
//! Run by hand, on the disk that matters: `cargo run --release --example journal_open -- DIRECTORY --events 10000000`.
//! The directory must not be there yet; what is written stays in it. Of a hundred events one is not delivered. Opening is
//! measured three times, each in a process of its own: by the side files and the checkpoint, without side files, and without
//! a checkpoint either, where all events count as undelivered.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::future::try_join_all;
use hookwright::data_directory::DataDirectory;
use hookwright::journal::{DeliveryState, Event, Journal, Outcome, Retention, Settings, StoredBundle, StoredRequest, new_id};

const HOOKS: usize = 100;
const AT_ONCE: u64 = 1024;
/// What nobody asks to remove.
const EVERYTHING: Retention = Retention { age: Duration::MAX, bytes: u64::MAX };

type Outcomes<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcomes<()> {
    let arguments = arguments()?;
    let Arguments { directory, events, body, open, .. } = &arguments;
    if *open {
        return opened(directory);
    }
    fs::create_dir(directory)?;
    let began = Instant::now();
    write(&arguments).await?;
    println!("{events} events of {body} bytes written in {:.1} s, {} MiB on disk", began.elapsed().as_secs_f64(), size(directory)? >> 20);
    println!("plain reads of all segments: {}", timed(|| read_all(directory, "segment"))?);
    println!(
        "plain reads of side files and checkpoint: {}",
        timed(|| Ok(read_all(directory, "side")? + read_all(directory, "checkpoint")?))?
    );
    for (how, without) in [
        ("by side files and checkpoint", &[][..]),
        ("without side files", &["side"]),
        ("and without checkpoint", &["side", "checkpoint", "before"]),
    ] {
        without.iter().try_for_each(|kind| remove(directory, kind))?;
        let opened = Command::new(std::env::current_exe()?).arg(directory).arg("--open").output()?;
        print!("opened {how}: {}{}", String::from_utf8_lossy(&opened.stdout), String::from_utf8_lossy(&opened.stderr));
    }
    Ok(())
}

struct Arguments {
    directory: PathBuf,
    events: u64,
    body: usize,
    /// Each event has an id for `dedupe`.
    dedupe: bool,
    /// Only opens what is there.
    open: bool,
}

fn arguments() -> Outcomes<Arguments> {
    let usage = "usage: journal_open DIRECTORY [--events N] [--body BYTES] [--dedupe] [--open]";
    let mut given = std::env::args().skip(1);
    let directory = given.next().filter(|first| !first.starts_with('-')).ok_or(usage)?;
    let mut arguments = Arguments { directory: directory.into(), events: 1_000_000, body: 256, dedupe: false, open: false };
    while let Some(name) = given.next() {
        match name.as_str() {
            "--events" => arguments.events = given.next().ok_or(usage)?.parse()?,
            "--body" => arguments.body = given.next().ok_or(usage)?.parse()?,
            "--dedupe" => arguments.dedupe = true,
            "--open" => arguments.open = true,
            _ => return Err(usage.into()),
        }
    }
    Ok(arguments)
}

/// Stores the events, and has all but one in a hundred delivered.
async fn write(Arguments { directory, events, body, dedupe, .. }: &Arguments) -> Outcomes<()> {
    let events = *events;
    let journal = Journal::open(&DataDirectory::open(directory)?, Settings::default())?;
    let mut seq = 0;
    while seq < events {
        let some: Vec<_> = (seq..events.min(seq + AT_ONCE)).map(|number| event(number, *body, dedupe.then(|| new_id(number)))).collect();
        try_join_all(some.iter().map(|event| journal.append(event))).await?;
        for _ in &some {
            seq += 1;
            if seq % 100 != 0 {
                journal.record(seq, 0, &DeliveryState::Delivered);
            }
        }
        if seq % (AT_ONCE * 128) == 0 {
            journal.maintain(EVERYTHING, SystemTime::now(), |_| false)?;
        }
    }
    journal.maintain(EVERYTHING, SystemTime::now(), |_| false)?;
    Ok(())
}

fn event(number: u64, body: usize, dedupe: Option<String>) -> Event {
    let received_at = 1_790_000_000_000 + number;
    Event {
        id: new_id(received_at),
        received_at,
        service: "github".into(),
        webhook: "webhook".into(),
        outcome: Outcome::Accepted,
        request: StoredRequest { method: "POST".into(), url: "https://hooks.example/github".into(), ..StoredRequest::default() },
        body: Bytes::from(vec![b'x'; body]),
        dedupe,
        bundles: vec![StoredBundle {
            id: "b".into(),
            hook: format!("hook-{}", number as usize % HOOKS),
            json: Bytes::from_static(b"{\"action\":\"opened\"}"),
        }],
        unmatched: Vec::new(),
        replay_of: None,
    }
}

fn opened(directory: &Path) -> Outcomes<()> {
    let before = resident()?;
    let began = Instant::now();
    let journal = Journal::open(&DataDirectory::open(directory)?, Settings::default())?;
    let took = began.elapsed();
    let (memory, events) = (resident()?.saturating_sub(before), journal.recovery().records);
    println!("{:.3} s, {events} events, {} MiB, {} bytes an event", took.as_secs_f64(), memory >> 20, memory / events.max(1));
    Ok(())
}

fn timed(read: impl FnOnce() -> Outcomes<u64>) -> Outcomes<String> {
    let began = Instant::now();
    let bytes = read()?;
    Ok(format!("{:.3} s, {} MiB", began.elapsed().as_secs_f64(), bytes >> 20))
}

/// Reads the files of a kind and gives their bytes.
fn read_all(directory: &Path, kind: &str) -> Outcomes<u64> {
    let (mut bytes, mut buffer) = (0, vec![0; 1 << 20]);
    for path in files(directory, kind)? {
        let mut file = File::open(path)?;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => bytes += read as u64,
            }
        }
    }
    Ok(bytes)
}

fn remove(directory: &Path, kind: &str) -> Outcomes<()> {
    Ok(files(directory, kind)?.into_iter().try_for_each(fs::remove_file)?)
}

/// The journal's files whose name ends so.
fn files(directory: &Path, kind: &str) -> Outcomes<Vec<PathBuf>> {
    let mut files = Vec::new();
    for part in ["events", "deliveries"] {
        for entry in fs::read_dir(directory.join("journal").join(part))? {
            let path = entry?.path();
            files.extend(path.to_str().is_some_and(|path| path.ends_with(kind)).then_some(path));
        }
    }
    Ok(files)
}

fn size(directory: &Path) -> Outcomes<u64> {
    files(directory, "")?.iter().map(|path| Ok(path.metadata()?.len())).sum()
}

/// The memory of this process, in bytes.
fn resident() -> Outcomes<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no memory in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? << 10)
}
