//! The webhook spec of Make apps: what a spec decides about a request, as one pure function.
//!
//! A spec is a JSON file with comments. [`Webhook::load`] reads it whole and reports every mistake at once;
//! [`Webhook::decide`] takes one [`Request`] and gives one [`Verdict`]: the reply, and the bundles for each recipient.
//! Nothing here opens a file or a socket or reads a clock; the host does that.

pub mod body;
mod budget;
mod bundles;
mod condition;
mod decide;
mod dedupe;
mod diagnostic;
mod directives;
mod form;
mod iterate;
mod kind;
mod limits;
mod plugin;
mod reader;
mod reply;
mod request;
mod respond;
pub mod sample;
mod scope;
mod spec;
mod uid;
mod verify;

pub use budget::{RequestBudget, Stage};
pub use decide::{Arrival, Bundle, Failure, Item, Recipient, Recipients, Verdict};
pub use diagnostic::{Diagnostic, Severity, Source};
pub use form::Form;
pub use kind::Kind;
pub use plugin::{Confidential, Exports, Plugin};
pub use reply::Reply;
pub use request::{Headers, Request};
pub use spec::{LoadOptions, Webhook};
