//! How many requests were answered how, and how long that took.

use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::failure::Failure;
use crate::metrics::{OfService, seconds};
use crate::receive::Receipt;

/// What is measured of the public listener.
#[derive(Clone, Debug)]
pub struct Meters {
    requests: Family<Answered, Counter>,
    seconds: Family<OfService, Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    /// Empty where the path led nowhere.
    service: String,
    /// What was decided, or `refused`.
    outcome: &'static str,
    status: u16,
}

impl Default for Meters {
    fn default() -> Self {
        Self { requests: Family::default(), seconds: Family::new_with_constructor(seconds) }
    }
}

impl Meters {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Requests answered, by service, outcome and status", self.requests.clone());
        let help = "From a request's head to its reply: read, decided, on disk";
        registry.register_with_unit("accept", help, Unit::Seconds, self.seconds.clone());
    }

    /// Counts a request that found its webhook.
    pub(super) fn answered(&self, service: &str, result: &Result<Receipt, Failure>, took: Duration) {
        let (outcome, status) = match result {
            Ok(receipt) => (receipt.outcome.word(), receipt.reply.status()),
            Err(failure) => ("refused", failure.status()),
        };
        self.count(service, outcome, status);
        self.seconds.get_or_create(&OfService { service: service.to_owned() }).observe(took.as_secs_f64());
    }

    /// Counts one that did not.
    pub(super) fn lost(&self, status: StatusCode) {
        self.count("", "refused", status);
    }

    fn count(&self, service: &str, outcome: &'static str, status: StatusCode) {
        let answered = Answered { service: service.to_owned(), outcome, status: status.as_u16() };
        self.requests.get_or_create(&answered).inc();
    }
}
