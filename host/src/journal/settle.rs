//! Delivery states that somebody is told of, and that therefore count only once they are on disk.

use std::sync::{Arc, Mutex};

use super::delivery::{self, BundleKey, DeliveryState};
use super::ledger::Ledger;
use super::{Journal, JournalError, lock};

/// States that are written with one wait for the disk.
const AT_ONCE: usize = 8192;

/// Which of several bundles have a state that is on disk.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub keys: Vec<BundleKey>,
    /// Why it is not all of them.
    pub failure: Option<JournalError>,
}

/// What counts, or is known, only once a delivery state's record is on disk.
#[derive(Debug)]
pub(super) enum OnceWritten {
    /// Where the reason of a dead letter is.
    Reason(BundleKey),
    /// The state itself.
    State(BundleKey, DeliveryState),
}

impl Journal {
    /// Gives bundles a state; returns when that is on disk and counts.
    pub(super) async fn settle(&self, bundles: &[BundleKey], state: &DeliveryState) -> Settled {
        let mut settled = Settled::default();
        for bundles in bundles.chunks(AT_ONCE) {
            let submit = |key: &BundleKey| {
                let note = OnceWritten::State(*key, state.clone());
                (*key, self.deliveries.submit(delivery::encode(key.0, key.1, state), Some(note)))
            };
            let submitted: Vec<_> = bundles.iter().map(submit).collect();
            for (key, answer) in submitted {
                let written = match answer {
                    Ok(answer) => answer.await.unwrap_or(Err(JournalError::Closed)),
                    Err(error) => Err(error),
                };
                match written {
                    Ok(_) => settled.keys.push(key),
                    Err(error) => settled.failure = Some(error),
                }
            }
            if settled.failure.is_some() {
                break;
            }
        }
        settled
    }
}

/// What the committer does with each delivery state that has become durable.
pub(super) fn written(ledger: &Arc<Mutex<Ledger>>) -> impl FnMut(u64, Option<OnceWritten>) + Send + 'static {
    let ledger = Arc::clone(ledger);
    move |record, note| {
        let mut ledger = lock(&ledger);
        match note {
            None => {}
            Some(OnceWritten::Reason(key)) => ledger.written(key, record),
            Some(OnceWritten::State((seq, bundle), state)) => ledger.apply(seq, bundle, &state),
        }
        ledger.logged(record);
    }
}
