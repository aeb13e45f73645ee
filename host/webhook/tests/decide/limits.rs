//! What one event may cost.

use super::harness::verdict;

/// An array of this many zeros, as JSON.
fn zeros(count: usize) -> String {
    format!("[{}]", vec!["0"; count].join(","))
}

fn is_failed(got: &str, reason: &str) {
    assert!(got.starts_with("default failed in line 1: "), "{}", start(got));
    assert!(got.ends_with(" => nothing") && got.contains(reason), "{}", start(got));
}

/// As much of a verdict as a failing test should print.
fn start(got: &str) -> &str {
    got.get(..300).unwrap_or(got)
}

#[test]
fn an_event_with_as_many_items_as_allowed_passes_and_one_more_fails_it() {
    let spec = r#"{"iterate": "body"}"#;
    let got = verdict(spec, &zeros(10_000), None);
    assert_eq!(got.matches("h1=0").count(), 10_000, "{}", start(&got));
    is_failed(&verdict(spec, &zeros(10_001), None), "`iterate` gives 10001 items, and one event may have 10000");
}

#[test]
fn items_count_before_their_condition() {
    let spec = r#"{"iterate": {"container": "body", "condition": "{{item}}"}}"#;
    is_failed(&verdict(spec, &zeros(10_001), None), "10001 items");
}

#[test]
fn an_array_of_more_bundles_than_allowed_fails_the_event() {
    for spec in ["{}", r#"{"output": "{{body}}"}"#] {
        let got = verdict(spec, &zeros(10_000), None);
        assert_eq!(got.matches("h1=0").count(), 10_000, "{}", start(&got));
        is_failed(&verdict(spec, &zeros(10_001), None), "more than 10000 bundles");
    }
}

#[test]
fn bundles_count_for_each_recipient() {
    let spec = r#"{"uid": "T1"}"#;
    let got = verdict(spec, &zeros(5_000), None);
    assert_eq!(got.matches("=0").count(), 10_000, "{}", start(&got));
    is_failed(&verdict(spec, &zeros(5_001), None), "more than 10000 bundles");
}

#[test]
fn bundles_of_more_bytes_than_allowed_fail_the_event() {
    let body = format!(r#"{{"l": {}, "x": "{}"}}"#, zeros(66), "x".repeat(1 << 20));
    is_failed(&verdict(r#"{"iterate": "body.l", "output": "{{body.x}}"}"#, &body, None), "more than 64 MiB");
}

#[test]
fn bytes_that_recipients_share_count_once() {
    let body = format!(r#"{{"l": {}, "x": "{}"}}"#, zeros(40), "x".repeat(1 << 20));
    let got = verdict(r#"{"uid": "T1", "iterate": "body.l", "output": "{{body.x}}"}"#, &body, None);
    assert!(got.starts_with("default => T1:h1="), "{}", start(&got));
}
