//! hyper's request in, what a spec sees of it out. Decoding bodies is `hookwright_webhook::body`'s subject.

mod body;
mod conformance;
mod memory;
mod url;

pub use body::read;
pub use conformance::{Inflated, conform};
pub use memory::{Lease, MemoryPool};
pub use url::Address;
