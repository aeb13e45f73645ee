//! What requests feel while a plugin misbehaves beside them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::plugins;

use super::load::{self, Outcome, Plan, Until};

/// Functions of the plugin that tests torture, called as specs call them.
const MISDEEDS: [&str; 7] = ["endless()", "chatty()", "greedy()", "deep()", "aborts()", "panics('!')", "bytes(8388608)"];
/// Connections that send each of them.
const SENDERS: usize = 2;
/// Connections that are measured.
const CONNECTIONS: usize = 4;
/// Each sends so often, or when it is answered where that takes longer: what is measured is misdeeds, not a host at its limit.
const EVERY: Duration = Duration::from_millis(20);
/// Whom the plugin's uid extractor finds in every request.
const ACCOUNT: &str = "7";

/// One path that is measured, alone and beside misdeeds.
struct Measured {
    name: &'static str,
    path: String,
    alone: Vec<Outcome>,
    beside: Vec<Outcome>,
}

/// Turn by turn without and with misdeeds in the same host.
pub(crate) fn compare(installation: &Installation, turns: usize, seconds: u64) -> anyhow::Result<()> {
    let plugin = fs::read(plugins::of_tests("probe"))?;
    for service in ["misdeeds", "healthy"] {
        installation.write(service, "plugin.wasm", &plugin);
    }
    installation.spec("healthy", r#"{ "respond": { "body": "{{same(body.text)}}" } }"#);
    installation.spec("plain", r#"{ "respond": { "body": "{{body.text}}" } }"#);
    let misdeeds = misdeeds(installation);
    installation.connect("healthy", ACCOUNT, "file:/dev/null");
    let plain = installation.hook("plain", &[], "file:/dev/null");
    let mut measured = [Measured::new("without a plugin", plain), Measured::new("with another plugin", "/healthy".to_owned())];
    let host = installation.serve_with(&["--plugin-stops", "0"]);
    let time = || Until::Elapsed(Duration::from_secs(seconds));
    for _ in 0..turns {
        for measured in &mut measured {
            let plan = plan(&host, &measured.path, CONNECTIONS);
            measured.alone.push(load::run(&plan, time())?);
            measured.beside.push(beside(&host, &misdeeds, || load::run(&plan, time()))?);
        }
    }
    host.stop();
    println!(
        "beside a plugin that misbehaves in {} ways, milliseconds within which 50 and 99 of 100 requests are answered:",
        MISDEEDS.len()
    );
    measured.iter().for_each(Measured::print);
    Ok(())
}

/// A webhook for each misdeed. It fails in `output`, so that the sender is answered all the same.
fn misdeeds(installation: &Installation) -> Vec<String> {
    let path = |(number, call): (usize, &&str)| {
        let webhook = format!("misdeed-{number}");
        installation.write("misdeeds", &format!("webhooks/{webhook}.json"), format!(r#"{{ "output": "{{{{{call}}}}}" }}"#));
        format!("/misdeeds/{webhook}")
    };
    installation.connect("misdeeds", ACCOUNT, "file:/dev/null");
    MISDEEDS.iter().enumerate().map(path).collect()
}

/// Measures while every misdeed is done again and again.
fn beside(host: &Host, misdeeds: &[String], measure: impl FnOnce() -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    let done = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        for path in misdeeds {
            let plan = plan(host, path, SENDERS);
            let until = Until::Told(Arc::clone(&done));
            scope.spawn(move || load::run(&plan, until).expect("a misdeed is answered"));
        }
        let measured = measure();
        done.store(true, Ordering::Relaxed);
        measured
    })
}

fn plan(host: &Host, path: &str, connections: usize) -> Plan {
    let request = Request::json(path, format!(r#"{{"account":"{ACCOUNT}","text":"a parcel"}}"#)).header("connection", "keep-alive");
    Plan { address: host.address(), request: request.to_bytes(), connections, every: Some(EVERY) }
}

impl Measured {
    fn new(name: &'static str, path: String) -> Self {
        Self { name, path, alone: Vec::new(), beside: Vec::new() }
    }

    fn print(&self) {
        let [alone, beside] = [&self.alone, &self.beside].map(|turns| [0.5, 0.99].map(|share| median(turns, share)));
        let ratio = beside[1] / alone[1];
        println!(
            "{:<20} alone {:>6.2} {:>6.2}   beside {:>6.2} {:>6.2}   ratio of the last {ratio:.2}",
            self.name, alone[0], alone[1], beside[0], beside[1]
        );
    }
}

fn median(turns: &[Outcome], share: f64) -> f64 {
    let mut turns: Vec<f64> = turns.iter().map(|turn| turn.milliseconds(share)).collect();
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}
