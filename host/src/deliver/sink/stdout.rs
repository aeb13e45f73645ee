//! Prints bundles to the standard output, a line each.

use std::io::{self, Write};

use futures_util::future::BoxFuture;

use super::lines::Lines;
use super::{Delivery, Refusal, Sink};

/// The process's standard output, which every hook that names it shares.
pub(super) struct Stdout(std::sync::OnceLock<Lines>);

impl Stdout {
    pub(super) fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    fn lines(&self) -> &Lines {
        self.0.get_or_init(|| Lines::start(print))
    }
}

impl Sink for Stdout {
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.lines().write(delivery.bundle.json.clone()))
    }
}

fn print(lines: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(lines)?;
    out.flush()
}
