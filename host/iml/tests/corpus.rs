//! What the fuzzer has found worth keeping, run once more: see fuzz/Cargo.toml.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../fuzz/src/evaluate.rs"]
mod evaluate;

#[test]
fn what_holds_of_every_template_holds_of_the_fuzzers_corpus() {
    let corpus = include_str!("../fuzz/corpus/evaluate.jsonl");
    let inputs: Vec<String> = corpus.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(inputs.len() > 500, "only {} inputs", inputs.len());
    for input in inputs {
        evaluate::check(&input);
    }
}
