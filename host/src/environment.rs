//! What every evaluation on this host gets from the world: the clock, the zone, entropy, limits.

use std::time::{SystemTime, UNIX_EPOCH};

use hookwright_iml::{Date, Environment, Limits, Zone};

/// An environment of this moment, in UTC.
pub fn now() -> Environment {
    Environment { now: clock(), zone: Zone::UTC, random, limits: Limits::default() }
}

fn clock() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let milliseconds = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Date::from_milliseconds(milliseconds).unwrap_or(Date::EPOCH)
}

/// Bits from the operating system: `uuid` and `random` must not be guessable.
fn random() -> u64 {
    getrandom::u64().expect("every system that this host runs on has a random source")
}
