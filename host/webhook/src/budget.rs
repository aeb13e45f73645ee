//! What one request may use, stage by stage.

use hookwright_iml::{Budget, Unbounded};

/// Watches over one request from the decoding of its body to its reply.
pub trait RequestBudget: Budget {
    /// What is used from now on belongs to this stage.
    fn begin(&self, stage: Stage);
}

/// What a request's time is used for. It begins with what anybody can have done: decoding, `verification`, `condition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// `condition` has held: what remains is the event's.
    Event,
    /// `respond`, which has time of its own, so that a failed event is answered like any other.
    Reply,
}

impl RequestBudget for Unbounded {
    fn begin(&self, _: Stage) {}
}
