//! Recorded requests and what is expected of them: the tests of a spec, and what `hookwright try` runs.
//!
//! A sample is a directory with `request.http`, and `reply.http` or `bundles.json` or both. This module reads their
//! text, runs the request through a [`Webhook`](crate::Webhook) exactly as a server would decode and decide it, and
//! says how the result differs.

mod bundles;
mod difference;
mod example;
mod reply;
mod request;
mod run;

pub use bundles::{compare_items, print_items};
pub use example::check_example;
pub use reply::{compare_reply, parse_reply, print_reply};
pub use request::{Given, Malformed, Request};
pub use run::{Refusal, Surroundings, run};
