//! What may cross on its way to the dispatcher.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::connections::{Change, Connections, Hook, Manner, State};
use crate::data_directory::DataDirectory;
use crate::deliver::meters::Meters;
use crate::deliver::settings::Settings;
use crate::deliver::sink::Sinks;
use crate::journal::testing::event;
use crate::journal::{self, DeliveryState, Journal};

const KEY: Key = Key { seq: 1, bundle: 0 };

/// A dispatcher that nobody runs, over one bundle for a hook that does not exist.
async fn dispatcher(directory: &std::path::Path) -> Dispatcher {
    dispatcher_over(directory, &["h"], Settings::default()).await
}

/// The same over a bundle for each of these hooks.
async fn dispatcher_over(directory: &std::path::Path, hooks: &[&str], settings: Settings) -> Dispatcher {
    let journal = Journal::open(&DataDirectory::open(directory).unwrap(), journal::Settings::default()).unwrap();
    journal.append(&event("e", hooks)).await.unwrap();
    let connections = Connections::in_memory();
    let sinks = Sinks::new(&settings);
    Dispatcher::new(
        Arc::new(Attempts {
            journal: Arc::new(journal),
            connections,
            sinks,
            health: Default::default(),
            meters: Meters::default(),
            settings,
        }),
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

/// A hook whose bundles wait to be fetched.
fn pulled() -> Hook {
    Hook {
        id: "h".into(),
        service: "s".into(),
        webhook: None,
        connection: None,
        token: Some("t".into()),
        parameters: serde_json::Map::new(),
        destination: None,
        manner: Manner::default(),
        failing_since_ms: None,
        state: State::Enabled,
    }
}

#[tokio::test]
async fn nothing_is_attempted_any_more_for_a_hook_that_is_pulled_from_now_on_however_much_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { waiting_per_hook: 2, ..Settings::default() };
    let mut dispatcher = dispatcher_over(directory.path(), &["h", "h", "h", "h"], settings).await;
    dispatcher.attempts.connections.apply(Change::PutHook(pulled())).await.unwrap();
    dispatcher.change(&"h".into());
    // What waited in memory ends with an attempt, which finds out where it goes.
    for _ in 0..4 {
        dispatcher.start_due();
        while let Some(ended) = dispatcher.in_flight.join_next_with_id().await {
            dispatcher.ended(ended);
        }
    }
    let known = (0..4).filter(|bundle| dispatcher.schedule.knows(Key { seq: 1, bundle: *bundle })).count();
    assert_eq!((known, dispatcher.spilled.len(), dispatcher.schedule.wakes_at()), (0, 0, None));
}

#[tokio::test]
async fn who_pulls_hears_of_a_new_bundle_also_where_the_hook_once_had_more_than_fits_into_memory() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { waiting_per_hook: 1, ..Settings::default() };
    let mut dispatcher = dispatcher_over(directory.path(), &["h", "h", "h", "h"], settings).await;
    dispatcher.attempts.connections.apply(Change::PutHook(pulled())).await.unwrap();
    dispatcher.change(&"h".into());
    let heard = dispatcher.arrived.subscribe();
    dispatcher.take_new(new());
    assert!(heard.has_changed().unwrap());
}
