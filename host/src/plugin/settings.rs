//! What a plugin may use.
//!
//! The figures are measurements of wasmtime 48 with guests built by `plugin build`.

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use super::capability::Grants;
use super::compile::{Compilation, CompileLimits};

/// The limits that plugins run under, and what the operator says about them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where compiled plugins are kept; a directory of the host's own. None: compiled at each start.
    pub cache: Option<PathBuf>,
    /// Where plugins are compiled.
    pub compilation: Compilation,
    /// What compiling one may take.
    pub compile_limits: CompileLimits,
    /// The largest plugin file, in bytes.
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
    /// How many requests in a row may be stopped in a plugin (by a crash or a limit), whoever they are from, before it is out
    /// of service for a while; 0: any number.
    pub stops: u32,
    /// For so long no request must have gone well before that.
    pub stops_window: Duration,
    /// What the operator lets the services' plugins reach.
    pub grants: Grants,
    /// A file with the SHA-256 digests of the plugins that may be loaded. None: any may.
    pub trust: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache: None,
            compilation: Compilation::default(),
            compile_limits: CompileLimits::default(),
            file_size: 32 << 20,
            deadline: Duration::from_millis(100),
            patience: Duration::from_secs(5),
            memory: 64 << 20,
            result_size: 4 << 20,
            instances: default_instances(),
            stops: 100,
            stops_window: Duration::from_mins(1),
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
pub(super) const KEPT_TABLE: usize = 4 << 10;
/// Table elements of one instance: function pointers, so far more than any plugin has.
pub(super) const TABLE_ELEMENTS: usize = 20_000;

/// So many plugins may have all the instances they may have at the same time.
const PLUGINS_AT_ONCE: u32 = 16;
/// More are reserved only where one plugin may have more. A slot costs address space, not memory.
const LARGEST_POOL: u32 = 1024;

impl Settings {
    /// What one call may hand to a plugin, in bytes of the plugin's memory: the rest is for what it does with it.
    pub(super) fn room(&self) -> u64 {
        self.memory as u64 / 2
    }

    /// How many requests may be in all plugins at once, where the address space allows it.
    pub(super) fn pool(&self) -> u32 {
        self.instances.saturating_mul(PLUGINS_AT_ONCE).min(LARGEST_POOL.max(self.instances))
    }
}
