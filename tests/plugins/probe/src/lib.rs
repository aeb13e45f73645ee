//! What tests of the host call: every kind of parameter and result, and every way to misbehave.

use std::cell::Cell;
use std::hint::black_box;

use hookwright_sdk::{Date, Request, Rest, Value, function, host, plugin, uid};
use serde::{Deserialize, Serialize};

/// Gives back what it gets.
///
/// ```iml
/// same([1.5; "a => b"]) => [1.5, "a => b"]
/// ```
#[function]
fn same(value: Value) -> Value {
    value
}

/// What it takes is coerced as for built-in functions.
#[function]
fn typed(text: &str, whole: i64, number: f64, flag: bool, bytes: &[u8], date: Date) -> String {
    format!("{text} {whole} {number} {flag} {bytes:?} {}", date.milliseconds())
}

/// Its arguments may be left out.
#[function]
fn lenient(first: Option<&str>, second: Option<i64>) -> String {
    format!("{first:?} {second:?}")
}

/// Adds what it gets.
///
/// ```iml
/// sumUp(1; 2; 3) => 6
/// ```
#[function]
fn sum_up(first: i64, others: &Rest<i64>) -> i64 {
    others.iter().sum::<i64>() + first
}

/// An order as senders give it.
#[derive(Deserialize, Serialize)]
struct Order {
    id: u64,
    #[serde(default)]
    tags: Vec<String>,
    at: Option<Date>,
}

/// Reads and gives a struct.
#[function]
fn next_order(mut order: Order) -> Order {
    order.id += 1;
    order
}

/// Fails in its own words.
#[function]
fn fails(reason: String) -> Result<String, String> {
    Err(reason)
}

/// Gives bytes.
#[function]
fn bytes(length: usize) -> Vec<u8> {
    vec![7; length]
}

/// How often this instance was called before.
#[function]
fn count() -> i64 {
    thread_local!(static CALLS: Cell<i64> = const { Cell::new(0) });
    CALLS.replace(CALLS.get() + 1)
}

/// The time of the request.
#[function]
fn clock() -> Date {
    host::now()
}

/// Calls a built-in function.
#[function]
fn built_in(name: &str, arguments: &Rest<Value>) -> Result<Value, String> {
    host::iml(name, arguments)
}

/// Panics.
#[function]
fn panics(message: &str) {
    panic!("{message}");
}

/// Never ends.
#[function]
fn endless() {
    loop {
        black_box(());
    }
}

/// Takes all the memory there is.
#[function]
fn greedy() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Calls itself until the stack ends.
#[function]
fn deep() -> i64 {
    #[allow(unconditional_recursion)]
    fn down(level: i64) -> i64 {
        black_box(level) + down(black_box(level + 1))
    }
    down(0)
}

/// Calls itself, and the host at every level, until the stack ends.
#[function]
fn deep_through_host() -> i64 {
    #[allow(unconditional_recursion)]
    fn down(level: i64) -> i64 {
        let length = host::iml("length", &[Value::from("four")]).ok().and_then(|length| length.as_integer());
        black_box(level) + down(black_box(level + length.unwrap_or_default()))
    }
    down(0)
}

/// Ends without a word.
#[function]
fn aborts() {
    std::process::abort();
}

/// Which edition of this plugin it is; tests make others by changing the letter in the built file.
#[function]
fn edition() -> &'static str {
    black_box("this is edition A of the probe")
}

/// Logs as fast as it can.
#[function]
fn chatty() {
    loop {
        host::info(&"x".repeat(10_000));
    }
}

/// Whose request it is.
#[uid]
fn account(request: &Request, item: &Value) -> Vec<String> {
    let own = item.get("owner").as_text().map(str::to_owned);
    let seen = format!("{} {} {}", request.method(), request.url(), request.raw_body().len());
    [own, request.header("X-Account"), request.body().get("account").as_text().map(str::to_owned), Some(seen)]
        .into_iter()
        .flatten()
        .collect()
}

plugin! {
    functions: [same, typed, lenient, sum_up, next_order, fails, bytes, count, clock, built_in, panics, endless, greedy, deep, deep_through_host, aborts, edition, chatty],
    uid: [account],
}
