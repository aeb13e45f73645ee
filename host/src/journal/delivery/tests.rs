//! What is known of deliveries, without a disk.

#![allow(clippy::unwrap_used)]

use super::*;

fn dead(reason: &str) -> DeliveryState {
    DeliveryState::Dead { reason: reason.into(), attempts: 8, at_ms: 1_790_000_000_123 }
}

fn retry(reason: Option<&str>) -> DeliveryState {
    let failure = reason.map(|reason| Failure { reason: reason.into(), at_ms: 1_790_000_000_122 });
    DeliveryState::Retry { attempt: 3, due_ms: 1_790_000_000_123, failure }
}

#[test]
fn every_state_reads_back_as_it_was_written() {
    for state in [DeliveryState::Delivered, retry(None), retry(Some("refused")), dead("gone"), DeliveryState::Redriven { at_ms: 7 }] {
        let entry = encode(7, 2, &state);
        assert_eq!(decode(&entry.head), Ok((7, 2, state)));
    }
}

#[test]
fn a_state_that_ends_too_early_is_an_error_at_every_length() {
    for state in [retry(None), retry(Some("")), DeliveryState::Redriven { at_ms: 9 }, dead("")] {
        let entry = encode(7, 2, &state);
        for length in 0..entry.head.len() {
            assert!(decode(&entry.head[..length]).is_err(), "{state:?} {length}");
        }
    }
}

#[test]
fn a_dead_letter_from_before_times_were_written_down_is_read() {
    let mut head = encode(7, 2, &DeliveryState::Delivered).head;
    head[1] = DEAD_BEFORE;
    head.extend(b"gone");
    assert_eq!(decode(&head), Ok((7, 2, DeliveryState::Dead { reason: "gone".into(), attempts: 0, at_ms: 0 })));
}

#[test]
fn a_state_of_another_version_is_refused() {
    let mut head = encode(7, 2, &DeliveryState::Delivered).head;
    head[1] = RETRY + 1;
    assert_eq!(decode(&head), Err(Malformed("a delivery state was written by another version of hookwright")));
}
