//! The journal as the rest of the host sees it.

#![allow(clippy::unwrap_used)]

mod dead_letters;
mod remains;

use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use tempfile::TempDir;

use super::segment::failing::{FailingDisk, Faults};
use super::testing::{NOW, event};
use super::*;

fn repeatable(id: &str) -> Event {
    Event { dedupe: Some(id.into()), ..event(id, &["h"]) }
}

fn dead(reason: &str, at_ms: u64) -> DeliveryState {
    DeliveryState::Dead { reason: reason.into(), attempts: 8, at_ms }
}

fn open(root: &Path) -> Journal {
    Journal::open(&DataDirectory::open(root).unwrap(), Settings::default()).unwrap()
}

/// A journal whose segments hold two or three events, or a dozen delivery states.
fn open_small(root: &Path) -> Journal {
    let sizes = Sizes { segment: 500, ..Sizes::default() };
    Journal::open_on(LocalDisk, &DataDirectory::open(root).unwrap(), Settings::default(), sizes).unwrap()
}

async fn store(journal: &Journal, event: &Event) -> Sequence {
    match journal.append(event).await.unwrap() {
        Appended::Stored(seq) => seq,
        Appended::Repeat => panic!("{} is no repeat", event.id),
    }
}

fn pending(journal: &Journal) -> Vec<(Sequence, u32, String, u32, u64)> {
    let all = journal.pending().into_iter();
    all.map(|pending| (pending.seq, pending.bundle, pending.hook.to_string(), pending.attempt, pending.due_ms)).collect()
}

fn root() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn events_are_read_back_in_order_after_reopening() {
    let root = root();
    let journal = open(root.path());
    let events = [event("a", &["h1"]), event("b", &[]), event("c", &["h1", "h2"])];
    for (event, seq) in events.iter().zip(1..) {
        assert_eq!(store(&journal, event).await, seq);
    }
    drop(journal);
    let journal = open(root.path());
    assert_eq!(journal.read(2).unwrap().as_ref(), Some(&events[1]));
    assert_eq!(journal.read(4).unwrap(), None);
    let scanned: Vec<_> = journal.scan(1).map(Result::unwrap).collect();
    assert_eq!(scanned, (1..).zip(events).collect::<Vec<_>>());
    assert_eq!(journal.recovery(), &Recovery { records: 3, ..Recovery::default() });
}

#[tokio::test]
async fn bundles_are_pending_until_they_are_delivered_or_dead_also_after_reopening() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h1", "h2"])).await;
    store(&journal, &event("b", &["h1", "h3"])).await;
    assert_eq!(pending(&journal).len(), 4);
    journal.record(1, 0, &DeliveryState::Delivered);
    journal.record(1, 1, &DeliveryState::Retry { attempt: 1, due_ms: 77, failure: None });
    journal.record(2, 0, &dead("gone", NOW));
    let open_ones = [(1, 1, "h2".to_owned(), 1, 77), (2, 1, "h3".to_owned(), 0, 0)];
    assert_eq!(pending(&journal), open_ones);
    drop(journal);
    assert_eq!(pending(&open(root.path())), open_ones);
}

#[tokio::test]
async fn how_the_last_attempt_for_a_hook_failed_is_known_until_one_succeeds_also_after_reopening() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h", "h", "other"])).await;
    let failure = |reason: &str, at_ms| Failure { reason: reason.into(), at_ms };
    let retry = |failure: Failure| DeliveryState::Retry { attempt: 1, due_ms: 77, failure: Some(failure) };
    journal.record(1, 0, &retry(failure("answered 500", 5)));
    journal.record(1, 1, &retry(failure("answered 503", 9)));
    assert_eq!(journal.last_failure("h"), Some(failure("answered 503", 9)));
    drop(journal);
    let journal = open(root.path());
    assert_eq!((journal.last_failure("h"), journal.last_failure("other")), (Some(failure("answered 503", 9)), None));
    journal.record(1, 1, &DeliveryState::Delivered);
    assert_eq!(journal.last_failure("h"), None);
    drop(journal);
    assert_eq!(open(root.path()).last_failure("h"), None);
}

#[tokio::test]
async fn what_was_made_due_at_once_is_so_after_reopening_and_why_it_had_failed_is_known() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h", "h", "h", "other"])).await;
    let failure = Failure { reason: "answered 500".into(), at_ms: 5 };
    let retry = |attempt| DeliveryState::Retry { attempt, due_ms: 900, failure: Some(failure.clone()) };
    [0, 1, 3].into_iter().for_each(|bundle| journal.record(1, bundle, &retry(bundle + 1)));
    journal.hurry("h", 70);
    journal.record(1, 1, &DeliveryState::Delivered);
    journal.record(1, 0, &DeliveryState::Retry { attempt: 2, due_ms: 800, failure: Some(failure.clone()) });
    journal.hurry("h", 80);
    let open_ones = [(1, 0, "h".to_owned(), 2, 80), (1, 2, "h".to_owned(), 0, 0), (1, 3, "other".to_owned(), 4, 900)];
    assert_eq!(pending(&journal), open_ones);
    drop(journal);
    let journal = open(root.path());
    assert_eq!((pending(&journal), journal.last_failure("h")), (open_ones.to_vec(), Some(failure)));
}

#[tokio::test]
async fn an_event_nobody_waits_for_any_more_is_stored_and_pending() {
    let root = root();
    let journal = open(root.path());
    let event = event("a", &["h"]);
    let cancelled = futures_util::FutureExt::now_or_never(journal.append(&event));
    assert_eq!(cancelled, None);
    drop(journal);
    assert_eq!(pending(&open(root.path())).len(), 1);
}

#[tokio::test]
async fn a_repeat_is_not_stored_again_also_after_reopening() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &repeatable("d1")).await;
    assert_eq!(journal.append(&repeatable("d1")).await, Ok(Appended::Repeat));
    drop(journal);
    let journal = open(root.path());
    assert_eq!(journal.append(&repeatable("d1")).await, Ok(Appended::Repeat));
    assert_eq!(store(&journal, &repeatable("d2")).await, 2);
}

#[tokio::test]
async fn two_of_the_same_at_once_are_stored_once() {
    let root = root();
    let journal = open(root.path());
    let event = repeatable("d1");
    let (one, two) = tokio::join!(journal.append(&event), journal.append(&event));
    assert_eq!((one, two), (Ok(Appended::Stored(1)), Ok(Appended::Repeat)));
}

#[tokio::test]
async fn a_failed_commit_frees_the_id_and_everybody_gets_the_error() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes::default()).unwrap();
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    let event = repeatable("d1");
    let (one, two) = tokio::join!(journal.append(&event), journal.append(&event));
    assert!(matches!(one, Err(JournalError::Failed(_))), "{one:?}");
    assert!(matches!(two, Err(JournalError::Failed(_))), "{two:?}");
    assert_eq!(journal.pending(), []);
}

#[tokio::test]
async fn a_journal_that_can_be_written_again_says_so_before_an_event_comes() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes::default()).unwrap();
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    assert!(journal.append(&event("a", &[])).await.is_err());
    assert!(journal.probe().is_err());
    assert!(matches!(journal.check(), Err(JournalError::Failed(_))));
    disk.set(Faults::default());
    assert!(journal.check().is_err(), "nobody has tried");
    journal.probe().unwrap();
    assert_eq!(journal.check(), Ok(()));
    assert!(!directory.events().join("probe").exists());
}

#[tokio::test]
async fn only_segments_whose_bundles_are_all_done_are_removed() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &["h"])).await;
    }
    (1..=12).filter(|seq| *seq != 5).for_each(|seq| journal.record(seq, 0, &DeliveryState::Delivered));
    let everything = Retention { age: Duration::MAX, bytes: 0 };
    assert!(journal.maintain(everything, SystemTime::now(), |_| false).unwrap().segments > 0);
    let left: Vec<_> = journal.scan(1).map(|event| event.unwrap().0).collect();
    assert!(left.contains(&5), "{left:?}");
    assert!(left.contains(&12), "the newest segment stays: {left:?}");
    assert!(!left.contains(&1), "{left:?}");
    assert_eq!(journal.read(1).unwrap(), None);
    drop(journal);
    let journal = open_small(root.path());
    assert_eq!(pending(&journal), [(5, 0, "h".into(), 0, 0)]);
    assert_eq!(store(&journal, &event("next", &[])).await, 13);
}

#[tokio::test]
async fn dead_letters_and_failed_events_are_kept_for_their_whole_time() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..12 {
        let outcome = if number == 6 { Outcome::Failed("no such member".into()) } else { Outcome::Accepted };
        store(&journal, &Event { outcome, ..event(&number.to_string(), &["h"]) }).await;
    }
    (1..=12).for_each(|seq| journal.record(seq, 0, &DeliveryState::Delivered));
    journal.record(12, 0, &dead("delivered before", NOW));
    let seq = store(&journal, &event("dead", &["h"])).await;
    journal.record(seq, 0, &dead("gone", NOW));
    for number in 20..32 {
        store(&journal, &event(&number.to_string(), &[])).await;
    }
    let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
    let tight = Retention { age: 7 * day, bytes: 2000 };
    journal.maintain(tight, now, |_| false).unwrap();
    assert!(journal.read(7).unwrap().is_some() && journal.read(seq).unwrap().is_some());
    assert_eq!(journal.read(1).unwrap(), None);
    journal.maintain(tight, now + 8 * day, |_| false).unwrap();
    assert_eq!((journal.read(7).unwrap(), journal.read(seq).unwrap()), (None, None));
}

#[tokio::test]
async fn of_failed_and_of_held_events_no_more_are_kept_than_fit_their_share_but_dead_letters_are() {
    let root = root();
    let journal = open_small(root.path());
    let first = store(&journal, &event("dead", &["h"])).await;
    journal.record(first, 0, &dead("gone", NOW));
    for number in 0..40 {
        let outcome = if number % 2 == 0 { Outcome::Failed("no such member".into()) } else { Outcome::Accepted };
        let unmatched = if number % 2 == 0 { Vec::new() } else { vec!["U7".into()] };
        store(&journal, &Event { outcome, unmatched, ..event(&number.to_string(), &[]) }).await;
    }
    drop(journal);
    let journal = open_small(root.path());
    let (now, retention) = (SystemTime::now(), Retention { bytes: 4000, ..Retention::default() });
    let removed = journal.maintain(retention, now, |_| false).unwrap();
    let crowded_out = removed.crowded_out["github"];
    assert!((15..25).contains(&crowded_out), "{removed:?}");
    assert_eq!(journal.crowded_out().get_or_create(&OfService { service: "github".into() }).get(), crowded_out);
    let left = || journal.scan(1).map(|event| event.unwrap().0).collect::<Vec<_>>();
    assert!(left().contains(&first) && left().ends_with(&[36, 37, 38, 39, 40, 41]) && left().len() < 27, "{:?}", left());
    assert_eq!(journal.expire_held(u64::MAX).expired, left().iter().filter(|seq| **seq % 2 == 1 && **seq > 1).count());
}

/// One of many failed or held events that somebody sends to a service.
fn kept_for(service: &str, address: &str, failed: bool) -> Event {
    let outcome = if failed { Outcome::Failed("no such member".into()) } else { Outcome::Accepted };
    let unmatched = if failed { Vec::new() } else { vec!["U7".into()] };
    let request = StoredRequest { remote_address: address.into(), ..StoredRequest::default() };
    Event { service: service.into(), outcome, unmatched, request, ..event("e", &[]) }
}

fn bytes_of_events(root: &Path) -> u64 {
    files(root, "events", "segment").iter().map(|path| path.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_flood_of_failed_or_held_events_in_one_service_crowds_out_no_other_service_and_no_other_sender() {
    for failed in [true, false] {
        let root = root();
        let journal = open_small(root.path());
        let quiet = store(&journal, &kept_for("quiet", "192.0.2.9", failed)).await;
        let neighbour = store(&journal, &kept_for("noisy", "192.0.2.8", failed)).await;
        for _ in 0..200 {
            store(&journal, &kept_for("noisy", "192.0.2.9", failed)).await;
        }
        drop(journal);
        let journal = open_small(root.path());
        let retention = Retention { bytes: 8000, ..Retention::default() };
        let removed = journal.maintain(retention, SystemTime::now(), |_| false).unwrap();
        assert!(removed.crowded_out["noisy"] > 100 && !removed.crowded_out.contains_key("quiet"), "{removed:?}");
        assert!(journal.read(quiet).unwrap().is_some() && journal.read(neighbour).unwrap().is_some(), "failed: {failed}");
        assert!(bytes_of_events(root.path()) < 9000);
    }
}

#[tokio::test]
async fn one_small_failed_event_in_each_segment_does_not_keep_the_journal_from_giving_back_space() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..240 {
        let failed = kept_for("noisy", "192.0.2.9", true);
        let delivered = Event { body: Bytes::from(vec![b'x'; 150]), ..event("e", &[]) };
        store(&journal, &if number % 2 == 0 { Event { body: Bytes::new(), ..failed } } else { delivered }).await;
    }
    assert!(bytes_of_events(root.path()) > 20_000);
    journal.maintain(Retention { bytes: 8000, ..Retention::default() }, SystemTime::now(), |_| false).unwrap();
    assert!(bytes_of_events(root.path()) < 9000, "{}", bytes_of_events(root.path()));
}

#[tokio::test]
async fn what_is_held_stays_where_it_has_room_until_it_was_held_for_its_whole_time() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..72 {
        let unmatched = if number < 12 { vec!["U7".into()] } else { Vec::new() };
        store(&journal, &Event { unmatched, ..event(&number.to_string(), &[]) }).await;
    }
    let maintain = |bytes| journal.maintain(Retention { bytes, ..Retention::default() }, SystemTime::now(), |_| false).unwrap();
    let kept: u64 = files(root.path(), "events", "segment").iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(maintain(kept - 1000).segments > 0);
    assert!(journal.read(1).unwrap().is_some());
    assert_eq!(journal.expire_held(u64::MAX).expired, 12);
    assert_eq!(maintain(kept - 2000).crowded_out, [].into());
    assert_eq!(journal.read(1).unwrap(), None);
}

#[tokio::test]
async fn a_number_that_a_delivery_state_speaks_of_is_never_given_again() {
    let root = root();
    let journal = open(root.path());
    for number in 0..3 {
        let seq = store(&journal, &event(&number.to_string(), &["h"])).await;
        journal.record(seq, 0, &DeliveryState::Delivered);
    }
    drop(journal);
    let segment = std::fs::read_dir(root.path().join("journal/events")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let journal = open(root.path());
    assert_eq!(store(&journal, &event("new", &["h"])).await, 4);
    drop(journal);
    assert_eq!(pending(&open(root.path())), [(4, 0, "h".into(), 0, 0)]);
}

#[tokio::test]
async fn a_journal_whose_newest_records_cannot_be_synced_does_not_open() {
    let (root, disk) = (root(), FailingDisk::default());
    store(&open(root.path()), &event("a", &[])).await;
    let directory = DataDirectory::open(root.path()).unwrap();
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    assert!(Journal::open_on(disk, &directory, Settings::default(), Sizes::default()).is_err());
}

#[tokio::test]
async fn retention_keeps_what_is_young_and_fits() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..9 {
        store(&journal, &event(&number.to_string(), &[])).await;
    }
    let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
    assert_eq!(journal.maintain(Retention::default(), now + 6 * day, |_| false).unwrap(), Removed::default());
    let removed = journal.maintain(Retention::default(), now + 8 * day, |_| false).unwrap();
    assert!(removed.segments > 0 && removed.bytes > 0);
}

/// Journals that were opened one after the other, each with 20 events that were delivered, but for the last one of each. What
/// became of their bundles is on disk when they are maintained.
async fn many_delivered(root: &Path, times: usize) {
    for _ in 0..times {
        let journal = open_small(root);
        for number in 0..20 {
            let seq = store(&journal, &event(&number.to_string(), &["h", "other"])).await;
            journal.record(seq, 0, &DeliveryState::Delivered);
            if number < 19 {
                journal.record(seq, 1, &DeliveryState::Delivered);
            }
        }
        let seq = store(&journal, &event("fetched", &["pulled"])).await;
        assert_eq!(journal.acknowledge("pulled", &[(seq, 0)]).await.bundles, 1);
        journal.maintain(Retention::default(), SystemTime::now(), |_| false).unwrap();
    }
}

fn files(root: &Path, directory: &str, extension: &str) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(root.join("journal").join(directory)).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

#[tokio::test]
async fn delivery_states_go_once_two_checkpoints_cover_them_and_what_is_open_stays_open() {
    let root = root();
    many_delivered(root.path(), 8).await;
    let left = files(root.path(), "deliveries", "segment").len();
    assert!(left <= 4, "{left} segments are still there");
    let journal = open_small(root.path());
    assert_eq!(
        pending(&journal).iter().map(|pending| (pending.0, pending.1)).collect::<Vec<_>>(),
        (1..=8).map(|n| (21 * n - 1, 1)).collect::<Vec<_>>()
    );
    assert_eq!(journal.scan(1).count(), 168, "the events themselves are all there");
}

#[tokio::test]
async fn retries_and_dead_letters_outlive_the_log_that_they_were_written_to() {
    let root = root();
    let journal = open_small(root.path());
    let seq = store(&journal, &event("a", &["h1", "h2", "h3"])).await;
    journal.record(seq, 0, &DeliveryState::Retry { attempt: 3, due_ms: 77, failure: None });
    journal.record(seq, 1, &DeliveryState::Dead { reason: "refused".into(), attempts: 2, at_ms: NOW });
    drop(journal);
    many_delivered(root.path(), 6).await;
    let journal = open_small(root.path());
    assert_eq!(pending(&journal)[..2], [(1, 0, "h1".into(), 3, 77), (1, 2, "h3".into(), 0, 0)]);
    let dead = journal.dead_letters(None, 9, |_, _| true);
    assert_eq!(dead.iter().map(|dead| (dead.seq, dead.bundle, dead.reason.as_str())).collect::<Vec<_>>(), [(1, 1, "refused")]);
    assert_eq!(journal.redrive(&[(1, 1)], NOW).await.bundles.len(), 1);
    drop(journal);
    assert_eq!(pending(&open_small(root.path()))[1], (1, 1, "h2".into(), 0, NOW));
}

#[tokio::test]
async fn delivery_states_stay_while_no_checkpoint_can_be_written() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes { segment: 500, ..Sizes::default() }).unwrap();
    for number in 0..30 {
        let seq = store(&journal, &event(&number.to_string(), &["pulled"])).await;
        assert_eq!(journal.acknowledge("pulled", &[(seq, 0)]).await.bundles, 1);
    }
    assert!(files(root.path(), "deliveries", "segment").len() > 2);
    disk.set(Faults { no_space_to_create: true, ..Faults::default() });
    journal.maintain(Retention::default(), SystemTime::now(), |_| false).unwrap();
    drop((journal, directory));
    assert_eq!(pending(&open_small(root.path())), [], "what was fetched is not to be fetched again");
}

#[tokio::test]
async fn a_damaged_checkpoint_costs_nothing() {
    let root = root();
    many_delivered(root.path(), 8).await;
    let expected = pending(&open_small(root.path()));
    let checkpoint = root.path().join("journal/deliveries/checkpoint");
    let whole = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(pending(&open_small(root.path())), expected);
}

#[tokio::test]
async fn a_backup_of_a_journal_that_is_written_has_what_was_there_and_opens() {
    let (root, copy) = (root(), root());
    many_delivered(root.path(), 8).await;
    let journal = open_small(root.path());
    let seq = store(&journal, &event("last", &["h"])).await;
    let expected = pending(&journal);
    assert_eq!(expected.last().map(|pending| pending.0), Some(seq));
    let directory = DataDirectory::open(copy.path()).unwrap();
    journal.back_up(&directory.events(), &directory.deliveries()).unwrap();
    store(&journal, &event("later", &["h"])).await;
    drop(directory);
    let copied = open_small(copy.path());
    assert_eq!(pending(&copied), expected, "by a checkpoint and the states after it");
    assert_eq!(copied.scan(1).count(), 169);
    assert_eq!(copied.recovery().damage, []);
    assert_eq!(store(&copied, &event("new", &[])).await, seq + 1);
}

#[tokio::test]
async fn a_full_disk_gives_back_space_though_it_has_no_room_for_side_files() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes { segment: 500, ..Sizes::default() }).unwrap();
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &[])).await;
    }
    // What is newer than the oldest needs a side file, and gets none.
    disk.set(Faults { no_space_to_create: true, ..Faults::default() });
    let removed = journal.maintain(Retention { age: Duration::MAX, bytes: 600 }, SystemTime::now(), |_| false).unwrap();
    assert!(removed.segments > 0);
    assert_eq!(files(root.path(), "events", "side").len(), 0);
}

#[tokio::test]
async fn a_record_that_has_become_unreadable_keeps_no_other_segment_from_being_given_back() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &[])).await;
    }
    let first = root.path().join("journal/events/00000000000000000001.segment");
    let mut bytes = std::fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&first, bytes).unwrap();
    assert_eq!(journal.maintain(Retention::default(), SystemTime::now(), |_| false).unwrap(), Removed::default());
    assert!(files(root.path(), "events", "side").len() > 1);
    drop(journal);
    assert_eq!(open_small(root.path()).recovery().damage.len(), 1);
}

#[tokio::test]
async fn opening_does_not_read_what_side_files_tell_of() {
    let root = root();
    many_delivered(root.path(), 2).await;
    let sides = files(root.path(), "events", "side");
    assert!(sides.len() > 5, "{sides:?}");
    let first = root.path().join("journal/events/00000000000000000001.segment");
    let mut bytes = std::fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let journal = open_small(root.path());
    assert_eq!(journal.recovery(), &Recovery { records: 42, ..Recovery::default() });
    assert!(journal.scan(1).take(5).any(|event| event.is_err()), "it is found when it is read");
}

#[tokio::test]
async fn side_files_that_are_missing_damaged_or_of_another_segment_are_made_anew() {
    let root = root();
    store(&open_small(root.path()), &repeatable("d1")).await;
    many_delivered(root.path(), 2).await;
    let (expected, sides) = (pending(&open_small(root.path())), files(root.path(), "events", "side"));
    let whole: Vec<_> = sides.iter().map(|side| std::fs::read(side).unwrap()).collect();
    std::fs::remove_file(&sides[0]).unwrap();
    std::fs::write(&sides[1], &whole[1][..40]).unwrap();
    std::fs::write(&sides[2], &whole[3]).unwrap();
    let journal = open_small(root.path());
    assert_eq!(journal.recovery().records, 43);
    assert_eq!((pending(&journal), journal.scan(1).filter(Result::is_ok).count()), (expected, 43));
    assert_eq!(journal.append(&repeatable("d1")).await, Ok(Appended::Repeat));
    let again: Vec<_> = sides.iter().map(|side| std::fs::read(side).unwrap()).collect();
    assert_eq!(again, whole);
}

fn numbers(events: impl Iterator<Item = io::Result<(Sequence, Event)>>) -> Vec<Sequence> {
    events.map(|event| event.unwrap().0).collect()
}

#[tokio::test]
async fn an_event_is_found_by_its_id_and_by_its_number_also_after_reopening() {
    let root = root();
    let journal = open(root.path());
    // The clock is set back in between.
    let ids: Vec<_> = [NOW, NOW + 5, NOW - 60_000, NOW].into_iter().map(new_id).collect();
    for id in &ids {
        store(&journal, &event(id, &["h"])).await;
    }
    let find = |journal: &Journal, id: &str| journal.find(id).unwrap().map(|(seq, event)| (seq, event.id));
    let all_found = |journal: &Journal| {
        (1..)
            .zip(&ids)
            .all(|(seq, id)| find(journal, id) == Some((seq, id.clone())) && find(journal, &seq.to_string()) == Some((seq, id.clone())))
    };
    assert!(all_found(&journal));
    drop(journal);
    let journal = open(root.path());
    assert!(all_found(&journal));
    assert_eq!([find(&journal, &new_id(NOW)), find(&journal, "5"), find(&journal, "nonsense")], [None, None, None]);
}

#[tokio::test]
async fn events_are_looked_at_from_either_end_and_in_parts() {
    let root = root();
    let journal = open(root.path());
    for number in 0..5 {
        store(&journal, &Event { received_at: NOW + number, ..event(&new_id(NOW + number), &[]) }).await;
    }
    let always = 0..=u64::MAX;
    assert_eq!(journal.end(), 6);
    assert_eq!(numbers(journal.newest_first(Sequence::MAX, always.clone())), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(journal.newest_first(3, always.clone())), [2, 1]);
    assert_eq!(numbers(journal.oldest_first(2, 5, always)), [2, 3, 4]);
    assert_eq!(numbers(journal.newest_first(Sequence::MAX, 0..=NOW - 1)), [0; 0]);
}

#[tokio::test]
async fn the_replays_of_an_event_are_known_also_after_reopening() {
    let root = root();
    let journal = open(root.path());
    let seq = store(&journal, &event("a", &[])).await;
    let replay_of = Some(Original { seq, id: "a".into(), uid: None });
    let replay = store(&journal, &Event { replay_of, ..event("b", &["h"]) }).await;
    assert_eq!(journal.replays(seq), [replay]);
    drop(journal);
    let journal = open(root.path());
    assert_eq!((journal.replays(seq), journal.replays(replay)), (vec![replay], vec![]));
}
