//! What is counted when it is asked for: how much there is of something now.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::Host;
use crate::connections::Connections;
use crate::deliver::now_ms;
use crate::journal::{Journal, Waiting};
use crate::metrics::OfService;
use crate::services::Services;

/// The parts that are asked.
pub(super) struct Levels {
    journal: Arc<Journal>,
    connections: Arc<Connections>,
    services: Arc<Services>,
}

impl Levels {
    pub(super) fn of(host: &Host) -> Self {
        Self { journal: host.journal.clone(), connections: host.connections.clone(), services: host.services.clone() }
    }
}

impl Collector for Levels {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let levels = self.journal.levels(|hook| self.connections.hook(hook).is_some_and(|hook| hook.is_pulled()));
        let mut gauge = |name, help, unit: Option<&Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            let encoder = encoder.encode_descriptor(name, help, unit, EncodeMetric::metric_type(&gauge))?;
            gauge.encode(encoder)
        };
        let count = |count: usize| count as f64;
        let now_ms = now_ms();
        let age = |waiting: &Waiting| waiting.oldest_ms.map_or(0.0, |received_at| now_ms.saturating_sub(received_at) as f64 / 1000.0);
        gauge("bundles_pending", "Bundles that are to be delivered", None, levels.pending.count as f64)?;
        gauge("oldest_pending_age", "How long the oldest of them has waited", Some(&Unit::Seconds), age(&levels.pending))?;
        gauge("bundles_unfetched", "Bundles that wait to be fetched", None, levels.unfetched.count as f64)?;
        gauge("oldest_unfetched_age", "How long the oldest of them has waited", Some(&Unit::Seconds), age(&levels.unfetched))?;
        gauge("dead_letters", "Bundles that were given up and can be redriven", None, count(levels.dead_letters))?;
        gauge("held_events", "Events for a uid that nobody has yet", None, count(levels.held))?;
        gauge("journal_queue", "Events that wait for the disk", Some(&Unit::Bytes), count(levels.queued_bytes))?;
        gauge("journal_damaged", "Damaged places that were set aside when the journal was opened", None, count(levels.damaged))?;
        let (connections, hooks) = self.connections.counts();
        gauge("connections", "Connections", None, count(connections))?;
        gauge("hooks", "Hooks, whatever their state", None, count(hooks))?;
        let store = self.connections.condition();
        let flag = |is: bool| f64::from(u8::from(is));
        let rebuilt = "1 if the store of connections was not usable at the start and was rebuilt from its journal";
        gauge("connection_store_rebuilt", rebuilt, None, flag(store.was_rebuilt()))?;
        let failed = "1 if the store of connections has failed; its journal has everything, and a restart rebuilds it";
        gauge("connection_store_failed", failed, None, flag(store.has_failed()))?;
        self.plugins_out_of_service(&mut encoder)
    }
}

impl Levels {
    /// One figure for each service that has a plugin.
    fn plugins_out_of_service(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 while the plugin is not called, because it failed for everybody; requests that need it are answered 503";
        let mut family = encoder.encode_descriptor("plugin_out_of_service", help, None, MetricType::Gauge)?;
        for (name, service) in self.services.snapshot().iter() {
            let Some(plugin) = &service.plugin else { continue };
            let of = OfService { service: name.clone() };
            ConstGauge::new(u32::from(plugin.out_of_service().is_some())).encode(family.encode_family(&of)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Levels")
    }
}
