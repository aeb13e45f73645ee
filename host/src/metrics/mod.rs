//! What Prometheus asks for: each part measures itself, and here is the one place that gives their figures names.

mod levels;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::Host;
use levels::Levels;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds, from what memory takes to what a sender waits for.
const BUCKETS: [f64; 17] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// All figures of a host.
#[derive(Debug)]
pub struct Metrics(Registry);

impl Metrics {
    /// Those of this host, as they are when they are asked for.
    pub fn of(host: &Host) -> Self {
        let mut registry = Registry::with_prefix("hookwright");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which hookwright this is", version);
        host.meters.register(&mut registry);
        host.releases.register(&mut registry);
        host.deliveries.meters().register(&mut registry);
        host.services.engine().meters().register(&mut registry);
        let commits = host.journal.commit_seconds().clone();
        registry.register_with_unit("journal_commit", "Writing and syncing one batch of events", Unit::Seconds, commits);
        let dropped = host.journal.dropped().clone();
        registry.register("bundles_dropped", "Bundles that nobody had fetched for as long as they are kept", dropped);
        let crowded_out = "Failed events, and events for a uid that nobody had yet, that made room before their time";
        registry.register("journal_crowded_out", crowded_out, host.journal.crowded_out().clone());
        registry.register_collector(Box::new(Levels::of(host)));
        Self(registry)
    }

    /// All of them, in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.0).expect("writing to a String does not fail");
        text
    }
}

/// What tells the figures of one service from those of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfService {
    pub(crate) service: String,
}

/// A distribution of seconds.
pub(crate) fn seconds() -> Histogram {
    Histogram::new(BUCKETS)
}
