//! OpenTelemetry traces: one for each event, from its arrival to every attempt to deliver it.
//!
//! The trace's id is the event's own, and the first span's is the half of it that was made at random. So attempts after a
//! restart are part of the same trace, and whoever knows an event knows its trace.

mod client;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor};
use uuid::Uuid;

/// Where traces go, and of how many events.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The collector, such as `http://127.0.0.1:4318`: OTLP over HTTP.
    pub endpoint: String,
    /// The part of all events that is traced, from 0 to 1; the same ones on every host.
    pub share: f64,
}

/// What takes spans to a collector, or nothing. Cheap to clone; never makes anybody wait.
#[derive(Clone, Default)]
pub struct Telemetry(Option<Arc<Exporting>>);

struct Exporting {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    /// Events are traced whose number is below.
    below: u64,
}

/// A span as its maker knows it.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) kind: SpanKind,
    pub(crate) took: Duration,
    pub(crate) attributes: Vec<KeyValue>,
    /// Why it failed, if it did.
    pub(crate) failure: Option<String>,
}

impl Telemetry {
    /// Exports to a collector, in the background. To be called on a runtime.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client::Client::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces_of(&settings.endpoint))
            .build()
            .context("cannot export traces")?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        processor.set_resource(&Resource::builder().with_service_name("hookwright").with_attribute(version).build());
        let scope = InstrumentationScope::builder("hookwright").build();
        Ok(Self(Some(Arc::new(Exporting { processor, scope, below: (settings.share.clamp(0.0, 1.0) * u64::MAX as f64) as u64 }))))
    }

    /// The first span of an event's trace, which ends now. `span` is only made where it is exported.
    pub(crate) fn begin(&self, event: &str, span: impl FnOnce() -> Span) {
        self.export(event, span, |first| (first, SpanId::INVALID));
    }

    /// A later span of an event's trace, which ends now.
    pub(crate) fn go_on(&self, event: &str, span: impl FnOnce() -> Span) {
        self.export(event, span, |first| (SpanId::from_bytes(getrandom::u64().unwrap_or(1).to_be_bytes()), first));
    }

    fn export(&self, event: &str, span: impl FnOnce() -> Span, ids: impl FnOnce(SpanId) -> (SpanId, SpanId)) {
        let Some(exporting) = &self.0 else { return };
        // Events from before ids were UUIDs have no trace.
        let Ok(id) = Uuid::parse_str(event) else { return };
        let (_, random) = id.as_u64_pair();
        if random.rotate_left(2) <= exporting.below {
            let (own, parent) = ids(SpanId::from_bytes(random.to_be_bytes()));
            exporting.send(TraceId::from_bytes(id.into_bytes()), own, parent, span());
        }
    }

    /// Sends what has not been sent yet. Blocks for some seconds at most.
    pub fn shutdown(&self) {
        if let Some(Err(error)) = self.0.as_ref().map(|exporting| exporting.processor.shutdown_with_timeout(Duration::from_secs(5))) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

impl Exporting {
    fn send(&self, trace: TraceId, id: SpanId, parent_span_id: SpanId, span: Span) {
        let end_time = SystemTime::now();
        self.processor.on_end(SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id,
            parent_span_is_remote: false,
            span_kind: span.kind,
            name: span.name.into(),
            start_time: end_time - span.took,
            end_time,
            attributes: span.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.failure.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        });
    }
}

/// The collector's path for traces, unless the operator names one.
fn traces_of(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    if rest.contains('/') { endpoint.to_owned() } else { format!("{endpoint}/v1/traces") }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Telemetry").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_asked_on_its_path_for_traces_unless_another_is_named() {
        for (endpoint, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otlp.example/", "https://otlp.example/v1/traces"),
            ("https://otlp.example/api/otlp", "https://otlp.example/api/otlp"),
        ] {
            assert_eq!(traces_of(endpoint), url);
        }
    }
}
