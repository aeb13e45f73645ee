//! What the fuzzer has found worth keeping, run once more: see host/iml/fuzz/Cargo.toml.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../iml/fuzz/src/spec.rs"]
mod spec;

#[test]
fn what_holds_of_every_spec_holds_of_the_fuzzers_corpus() {
    let corpus = include_str!("../../iml/fuzz/corpus/spec.jsonl");
    let inputs: Vec<String> = corpus.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(inputs.len() > 100, "only {} inputs", inputs.len());
    for input in inputs {
        spec::check(&input);
    }
}
