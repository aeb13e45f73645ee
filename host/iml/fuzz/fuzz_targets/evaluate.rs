//! Compiles and evaluates what the fuzzer makes up.
#![no_main]

#[path = "../src/evaluate.rs"]
mod evaluate;

libfuzzer_sys::fuzz_target!(|input: &str| evaluate::check(input));
