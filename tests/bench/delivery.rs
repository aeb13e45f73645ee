//! How long a webhook is on its way to a receiver, and how many arrive a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::wait;

use super::load::{self, Plan, Until};
use super::{Arguments, receiver};

/// Requests a second while the way of each is measured: what a busy sender sends, and not what a host can bear.
const A_SECOND: u32 = 200;
/// Requests whose deliveries are counted.
const MANY: u64 = 20_000;

pub(crate) fn measure(arguments: &Arguments, installation: &Installation) -> anyhow::Result<()> {
    installation.spec("numbers", r#"{ "output": { "n": "{{body.n}}" } }"#);
    way(arguments, installation)?;
    throughput(arguments, installation)
}

/// When each request was sent, and how long it took until its bundle had arrived.
#[derive(Default)]
struct Ways {
    sent: Vec<Instant>,
    took: Vec<Duration>,
}

/// One request after the other, at a steady pace.
fn way(arguments: &Arguments, installation: &Installation) -> anyhow::Result<()> {
    let ways = Arc::new(Mutex::new(Ways::default()));
    let arrived = Arc::clone(&ways);
    let url = receiver::start(move |body| lock(&arrived).arrived(body))?;
    let path = installation.hook("numbers", &[], &url);
    let host = installation.serve();
    let count = A_SECOND * u32::try_from(arguments.seconds)?;
    let (start, mut accepted) = (Instant::now(), Vec::new());
    for n in 0..count {
        std::thread::sleep((start + n * Duration::from_secs(1) / A_SECOND).saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        lock(&ways).sent.push(sent);
        let reply = host.send(&Request::json(&path, format!(r#"{{"n":{n}}}"#)));
        anyhow::ensure!(reply.status == 200, "answered {}", reply.status);
        accepted.push(sent.elapsed());
    }
    wait::until_true("every bundle has arrived", || lock(&ways).took.len() == count as usize);
    println!("from a request to, at {A_SECOND} a second       p50 ms     p99 ms");
    print("its reply", accepted);
    print("its bundle at the receiver", std::mem::take(&mut lock(&ways).took));
    host.stop();
    Ok(())
}

impl Ways {
    fn arrived(&mut self, body: &[u8]) {
        let number = std::str::from_utf8(body).ok().and_then(|text| text.strip_prefix("{\"n\":")?.strip_suffix('}')?.parse::<usize>().ok());
        // A repeat would be counted twice: the host is not killed here, so there is none.
        if let Some(sent) = number.and_then(|number| self.sent.get(number)) {
            self.took.push(sent.elapsed());
        }
    }
}

/// As fast as the host takes them.
fn throughput(arguments: &Arguments, installation: &Installation) -> anyhow::Result<()> {
    let count = Arc::new(AtomicU64::new(0));
    let arrived = Arc::clone(&count);
    let url = receiver::start(move |_| {
        arrived.fetch_add(1, Ordering::Relaxed);
    })?;
    let path = installation.hook("numbers", &[], &url);
    let host = installation.serve();
    let start = Instant::now();
    load::run(&plan(&host, &path, arguments.connections()), Until::Requests(MANY))?;
    let accepted = start.elapsed();
    wait::until_true("every bundle has arrived", || count.load(Ordering::Relaxed) >= MANY);
    let rate = |took: Duration| MANY as f64 / took.as_secs_f64();
    println!("{MANY} webhooks to one receiver: accepted {:.0}/s, delivered {:.0}/s\n", rate(accepted), rate(start.elapsed()));
    host.stop();
    Ok(())
}

fn plan(host: &Host, path: &str, connections: usize) -> Plan {
    let request = Request::json(path, r#"{"n":1}"#).header("connection", "keep-alive");
    Plan { address: host.address(), request: request.to_bytes(), connections, every: None }
}

fn print(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let within = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("  {what:<34} {:>10.2} {:>10.2}", within(50), within(99));
}

fn lock(ways: &Mutex<Ways>) -> MutexGuard<'_, Ways> {
    ways.lock().unwrap_or_else(PoisonError::into_inner)
}
