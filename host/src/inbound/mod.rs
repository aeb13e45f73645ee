//! hyper's request in, what a spec sees of it out. Decoding bodies is `hookwright_webhook::body`'s subject.

mod body;
mod budget;
mod conformance;
mod url;

pub use body::read;
pub use budget::{Budget, Lease};
pub use conformance::{Inflated, conform};
pub use url::Address;
