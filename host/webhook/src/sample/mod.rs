//! Recorded requests and what is expected of them.

mod request;

pub use request::{Given, Malformed, Request};
