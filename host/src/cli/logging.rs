//! The log: what is said, how it looks, and that it goes to standard error.

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::log_format::{self, JsonLines};
use super::log_writer::{Flush, LogWriter};
use super::serve::LogFormat;

/// Sets the log up for the whole process; what is still waiting is written when what this returns is dropped.
pub(super) fn start(format: LogFormat, verbose: u8) -> io::Result<Flush> {
    let (writer, flush) = LogWriter::start(io::stderr())?;
    let layer = match format {
        LogFormat::Text => text_layer(writer, super::colour_stderr()).boxed(),
        LogFormat::Json => json_layer(writer).boxed(),
    };
    // A second call in one process (tests) keeps the first log.
    let _ = tracing_subscriber::registry().with(layer.with_filter(levels(verbose))).try_init();
    Ok(flush)
}

/// Lines for people.
pub(super) fn text_layer<S, W>(writer: W, colour: bool) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    fmt::layer().with_writer(writer).with_ansi(colour).with_target(false).fmt_fields(log_format::fields())
}

/// A JSON object a line.
pub(super) fn json_layer<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    fmt::layer().with_writer(JsonLines(writer)).with_ansi(false).with_target(false).json().flatten_event(true)
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
