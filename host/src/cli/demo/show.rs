//! How the demo prints: steps to standard error, the show to standard output; colours where `--color` has them.

use anstream::{eprintln, println};
use hookwright_webhook::{Reply, sample};
use http::StatusCode;
use serde_json::Value;

use super::checkout::Sample;
use super::receiver::Bundle;
use crate::cli::printable::on_one_line;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const CYAN: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

/// Lines of a body or bundle that are shown, and characters of each.
const LINES: usize = 14;
const WIDTH: usize = 140;

/// A step of the set-up that may take a while.
pub(super) fn step(what: &str) {
    eprintln!("{DIM}... {what}{PLAIN}");
}

/// A service's name.
pub(super) fn title(service: &str) {
    println!("\n{BOLD}{CYAN}=== {service} ==={PLAIN}");
}

/// What is sent.
pub(super) fn request(sample: &Sample, request: &sample::Request) {
    println!();
    if let Some(remark) = &sample.remark {
        println!("{DIM}# {remark}{PLAIN}");
    }
    println!("{BOLD}→ {} {}{PLAIN}  {DIM}{} bytes{PLAIN}", request.method, request.target, request.body.len());
    let signatures = request.headers.iter().filter(|(name, _)| name.contains("signature") && name != "x-hub-signature");
    for (name, value) in signatures {
        println!("{}", cut(&format!("  {name}: {value}")));
    }
}

/// What is answered.
pub(super) fn reply(reply: &Reply) {
    let colour = if reply.status < 400 { GREEN } else { RED };
    let reason = StatusCode::from_u16(reply.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    println!("{colour}← {} {reason}{PLAIN}  {}", reply.status, cut(&String::from_utf8_lossy(&reply.body)));
}

/// What is delivered.
pub(super) fn bundle(bundle: &Bundle) {
    println!("{GREEN}⇒ delivered{PLAIN}  {DIM}{}{PLAIN}", bundle.service);
    let text = format!("{:#}", bundle.json);
    let count = text.lines().count();
    for line in text.lines().take(LINES) {
        println!("  {}", cut(line));
    }
    if count > LINES {
        println!("  {DIM}... {} more lines{PLAIN}", count - LINES);
    }
}

/// That nothing is delivered, as it should be.
pub(super) fn nothing_delivered() {
    println!("{DIM}  nothing is delivered{PLAIN}");
}

/// That the host serves on, and how to try it.
pub(super) fn serving(url: &str) {
    println!("\n{BOLD}Serving on {url} until Ctrl-C.{PLAIN} Somebody who does not know the secret:");
    println!("  curl -i {url}/stripe -H 'content-type: application/json' -d '{}'", Value::Object(Default::default()));
}

fn cut(line: &str) -> String {
    let line = on_one_line(line);
    if line.chars().count() <= WIDTH {
        return line.into_owned();
    }
    line.chars().take(WIDTH - 3).chain("...".chars()).collect()
}
