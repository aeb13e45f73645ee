//! Takes bundles from the journal to their destinations: at least once, with retry, in order where a hook asks for it.

mod fresh;
mod retry;
mod schedule;
mod settings;
mod sink;
#[cfg(test)]
mod testing;

pub use settings::{FileSync, HttpSettings, Settings};
pub use sink::{BadDestination, Bundle, Delivery, Destination, Refusal, Sink, Sinks, mask};
