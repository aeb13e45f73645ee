//! What a plugin may use, and how wasmtime is set up for it.
//!
//! The figures are measurements of wasmtime 48 with guests built by `plugin build`.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use super::capability::Grants;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The limits that plugins run under, and what the operator says about them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where compiled plugins are kept; a directory of the host's own. None: compiled at each start.
    pub cache: Option<PathBuf>,
    /// The largest plugin file, in bytes. Compilation cannot be interrupted; this is what bounds it.
    pub file_size: usize,
    /// Processor time in a plugin during one request, all calls together.
    pub deadline: Duration,
    /// How long a request waits for an instance when all are in use. It takes no thread meanwhile.
    pub patience: Duration,
    /// Linear memory of one instance, in bytes.
    pub memory: usize,
    /// What a plugin may hand to the host in one call, in bytes.
    pub result_size: usize,
    /// How many requests may be in one plugin at once, each in an instance of its own.
    pub instances: u32,
    /// How many requests in a row may be stopped in a plugin (by a crash or a limit) before it is called no more; 0: any number.
    pub stops: u32,
    /// What the operator lets the services' plugins reach.
    pub grants: Grants,
    /// A file with the SHA-256 digests of the plugins that may be loaded. None: any may.
    pub trust: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache: None,
            file_size: 32 << 20,
            deadline: Duration::from_millis(100),
            patience: Duration::from_secs(5),
            memory: 64 << 20,
            result_size: 4 << 20,
            instances: default_instances(),
            stops: 100,
            grants: Grants::default(),
            trust: None,
        }
    }
}

/// A plugin computes and never waits: more instances than a few for each processor only make each other late.
fn default_instances() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors * 4).unwrap_or(u32::MAX).clamp(8, 1024)
}

/// Time to say what it offers, once, when it is loaded; a host that is busy must not refuse a plugin for that.
pub(super) const LOADING: Duration = Duration::from_secs(1);
/// How often the clock that ends overlong calls ticks.
pub(super) const TICK: Duration = Duration::from_millis(5);

/// Memory of an instance that stays mapped between two uses; enough for what a plugin starts with.
pub(super) const KEPT_MEMORY: usize = 1 << 20;
const KEPT_TABLE: usize = 4 << 10;
/// Table elements of one instance: function pointers, so far more than any plugin has.
pub(super) const TABLE_ELEMENTS: usize = 20_000;

/// So many plugins may have all the instances they may have at the same time.
const PLUGINS_AT_ONCE: u32 = 16;
/// More are reserved only where one plugin may have more. A slot costs address space, not memory.
const LARGEST_POOL: u32 = 1024;

impl Settings {
    /// How many requests may be in all plugins at once.
    pub(super) fn pool(&self) -> u32 {
        self.instances.saturating_mul(PLUGINS_AT_ONCE).min(LARGEST_POOL.max(self.instances))
    }

    /// An engine with a pool of instances; where the address space does not allow that, one that
    /// reserves less, and then one that maps memory as it is needed.
    pub(super) fn wasmtime_engine(&self) -> wasmtime::Result<wasmtime::Engine> {
        wasmtime::Engine::new(&self.pooled(|_| {}))
            .or_else(|_| {
                wasmtime::Engine::new(&self.pooled(|config| {
                    config.memory_reservation(self.memory as u64).memory_guard_size(64 << 10);
                }))
            })
            .or_else(|_| wasmtime::Engine::new(&Self::base()))
    }

    /// What holds however memory is had. No fuel: epochs bound time at a third of the cost. Wasmtime's
    /// features for parallel compilation, garbage collection and threads are not even compiled in.
    fn base() -> Config {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config
    }

    fn pooled(&self, adjust: impl FnOnce(&mut Config)) -> Config {
        // One more than requests may have: a plugin that is being loaded says what it offers in it.
        let instances = self.pool() + 1;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(instances)
            .total_memories(instances)
            .total_stacks(instances)
            .total_core_instances(instances * 8)
            .total_tables(instances * 4)
            .max_memory_size(self.memory)
            .table_elements(TABLE_ELEMENTS)
            .linear_memory_keep_resident(KEPT_MEMORY)
            .table_keep_resident(KEPT_TABLE);
        let mut config = Self::base();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        adjust(&mut config);
        config
    }
}
