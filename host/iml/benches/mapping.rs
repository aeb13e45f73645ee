//! One mapping of a GitHub payload of 11.6 KB (six fields, one choice, one date, one list) in IML, by hand and in the
//! languages that others would take for it.
//!
//! Everybody's result is compared before anything is timed. `evaluate` is the mapping alone, of a payload that is already
//! in the language's own form; `whole` reads the bytes, evaluates, and writes JSON.

mod contenders;
mod table;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;

use contenders::Contender;

const PAYLOAD: &str = include_str!("../../../tests/bench/payload/issues.json");

fn main() {
    let contenders = contenders::all(PAYLOAD);
    agree(&contenders);
    let time = Duration::from_secs(4);
    let mut criterion = Criterion::default().measurement_time(time).output_directory(table::DIRECTORY.as_ref()).configure_from_args();
    reading(&mut criterion);
    mapping(&mut criterion, &contenders);
    criterion.final_summary();
    table::print(&contenders);
}

/// Everybody gives the same bundle, whatever the order of its keys.
fn agree(contenders: &[Contender]) {
    let bundle = |contender: &Contender| serde_json::from_slice::<serde_json::Value>(&(contender.whole)(PAYLOAD)).expect("JSON");
    for contender in contenders {
        assert_eq!(bundle(contender), bundle(&contenders[0]), "{}", contender.name);
    }
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group
        .bench_function("by hand", |bencher| bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(PAYLOAD)).expect("JSON")));
    group.bench_function("IML", |bencher| bencher.iter(|| hookwright_iml::json::Document::parse(black_box(PAYLOAD)).expect("JSON")));
    group.finish();
}

fn mapping(criterion: &mut Criterion, contenders: &[Contender]) {
    let mut group = criterion.benchmark_group("evaluate");
    for contender in contenders {
        group.bench_function(contender.name, |bencher| bencher.iter(&contender.evaluate));
    }
    group.finish();
    let mut group = criterion.benchmark_group("whole");
    for contender in contenders {
        group.bench_function(contender.name, |bencher| bencher.iter(|| (contender.whole)(black_box(PAYLOAD))));
    }
    group.finish();
}
