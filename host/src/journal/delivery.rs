//! How far the delivery of each bundle is, and how that is recorded.

use std::sync::Arc;

use super::encoding::Malformed;
use super::event::Sequence;
use super::segment::Entry;

/// What became of an attempt to deliver a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// The destination has taken it.
    Delivered,
    /// It has not; the next attempt is due.
    Retry {
        /// How many attempts there have been.
        attempt: u32,
        /// When the next one is due, in milliseconds since 1970.
        due_ms: u64,
        /// How the last one failed; an earlier version of hookwright did not write that down.
        failure: Option<Failure>,
    },
    /// It will not be tried again unless an operator wants it: it is a dead letter.
    Dead {
        /// Why, for the operator.
        reason: String,
        /// How many attempts there have been.
        attempts: u32,
        /// When it became one, in milliseconds since 1970.
        at_ms: u64,
    },
    /// It was a dead letter; attempts begin anew.
    Redriven {
        /// Since when, in milliseconds since 1970.
        at_ms: u64,
    },
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why, for the operator.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// A bundle by its event and its place among the event's bundles, from 0 on.
pub type BundleKey = (Sequence, u32);

/// A bundle that is neither delivered nor dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its event.
    pub seq: Sequence,
    /// Its place among the event's bundles, from 0 on.
    pub bundle: u32,
    /// The hook it is for.
    pub hook: Arc<str>,
    /// How many attempts there have been.
    pub attempt: u32,
    /// When the next one is due, in milliseconds since 1970; 0 if none has ever been made.
    pub due_ms: u64,
}

/// A bundle that will not be tried again unless an operator wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its event.
    pub seq: Sequence,
    /// Its place among the event's bundles, from 0 on.
    pub bundle: u32,
    /// The hook it is for.
    pub hook: Arc<str>,
    /// When it became one, in milliseconds since 1970; 0 if an earlier version of hookwright did not write that down.
    pub at_ms: u64,
    /// How many attempts there have been.
    pub attempts: u32,
    /// Why, for the operator.
    pub reason: String,
}

/// The kind of a delivery state's record.
const KIND: u8 = 1;
const VERSION: u8 = 1;
const FIXED: usize = 14;

const DELIVERED: u8 = 0;
/// As it was before reasons were written down.
const RETRY_BEFORE: u8 = 1;
/// As it was before times and attempts were written down: nothing but the reason.
const DEAD_BEFORE: u8 = 2;
const REDRIVEN: u8 = 3;
const DEAD: u8 = 4;
const RETRY: u8 = 5;

/// The record of a delivery state: `version u8 | state u8 | seq u64 | bundle u32`, then `attempt u32 | due u64 [| at u64 | reason]`
/// or `attempts u32 | at u64 | reason`, or `0 u32 | at u64`.
pub(super) fn encode(seq: Sequence, bundle: u32, state: &DeliveryState) -> Entry {
    let numbers = |count: u32, time_ms: u64| [&count.to_le_bytes()[..], &time_ms.to_le_bytes()].concat();
    let (tag, rest) = match state {
        DeliveryState::Delivered => (DELIVERED, Vec::new()),
        DeliveryState::Retry { attempt, due_ms, failure: None } => (RETRY_BEFORE, numbers(*attempt, *due_ms)),
        DeliveryState::Retry { attempt, due_ms, failure: Some(Failure { reason, at_ms }) } => {
            (RETRY, [&numbers(*attempt, *due_ms), &at_ms.to_le_bytes()[..], reason.as_bytes()].concat())
        }
        DeliveryState::Dead { reason, attempts, at_ms } => (DEAD, [&numbers(*attempts, *at_ms), reason.as_bytes()].concat()),
        DeliveryState::Redriven { at_ms } => (REDRIVEN, numbers(0, *at_ms)),
    };
    let head = [&[VERSION, tag][..], &seq.to_le_bytes(), &bundle.to_le_bytes(), &rest].concat();
    Entry { kind: KIND, head, blobs: Vec::new() }
}

/// Reads a delivery state's record back.
pub(super) fn decode(payload: &[u8]) -> Result<(Sequence, u32, DeliveryState), Malformed> {
    let short = Malformed("a delivery state's record ends too early");
    let (fixed, rest) = payload.split_first_chunk::<FIXED>().ok_or(short)?;
    let [version, tag, ids @ ..] = fixed;
    if *version != VERSION {
        return Err(Malformed("a delivery state was written by another version of hookwright"));
    }
    let (count, time_at) = (|| Ok(u32::from_le_bytes(part(rest, 0)?)), |at| Ok(u64::from_le_bytes(part(rest, at)?)));
    let time_ms = || time_at(4);
    let reason = |from| String::from_utf8_lossy(rest.get(from..).unwrap_or_default()).into_owned();
    let state = match *tag {
        DELIVERED => DeliveryState::Delivered,
        RETRY_BEFORE => DeliveryState::Retry { attempt: count()?, due_ms: time_ms()?, failure: None },
        RETRY => {
            let failure = Failure { at_ms: time_at(12)?, reason: reason(20) };
            DeliveryState::Retry { attempt: count()?, due_ms: time_ms()?, failure: Some(failure) }
        }
        DEAD_BEFORE => DeliveryState::Dead { reason: reason(0), attempts: 0, at_ms: 0 },
        REDRIVEN => DeliveryState::Redriven { at_ms: time_ms()? },
        DEAD => DeliveryState::Dead { attempts: count()?, at_ms: time_ms()?, reason: reason(12) },
        _ => return Err(Malformed("a delivery state was written by another version of hookwright")),
    };
    Ok((u64::from_le_bytes(part(ids, 0)?), u32::from_le_bytes(part(ids, 8)?), state))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Malformed> {
    let part = bytes.get(at..at + N).and_then(|part| part.try_into().ok());
    part.ok_or(Malformed("a delivery state's record ends too early"))
}

#[cfg(test)]
mod tests;
