//! How long requests are in plugins, and how many were stopped there.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::{OfService, seconds};

/// What is measured of all plugins.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    seconds: Family<OfService, Histogram>,
    stopped: Family<OfService, Counter>,
}

impl Default for Meters {
    fn default() -> Self {
        Self { seconds: Family::new_with_constructor(seconds), stopped: Family::default() }
    }
}

impl Meters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "What a request took of its plugin's time, all calls together";
        registry.register_with_unit("plugin", help, Unit::Seconds, self.seconds.clone());
        registry.register("plugin_stops", "Requests in which a plugin crashed or met a limit", self.stopped.clone());
    }

    /// Notes a request that has called the plugin of a service.
    pub(super) fn called(&self, service: &str, took: Duration, stopped: bool) {
        let of = OfService { service: service.to_owned() };
        self.seconds.get_or_create(&of).observe(took.as_secs_f64());
        if stopped {
            self.stopped.get_or_create(&of).inc();
        }
    }
}
