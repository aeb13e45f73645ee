//! Loads what the fuzzer makes up as a spec.
#![no_main]

#[path = "../src/spec.rs"]
mod spec;

libfuzzer_sys::fuzz_target!(|input: &str| spec::check(input));
