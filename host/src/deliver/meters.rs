//! How attempts end, how long they take, and how long bundles are on their way.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::now_ms;
use super::schedule::LeftAlone;
use super::sink::{Bundle, Refusal};
use crate::journal::id_time;
use crate::metrics::{OfService, seconds};

/// What is measured of deliveries.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    attempts: Family<Ended, Counter>,
    seconds: Family<OfService, Histogram>,
    on_the_way: Family<OfService, Histogram>,
    servers_left_alone: Gauge,
    destinations_left_alone: Gauge,
    pub(super) retries: Counter,
    pub(super) dead: Counter,
    pub(super) disabled: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    service: String,
    outcome: &'static str,
}

impl Default for Meters {
    fn default() -> Self {
        let family = || Family::new_with_constructor(seconds as fn() -> Histogram);
        Self {
            attempts: Family::default(),
            seconds: family(),
            on_the_way: family(),
            servers_left_alone: Gauge::default(),
            destinations_left_alone: Gauge::default(),
            retries: Counter::default(),
            dead: Counter::default(),
            disabled: Counter::default(),
        }
    }
}

impl Meters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("attempts", "Attempts to deliver, by service and how they ended", self.attempts.clone());
        registry.register_with_unit("attempt", "How long an attempt took", Unit::Seconds, self.seconds.clone());
        let help = "From an event's arrival to the delivery of a bundle of it";
        registry.register_with_unit("delivery", help, Unit::Seconds, self.on_the_way.clone());
        let help = "Servers and files that cannot be reached: what is for them waits";
        registry.register("servers_left_alone", help, self.servers_left_alone.clone());
        let help = "Destinations that do not answer though their servers can be reached: what is for them waits";
        registry.register("destinations_left_alone", help, self.destinations_left_alone.clone());
        registry.register("retries", "Attempts that failed and are made again", self.retries.clone());
        registry.register("deaths", "Bundles that became dead letters", self.dead.clone());
        registry.register("hooks_disabled", "Hooks that were disabled because of their destination", self.disabled.clone());
    }

    /// Notes how many are left alone now.
    pub(super) fn note_left_alone(&self, left_alone: LeftAlone) {
        self.servers_left_alone.set(left_alone.origins as i64);
        self.destinations_left_alone.set(left_alone.destinations as i64);
    }

    /// Counts an attempt that was made.
    pub(super) fn attempted(&self, bundle: &Bundle, result: &Result<(), Refusal>, took: Duration) {
        let outcome = match result {
            Ok(()) => "delivered",
            Err(Refusal::Retry { .. }) => "refused",
            Err(Refusal::Unanswered { .. }) => "unanswered",
            Err(Refusal::Unreachable { .. }) => "unreachable",
            Err(Refusal::Gone { .. }) => "gone",
        };
        self.attempts.get_or_create(&Ended { service: bundle.service.clone(), outcome }).inc();
        let of = OfService { service: bundle.service.clone() };
        self.seconds.get_or_create(&of).observe(took.as_secs_f64());
        if let (Ok(()), Some(received_at)) = (result, id_time(&bundle.event)) {
            self.on_the_way.get_or_create(&of).observe(now_ms().saturating_sub(received_at) as f64 / 1000.0);
        }
    }
}
