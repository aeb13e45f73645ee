//! Waiting: until something holds, with a deadline, never for a time.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. Long, because it is only ever spent by a test that fails.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Looks until there is something to see, and gives it back; panics with `what` at the deadline.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    before_deadline(look).unwrap_or_else(|| panic!("gave up waiting until {what}"))
}

/// Looks until there is something to see; nothing at the deadline.
pub fn before_deadline<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if began.elapsed() >= DEADLINE {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a condition holds; panics with `what` at the deadline.
pub fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}
