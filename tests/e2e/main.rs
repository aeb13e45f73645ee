//! End-to-end tests: one story a module, each with the real binary, real sockets, and files that really change.
#![allow(clippy::unwrap_used)]

mod backup;
mod bad_input;
mod budget;
