//! From a plugin's file to native code: in a child process under limits, a few at a time, nothing twice.
//!
//! Compiling is the one thing that is done with a plugin's bytes before any of its limits hold: 250 KB can make the compiler
//! want 26 GB. The child ([`child`]) therefore does all of it, and the parent (`parent`) believes only the code that comes back.

mod answer;
pub mod child;
mod component;
mod parent;

use std::collections::HashMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::coop::unconstrained;
use tracing::{info, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::Cache;
use super::contract::LoadError;
use super::native_code::{MemoryLayout, NativeCode};
use super::settings::Settings;
pub use component::component_from_module;
use parent::{Children, Failed};

/// Where plugins are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compilation {
    /// In a child process, under [`CompileLimits`], by a program that understands `hookwright compile-plugin`.
    InChild {
        /// The program.
        program: PathBuf,
    },
    /// In this process, without limits: for programs that are not hookwright, and only with plugins that are trusted.
    InProcess,
}

impl Default for Compilation {
    /// In a child of the very program that runs, also where its file was replaced meanwhile. Unit tests are no such program.
    fn default() -> Self {
        match cfg!(test) {
            true => Self::InProcess,
            false => Self::InChild { program: parent::this_program() },
        }
    }
}

/// What compiling one plugin may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the child process, in bytes.
    pub memory: u64,
    /// Its processor time; whole seconds count. By the clock on the wall it may take four times as long.
    pub time: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { memory: 1 << 30, time: Duration::from_secs(30) }
    }
}

/// Plugins whose compilation failed are remembered so many at a time.
const REMEMBERED: usize = 1024;

type Hash = [u8; 32];

/// Compiles plugins.
pub(super) struct Compiler {
    cache: Option<Cache>,
    compilation: Compilation,
    limits: CompileLimits,
    layout: MemoryLayout,
    /// First come, first served.
    turns: Semaphore,
    children: Children,
    /// By the SHA-256 of the file: it would only fail again.
    failed: Mutex<HashMap<Hash, LoadError>>,
}

impl Compiler {
    pub(super) fn new(settings: &Settings, cache: Option<Cache>, layout: MemoryLayout) -> Self {
        Self {
            cache,
            compilation: settings.compilation.clone(),
            limits: settings.compile_limits,
            layout,
            turns: Semaphore::new(at_once()),
            children: Children::default(),
            failed: Mutex::default(),
        }
    }

    /// The component that `bytes` are or make, compiled now or earlier. Says what it is at, since it may take seconds.
    pub(super) fn compile(&self, engine: &Engine, service: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        if let Some(found) = self.cached(engine, bytes) {
            return Ok(found);
        }
        let digest: Hash = Sha256::digest(bytes).into();
        let turn = pollster::block_on(unconstrained(self.turns.acquire()));
        let _turn = turn.map_err(|_| LoadError::Stopping)?;
        if let Some(error) = self.failed().get(&digest) {
            return Err(error.clone());
        }
        info!(service, kibibytes = bytes.len().div_ceil(1024), "compiling the plugin");
        let begun = Instant::now();
        let code = self.run(engine, bytes).map_err(|failed| self.remember(digest, failed))?;
        let component = code.load(engine).map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        info!(service, ms = begun.elapsed().as_millis(), "the plugin is compiled");
        self.keep(engine, bytes, &code);
        Ok(component)
    }

    /// Ends the children there are and lets nobody begin another: the host stops.
    pub(super) fn stop(&self) {
        self.turns.close();
        self.children.stop();
    }

    fn cached(&self, engine: &Engine, bytes: &[u8]) -> Option<Component> {
        self.cache.as_ref()?.find(engine, bytes)?.load(engine).ok()
    }

    fn run(&self, engine: &Engine, bytes: &[u8]) -> Result<NativeCode, Failed> {
        match &self.compilation {
            Compilation::InChild { program } => self.children.compile(program, self.limits, self.layout, bytes),
            Compilation::InProcess => component::compile(engine, bytes).map_err(Failed::for_good),
        }
    }

    fn remember(&self, digest: Hash, failed: Failed) -> LoadError {
        if failed.for_good {
            let mut known = self.failed();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(digest, failed.error.clone());
        }
        failed.error
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, HashMap<Hash, LoadError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cache that cannot be written to costs time, not the plugin.
    fn keep(&self, engine: &Engine, bytes: &[u8], code: &NativeCode) {
        let Some(cache) = &self.cache else { return };
        if let Err(error) = cache.keep(engine, bytes, code) {
            warn!(error = format!("{error:#}"), "cannot keep a compiled plugin");
        }
    }
}

/// So many plugins are compiled at once: as many as leave a processor free, and few enough for the memory that they may take.
fn at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    processors.saturating_sub(1).clamp(1, 4)
}
