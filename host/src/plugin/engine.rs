//! Everything that all plugins share, and a plugin once it is loaded.

use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use hookwright_iml::{Date, Environment, Limits, Zone};
use tokio::sync::Semaphore;
use tracing::warn;
use wasmtime::component::{Component, Linker};

use super::breaker::Breaker;
use super::cache::Cache;
use super::capability::Capability;
use super::circuit::Tolerance;
use super::compile::Compiler;
use super::contract::{self, LoadError, bindings};
use super::description::Description;
use super::meters::Meters;
use super::pool::Pool;
use super::session::Running;
use super::settings::{KEPT_MEMORY, LOADING, Settings};
use super::state::State;
use super::stopped::Stopped;
use super::stopwatch::SlowLane;
use super::{plain, ticker, trust};

/// Loads plugins; there is one in a host.
pub struct Engine(Arc<Shared>);

/// What every plugin and session needs of the engine.
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// Why no plugin can run in this process, if none can.
    unusable: Option<String>,
    /// As many as there are instances in the pool.
    pub(super) places: Arc<Semaphore>,
    pub(super) slow_lane: SlowLane,
    pub(super) meters: Meters,
    /// Held while a plugin says what it offers: the pool keeps one instance for that.
    describing: Mutex<()>,
    pub(super) wasmtime: wasmtime::Engine,
    /// Has what every plugin is given.
    linker: Linker<State>,
    compiler: Compiler,
}

/// A plugin, compiled and linked; each request gets an instance of its own.
pub struct Plugin {
    pub(super) shared: Arc<Shared>,
    pub(super) prepared: bindings::PluginPre<State>,
    /// As many as it may have of the pool's places.
    pub(super) places: Arc<Semaphore>,
    digest: String,
    description: Description,
    imports: Vec<String>,
    asks: Vec<Capability>,
    pub(super) breaker: Arc<Breaker>,
}

impl Engine {
    /// An engine with these limits. A cache directory that cannot be used, or that others can write to, is an error. A system
    /// that lets no plugin run is none: each [`Engine::load`] says so then.
    pub fn new(settings: &Settings) -> Result<Self> {
        let cache = settings.cache.as_deref().map(Cache::open).transpose()?;
        let Pool { engine: wasmtime, layout, instances, unusable } = Pool::open(settings)?;
        ticker::start(&wasmtime).context("cannot start the plugins' clock")?;
        let mut linker = Linker::new(&wasmtime);
        contract::link_base(&mut linker).map_err(plain).context("cannot link the plugins' imports")?;
        Ok(Self(Arc::new(Shared {
            settings: settings.clone(),
            unusable,
            places: Arc::new(Semaphore::new(instances as usize)),
            slow_lane: SlowLane::new(),
            meters: Meters::default(),
            describing: Mutex::new(()),
            wasmtime,
            linker,
            compiler: Compiler::new(settings, cache, layout),
        })))
    }

    /// Loads the plugin of a service from the bytes of its file, with what the operator grants the plugin of that service.
    /// Blocks while a child process compiles it: about a second for 1.3 MiB, at most four times `compile_limits.time`.
    pub fn load(&self, service: &str, bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
        let limit = self.0.settings.file_size;
        if bytes.len() > limit {
            return Err(LoadError::TooLarge { size: bytes.len(), limit });
        }
        let digest = trust::digest(bytes);
        if let Some(list) = &self.0.settings.trust {
            trust::check(list, &digest)?;
        }
        if let Some(reason) = &self.0.unusable {
            return Err(LoadError::Unusable(reason.clone()));
        }
        let component = self.0.compiler.compile(&self.0.wasmtime, service, bytes)?;
        contract::check(&self.0.wasmtime, &component)?;
        let imports = contract::imports(&self.0.wasmtime, &component);
        let asks = contract::asked(&imports);
        let missing = self.0.settings.grants.missing(service, &asks);
        if !missing.is_empty() {
            return Err(LoadError::NotGranted(missing));
        }
        let prepared = self.prepare(&component, &asks).map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let description = describe(&self.0, service, &prepared)?.seeing_parameters(asks.contains(&Capability::ConnectionData));
        warn_of_memory(&component, service);
        let Settings { stops, stops_window: window, .. } = self.0.settings;
        let breaker = Breaker::new(service, Tolerance { stops, window });
        let places = Arc::new(Semaphore::new(self.0.settings.instances as usize));
        Ok(Arc::new(Plugin { shared: Arc::clone(&self.0), prepared, places, digest, description, imports, asks, breaker }))
    }

    /// Ends what is being compiled, and compiles nothing more: the host stops.
    pub fn stop(&self) {
        self.0.compiler.stop();
    }

    /// Links what every plugin has and what this one was granted; nothing else is there to be found.
    fn prepare(&self, component: &Component, granted: &[Capability]) -> wasmtime::Result<bindings::PluginPre<State>> {
        let mut linker = self.0.linker.clone();
        for capability in granted {
            contract::link(*capability, &mut linker)?;
        }
        linker.instantiate_pre(component).and_then(bindings::PluginPre::new)
    }
}

/// More memory at the start than the pool keeps costs every request.
fn warn_of_memory(component: &Component, service: &str) {
    const PAGE: u64 = 64 << 10;
    let pages = component.resources_required().and_then(|resources| resources.max_initial_memory_size);
    let kept = KEPT_MEMORY as u64 / PAGE;
    if let Some(pages) = pages.filter(|pages| *pages > kept) {
        let kibibytes = pages * PAGE / 1024;
        warn!(
            service,
            kibibytes,
            "the plugin starts with much memory, which makes its instances slow to make; one that `hookwright plugin build` has made starts with less"
        );
    }
}

/// A plugin may say so many bytes of itself.
const DESCRIPTION: usize = 1 << 20;

/// Asks a fresh instance what it offers, under the limits of every call.
fn describe(shared: &Arc<Shared>, service: &str, prepared: &bindings::PluginPre<State>) -> Result<Description, LoadError> {
    let environment =
        Environment { now: Date::from_milliseconds(0).expect("1970 is a date"), zone: Zone::UTC, random: || 0, limits: Limits::default() };
    let limit = shared.settings.deadline.max(LOADING);
    let _only = shared.describing.lock().unwrap_or_else(PoisonError::into_inner);
    let state = State::new(Rc::from(service), &shared.settings, shared.slow_lane.stopwatch(), environment);
    let described = Running::start(shared, prepared, state, limit).and_then(|mut running| {
        let mut left = limit;
        running.limit_results(DESCRIPTION.min(shared.settings.result_size));
        running.run(&mut left, |guest, store| guest.call_describe(store))
    });
    let described = described.map_err(|stopped: Stopped| LoadError::Description(stopped.to_string()))?;
    Description::from_wire(described)
}

impl Engine {
    /// What is measured of all its plugins.
    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// The largest plugin file that is loaded, in bytes.
    pub(crate) fn file_size(&self) -> usize {
        self.0.settings.file_size
    }

    /// The list of the plugins that may be loaded, where there is one: a change of it may let a refused plugin in.
    pub fn trust_list(&self) -> Option<&Path> {
        self.0.settings.trust.as_deref()
    }
}

impl Plugin {
    /// What it offers.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The SHA-256 of its file in hexadecimal, as a list of trusted plugins has it.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The names of the interfaces it imports: all that it can do beyond computing.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Why it is not called now and when it is tried again, where its circuit breaker is open.
    pub fn out_of_service(&self) -> Option<String> {
        self.breaker.out_of_service()
    }

    /// What it asked the operator for, and was granted.
    pub fn asks(&self) -> &[Capability] {
        &self.asks
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(out)
    }
}
