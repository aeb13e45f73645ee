//! The hot path on a real GitHub payload of 11.6 KB: reading it, and making a bundle of six of its fields.
//!
//! `cargo bench -p hookwright-iml`. Each figure is the best of many batches, which other work on the machine
//! disturbs least. What it is compared with is what one would write by hand over `serde_json::Value`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hookwright_iml::{Date, Environment, Limits, NoCustom, Scope, Template, Value, Zone, json};

const PAYLOAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/bench/payload/issues.json");

const OUTPUT: &str = r#"{
    "action": "{{body.action}}",
    "number": "{{body.issue.number}}",
    "title": "{{body.issue.title}}",
    "url": "{{body.issue.html_url}}",
    "repository": "{{body.repository.full_name}}",
    "sender": "{{body.sender.login}}"
}"#;

fn main() {
    let payload = std::fs::read_to_string(PAYLOAD).unwrap();
    println!("{} bytes", payload.len());
    reading(&payload);
    output(&payload);
    expressions(&payload);
}

fn reading(payload: &str) {
    let by_hand = time("serde_json::Value", || serde_json::from_str::<serde_json::Value>(black_box(payload)).unwrap());
    let ours = time("json::Document", || json::Document::parse(black_box(payload)).unwrap());
    ratio("reading", ours, by_hand);
}

fn output(payload: &str) {
    let document = json::Document::parse(OUTPUT).unwrap();
    let (template, _) = Template::compile_tree(document.root(), &NoCustom).unwrap();
    let environment = environment();
    let value: serde_json::Value = serde_json::from_str(payload).unwrap();
    assert_eq!(bundle(&template, payload, &environment), bundle_by_hand(&value));

    let body = json::Document::parse(payload).unwrap();
    let by_hand = time("six fields by hand", || bundle_by_hand(black_box(&value)));
    let scope = Body { body: Value::from_json(body.root()), environment: &environment };
    let ours = time("six fields by template", || written(&template, black_box(&scope)));
    ratio("six fields of a body that has been read", ours, by_hand);

    let by_hand = time("read, six fields, by hand", || bundle_by_hand(&serde_json::from_str(black_box(payload)).unwrap()));
    let ours = time("read, six fields, by template", || bundle(&template, black_box(payload), &environment));
    ratio("six fields from bytes", ours, by_hand);
}

fn bundle(template: &Template, payload: &str, environment: &Environment) -> Vec<u8> {
    let body = json::Document::parse(payload).unwrap();
    written(template, &Body { body: Value::from_json(body.root()), environment })
}

fn written<'v>(template: &'v Template, scope: &Body<'_, 'v>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    template.evaluate(scope).unwrap().write_json(&mut out);
    out
}

fn bundle_by_hand(body: &serde_json::Value) -> Vec<u8> {
    let bundle = serde_json::json!({
        "action": body["action"],
        "number": body["issue"]["number"],
        "title": body["issue"]["title"],
        "url": body["issue"]["html_url"],
        "repository": body["repository"]["full_name"],
        "sender": body["sender"]["login"],
    });
    serde_json::to_vec(&bundle).unwrap()
}

fn expressions(payload: &str) {
    let environment = environment();
    let body = json::Document::parse(payload).unwrap();
    let scope = Body { body: Value::from_json(body.root()), environment: &environment };
    for text in [
        "{{body.action}}",
        "{{body.action = 'opened' & body.issue.number > 0}}",
        "Issue #{{body.issue.number}}: {{body.issue.title}} by {{body.sender.login}}",
        "{{'sha256=' + sha256('a', 'hex', 'secret') = 'sha256=x'}}",
        "{{join(map(body.issue.labels, 'name'), ', ')}}",
        "{{body}}",
    ] {
        let (template, _) = Template::compile(text, &NoCustom).unwrap();
        time(text, || template.evaluate(black_box(&scope)).unwrap().is_truthy());
    }
    time("compiling the output", || Template::compile_tree(json::Document::parse(OUTPUT).unwrap().root(), &NoCustom).unwrap());
}

struct Body<'e, 'v> {
    body: Value<'v>,
    environment: &'e Environment,
}

impl<'v> Scope<'v> for Body<'_, 'v> {
    fn variable(&self, name: &str) -> Value<'v> {
        if name == "body" { self.body.clone() } else { Value::Missing }
    }

    fn environment(&self) -> &Environment {
        self.environment
    }

    fn call(&self, function: &str, _: &[Value<'v>]) -> Result<Value<'v>, String> {
        Err(function.to_owned())
    }
}

fn environment() -> Environment {
    Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() }
}

/// The time of one run: the best of 200 batches of about a millisecond.
fn time<T>(name: &str, mut run: impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < Duration::from_millis(20) {
        black_box(run());
        count += 1;
    }
    let batch = (count / 20).max(1);
    let best = (0..200).map(|_| {
        let started = Instant::now();
        for _ in 0..batch {
            black_box(run());
        }
        started.elapsed() / batch
    });
    let best = best.min().unwrap_or_default();
    println!("{:>10.3} us  {name}", best.as_secs_f64() * 1e6);
    best
}

fn ratio(name: &str, ours: Duration, by_hand: Duration) {
    println!("{:>10.2}     times by hand: {name}\n", ours.as_secs_f64() / by_hand.as_secs_f64());
}
