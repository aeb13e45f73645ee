//! The log: to standard error, written by a thread of its own so that no request waits for a terminal or a pipe.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::serve::LogFormat;

/// Lines that may wait to be written. More are dropped: a stuck reader of the log must not stop webhooks.
const WAITING_LINES: usize = 65_536;

/// Sets the log up for the whole process; what is still waiting is written when the guard is dropped.
pub(super) fn start(format: LogFormat, verbose: u8) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(io::LineWriter::new(io::stderr()));
    let layer = fmt::layer().with_writer(writer).with_ansi(super::colour_stderr()).with_target(false);
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // A second call in one process (tests) keeps the first log.
    let _ = tracing_subscriber::registry().with(layer.with_filter(levels(verbose))).try_init();
    guard
}

/// Ours to the level asked for; the libraries only speak where something is wrong, or at -vv.
fn levels(verbose: u8) -> Targets {
    let (ours, others) = match verbose {
        0 => (LevelFilter::INFO, LevelFilter::WARN),
        1 => (LevelFilter::DEBUG, LevelFilter::WARN),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    Targets::new().with_target("hookwright", ours).with_default(others)
}
