//! Dead letters: what there is of them, and how their attempts begin anew.

use std::sync::Arc;

use super::delivery::{self, BundleKey, DeadLetter, DeliveryState, Pending};
use super::ledger::{Dead, Reason};
use super::settle::Settled;
use super::{Journal, JournalError, Standing};

/// Dead letters that are looked at under one lock.
const LOOKED_AT_ONCE: usize = 1024;

/// What became of dead letters that were to be redriven.
#[derive(Debug, Default)]
pub struct Redriven {
    /// Those whose attempts begin anew, which is on disk.
    pub bundles: Vec<Pending>,
    /// Why it is not all of them.
    pub failure: Option<JournalError>,
}

impl Journal {
    /// The first dead letters after a certain one, in the events' order, `most` at most, of the hooks that are wanted.
    /// Blocks for one disk read each.
    pub fn dead_letters(
        &self,
        after: Option<BundleKey>,
        most: usize,
        mut wanted: impl FnMut(&Arc<str>, BundleKey) -> bool,
    ) -> Vec<DeadLetter> {
        let wanted = self.all_dead(after).filter(|(key, dead)| wanted(&dead.hook, *key));
        wanted.take(most).map(|(key, dead)| self.dead_letter(key, dead)).collect()
    }

    /// The dead letters of the hooks that are wanted, in the events' order.
    pub fn dead_letter_keys(&self, mut wanted: impl FnMut(&Arc<str>) -> bool) -> Vec<BundleKey> {
        self.all_dead(None).filter(|(_, dead)| wanted(&dead.hook)).map(|(key, _)| key).collect()
    }

    /// The hook of a dead letter. `None`: it is none.
    pub fn dead_letter_hook(&self, key: BundleKey) -> Option<Arc<str>> {
        self.ledger().dead(key).map(|dead| Arc::clone(&dead.hook))
    }

    /// How far a bundle is. Blocks for a disk read if it is a dead letter.
    pub fn standing(&self, key: BundleKey) -> Standing {
        let ledger = self.ledger();
        let (open, dead) = (ledger.open(key), ledger.dead(key).cloned());
        drop(ledger);
        match (open, dead) {
            (Some(Pending { attempt: attempts, due_ms, .. }), _) => Standing::Pending { attempts, due_ms },
            (None, Some(dead)) => Standing::Dead(self.dead_letter(key, dead)),
            (None, None) => Standing::Delivered,
        }
    }

    /// How many dead letters a hook has.
    pub fn dead_letters_of(&self, hook: &str) -> u64 {
        self.ledger().dead_of(hook)
    }

    /// Makes the attempts of dead letters begin anew. Those that are none, or that somebody else is redriving, are passed over.
    ///
    /// What it says is on disk and pending. Whoever hands it on for delivery must not be cancelled between this call and
    /// that (a task of its own).
    pub async fn redrive(&self, wanted: &[BundleKey], now_ms: u64) -> Redriven {
        let begun = Begun { keys: self.ledger().begin_redrive(wanted), journal: self };
        let Settled { keys, failure } = self.settle(&begun.keys, &DeliveryState::Redriven { at_ms: now_ms }).await;
        Redriven { bundles: keys.into_iter().filter_map(|key| self.pending_bundle(key)).collect(), failure }
    }

    fn all_dead(&self, mut after: Option<BundleKey>) -> impl Iterator<Item = (BundleKey, Dead)> + '_ {
        let looks = std::iter::from_fn(move || {
            let some = self.ledger().dead_after(after, LOOKED_AT_ONCE);
            after = some.last().map(|(key, _)| *key);
            after.is_some().then_some(some)
        });
        looks.flatten()
    }

    fn dead_letter(&self, (seq, bundle): BundleKey, dead: Dead) -> DeadLetter {
        let Dead { hook, at_ms, attempts, reason } = dead;
        let reason = match reason {
            Reason::Here(reason) => reason.into_string(),
            Reason::Written(record) => self.reason(record),
        };
        DeadLetter { seq, bundle, hook, at_ms, attempts, reason }
    }

    /// The reason in a record of the delivery log; a damaged one hides nothing but itself.
    fn reason(&self, record: u64) -> String {
        let read = self.delivery_index.read(record).ok().flatten();
        match read.and_then(|record| delivery::decode(&record.payload).ok()) {
            Some((_, _, DeliveryState::Dead { reason, .. })) => reason,
            _ => "the record of why is damaged".into(),
        }
    }
}

/// Dead letters that are being redriven, until this is dropped.
struct Begun<'j> {
    journal: &'j Journal,
    keys: Vec<BundleKey>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.journal.ledger().end_redrive(&self.keys);
    }
}
