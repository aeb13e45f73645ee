//! How far long work is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often it is said.
const EVERY: Duration = Duration::from_millis(100);

/// Says on standard error how far something is, where that is a terminal; the line is gone when this is dropped.
pub(super) struct Progress {
    what: &'static str,
    total: usize,
    /// `None`: nobody looks.
    said: Option<Instant>,
}

impl Progress {
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        Self { what, total, said: io::stderr().is_terminal().then(Instant::now) }
    }

    /// `done` of all are done.
    pub(super) fn at(&mut self, done: usize) {
        if self.said.is_some_and(|said| said.elapsed() >= EVERY) {
            self.said = Some(Instant::now());
            // What cannot be shown need not be.
            let _ = write!(io::stderr(), "\r\u{1b}[K{} {done} of {}", self.what, self.total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.said.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
