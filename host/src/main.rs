//! The `hookwright` binary.

fn main() {}
