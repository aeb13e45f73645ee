//! What is known of bundles, without a disk.

#![allow(clippy::unwrap_used)]

use super::super::checkpoint::Checkpoints;
use super::super::segment::LocalDisk;
use super::*;

fn dead(reason: &str) -> DeliveryState {
    DeliveryState::Dead { reason: reason.into(), attempts: 8, at_ms: 1_790_000_000_123 }
}

#[test]
fn only_bundles_that_are_neither_delivered_nor_dead_are_pending() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "b", "a"].into_iter());
    ledger.add(2, ["b"].into_iter());
    ledger.apply(1, 0, &DeliveryState::Delivered);
    ledger.apply(1, 1, &DeliveryState::Retry { attempt: 2, due_ms: 50, failure: None });
    ledger.apply(2, 0, &dead(""));
    let pending: Vec<_> = ledger.pending().into_iter().map(|p| (p.seq, p.bundle, p.hook.to_string(), p.attempt, p.due_ms)).collect();
    assert_eq!(pending, [(1, 1, "b".into(), 2, 50), (1, 2, "a".into(), 0, 0)]);
    assert!(ledger.done(&(2..3)));
    assert!(!ledger.done(&(1..2)));
}

#[test]
fn a_bundle_that_was_delivered_does_not_come_back() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a"].into_iter());
    ledger.apply(1, 0, &DeliveryState::Delivered);
    ledger.apply(1, 0, &DeliveryState::Retry { attempt: 1, due_ms: 1, failure: None });
    ledger.apply(1, 0, &DeliveryState::Redriven { at_ms: 7 });
    assert_eq!(ledger.pending(), []);
}

#[test]
fn a_dead_letter_that_is_redriven_begins_anew_and_is_counted_no_more() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "a"].into_iter());
    ledger.apply(1, 0, &DeliveryState::Retry { attempt: 7, due_ms: 9, failure: None });
    ledger.apply(1, 0, &dead("gone"));
    ledger.apply(1, 1, &dead("gone"));
    assert_eq!((ledger.pending(), ledger.dead_of("a"), ledger.done(&(1..2))), (vec![], 2, true));
    ledger.apply(1, 0, &DeliveryState::Redriven { at_ms: 7 });
    assert_eq!(ledger.pending(), [Pending { seq: 1, bundle: 0, hook: "a".into(), attempt: 0, due_ms: 7 }]);
    assert_eq!((ledger.dead_of("a"), ledger.done(&(1..2))), (1, false));
    ledger.apply(1, 0, &DeliveryState::Delivered);
    assert_eq!((ledger.done(&(1..2)), ledger.settled(&(1..2))), (true, false));
    assert_eq!(ledger.forget(&(1..2)), (1, 0));
    assert_eq!((ledger.dead_of("a"), ledger.settled(&(1..2))), (0, true));
}

#[test]
fn while_a_redrive_is_on_its_way_to_the_disk_its_events_stay_and_nobody_else_begins_it() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "a"].into_iter());
    ledger.apply(1, 0, &dead("gone"));
    ledger.apply(1, 1, &DeliveryState::Delivered);
    let begun = ledger.begin_redrive(&[(1, 0), (1, 1), (1, 0)]);
    assert_eq!(begun, [(1, 0)]);
    assert_eq!(ledger.begin_redrive(&[(1, 0)]), []);
    assert!(!ledger.done(&(1..2)));
    ledger.end_redrive(&begun);
    assert!(ledger.done(&(1..2)));
}

#[test]
fn what_a_damaged_log_has_lost_of_a_redrive_is_inferred_from_what_came_after_it() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "a"].into_iter());
    ledger.apply(1, 0, &dead("gone"));
    ledger.apply(1, 1, &dead("gone"));
    ledger.apply(1, 0, &DeliveryState::Retry { attempt: 1, due_ms: 5, failure: None });
    ledger.apply(1, 1, &DeliveryState::Delivered);
    assert_eq!(ledger.pending(), [Pending { seq: 1, bundle: 0, hook: "a".into(), attempt: 1, due_ms: 5 }]);
    assert_eq!(ledger.dead_of("a"), 0);
}

#[test]
fn what_is_open_of_a_hook_is_known_without_looking_at_others() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "b", "a"].into_iter());
    ledger.add(2, ["a"].into_iter());
    let of = |ledger: &Ledger, after, most| ledger.pending_of("a", after, most).into_iter().map(|p| (p.seq, p.bundle)).collect::<Vec<_>>();
    assert_eq!((of(&ledger, None, 2), of(&ledger, Some((1, 0)), 9)), (vec![(1, 0), (1, 2)], vec![(1, 2), (2, 0)]));
    ledger.apply(1, 2, &DeliveryState::Delivered);
    ledger.apply(1, 0, &dead("gone"));
    assert_eq!(of(&ledger, None, 9), [(2, 0)]);
    ledger.apply(1, 0, &DeliveryState::Redriven { at_ms: 7 });
    assert_eq!(of(&ledger, None, 9), [(1, 0), (2, 0)]);
    assert_eq!(ledger.forget(&(1..2)), (0, 2), "one of each hook");
    assert_eq!((of(&ledger, None, 9), ledger.pending().len()), (vec![(2, 0)], 1));
}

#[test]
fn how_the_last_attempts_failed_is_in_a_checkpoint_for_as_long_as_something_is_open() {
    let mut ledger = Ledger::default();
    ledger.add(1, ["a", "a", "done"].into_iter());
    let failure = |reason: &str| Failure { reason: reason.into(), at_ms: 9 };
    for (bundle, reason) in (0..).zip(["first", "last", "done"]) {
        ledger.apply(1, bundle, &DeliveryState::Retry { attempt: 1, due_ms: 1, failure: Some(failure(reason)) });
    }
    ledger.apply(1, 2, &DeliveryState::Dead { reason: "done".into(), attempts: 2, at_ms: 10 });
    ledger.written((1, 2), 4);
    let mut encoded = Encoded::new(ledger.covers());
    assert_eq!(ledger.encode_part(None, 9, &mut encoded), None);
    let directory = tempfile::tempdir().unwrap();
    let (mut checkpoints, _) = Checkpoints::open(directory.path());
    checkpoints.write(&LocalDisk, &encoded).unwrap();
    let mut restored = Ledger::default();
    restored.restore(Checkpoints::open(directory.path()).1, |_| true);
    assert_eq!((restored.last_failure("a"), restored.last_failure("done")), (Some(&failure("last")), None));
}
