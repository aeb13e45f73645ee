//! How much is still to be delivered, hook by hook.

use std::collections::HashMap;
use std::sync::Arc;

use super::{BundleKey, Journal, Sequence};

/// Bundles that are looked at under one lock.
const LOOKED_AT_ONCE: usize = 1024;

/// What a hook has pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The hook.
    pub hook: Arc<str>,
    /// Bundles that are neither delivered nor dead.
    pub pending: u64,
    /// Those of them that have failed at least once.
    pub retrying: u64,
    /// When the next attempt of those is due, in milliseconds since 1970.
    pub next_ms: Option<u64>,
    /// The event of the oldest.
    pub oldest: Sequence,
}

impl Journal {
    /// The hooks that have anything pending, by their ids.
    pub fn backlogs(&self) -> Vec<Backlog> {
        let mut backlogs: HashMap<Arc<str>, Backlog> = HashMap::new();
        let mut after: Option<BundleKey> = None;
        loop {
            let some = self.ledger().open_after(after, LOOKED_AT_ONCE);
            let Some(last) = some.last() else { break };
            after = Some((last.seq, last.bundle));
            for pending in some {
                let backlog = backlogs.entry(pending.hook.clone()).or_insert_with(|| Backlog {
                    hook: pending.hook.clone(),
                    pending: 0,
                    retrying: 0,
                    next_ms: None,
                    oldest: pending.seq,
                });
                backlog.pending += 1;
                if pending.attempt > 0 {
                    backlog.retrying += 1;
                    backlog.next_ms = Some(backlog.next_ms.map_or(pending.due_ms, |next| next.min(pending.due_ms)));
                }
            }
        }
        let mut backlogs: Vec<_> = backlogs.into_values().collect();
        backlogs.sort_unstable_by(|one, other| one.hook.cmp(&other.hook));
        backlogs
    }
}
