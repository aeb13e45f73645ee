//! What may cross on its way to the dispatcher.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::connections::Connections;
use crate::data_directory::DataDirectory;
use crate::deliver::meters::Meters;
use crate::deliver::settings::Settings;
use crate::deliver::sink::Sinks;
use crate::journal::testing::event;
use crate::journal::{self, DeliveryState, Journal};

const KEY: Key = Key { seq: 1, bundle: 0 };

/// A dispatcher that nobody runs, over one bundle for a hook that does not exist.
async fn dispatcher(directory: &std::path::Path) -> Dispatcher {
    let journal = Journal::open(&DataDirectory::open(directory).unwrap(), journal::Settings::default()).unwrap();
    journal.append(&event("e", &["h"])).await.unwrap();
    let (settings, connections) = (Settings::default(), Connections::in_memory());
    let sinks = Sinks::new(&settings);
    Dispatcher::new(
        Arc::new(Attempts { journal: Arc::new(journal), connections, sinks, health: Arc::default(), meters: Meters::default(), settings }),
        watch::channel(()).0,
    )
}

fn new() -> New {
    New { key: KEY, hook: "h".into(), fresh: None }
}

#[tokio::test]
async fn a_dead_letter_that_is_redriven_before_its_end_was_noticed_is_attempted_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut dispatcher = dispatcher(directory.path()).await;
    dispatcher.start_due();
    let ended = dispatcher.in_flight.join_next_with_id().await.unwrap();
    let redriven = dispatcher.attempts.journal.redrive(&[(1, 0)], now_ms()).await;
    assert_eq!(redriven.bundles.len(), 1);
    dispatcher.take_new(new());
    dispatcher.ended(ended);
    assert!(dispatcher.schedule.knows(KEY));
}

#[tokio::test]
async fn a_bundle_that_was_taken_from_the_journal_and_delivered_meanwhile_is_not_delivered_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut dispatcher = dispatcher(directory.path()).await;
    dispatcher.start_due();
    let ended = dispatcher.in_flight.join_next_with_id().await.unwrap();
    dispatcher.ended(ended);
    dispatcher.attempts.journal.record(1, 0, &DeliveryState::Delivered);
    dispatcher.take_new(new());
    assert!(!dispatcher.schedule.knows(KEY));
}
