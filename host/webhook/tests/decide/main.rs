//! What specs decide: one table a subject, one line a rule.
#![allow(clippy::unwrap_used, missing_docs)]

mod beyond_make;
mod budget;
mod harness;
mod life;
mod limits;
mod plugin;
mod silent;
