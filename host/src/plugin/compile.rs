//! From a file's bytes to a component.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::{info, warn};
use wasmtime::Engine;
use wasmtime::component::Component;
use wit_component::ComponentEncoder;

use super::cache::Cache;
use super::contract::LoadError;

/// The first eight bytes of a core module and of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Compiles plugins, one at a time.
pub(super) struct Compiler {
    cache: Option<Cache>,
    turn: Mutex<()>,
}

impl Compiler {
    pub(super) fn new(cache: Option<Cache>) -> Self {
        Self { cache, turn: Mutex::new(()) }
    }

    /// The component that `bytes` are or make, compiled now or earlier. Says what it is at, since it may take seconds.
    pub(super) fn compile(&self, engine: &Engine, service: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.cache.as_ref().and_then(|cache| cache.find(engine, bytes)) {
            return Ok(found);
        }
        info!(service, kibibytes = bytes.len().div_ceil(1024), "compiling the plugin");
        let begun = Instant::now();
        let component = compile(engine, bytes)?;
        info!(service, ms = begun.elapsed().as_millis(), "the plugin is compiled");
        self.keep(engine, bytes, &component);
        Ok(component)
    }

    /// A cache that cannot be written to costs time, not the plugin.
    fn keep(&self, engine: &Engine, bytes: &[u8], component: &Component) {
        let Some(cache) = &self.cache else { return };
        if let Err(error) = cache.keep(engine, bytes, component) {
            warn!(error = format!("{error:#}"), "cannot keep a compiled plugin");
        }
    }
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<Component, LoadError> {
    let component = match bytes.starts_with(COMPONENT) {
        true => Component::from_binary(engine, bytes),
        false => Component::from_binary(engine, &component_from_module(bytes)?),
    };
    component.map_err(|error| LoadError::Invalid(format!("{error:#}")))
}

/// Makes a component of a core module that carries its interface in a custom section, as
/// `wit-bindgen` leaves it there. A component is given back as it is.
pub fn component_from_module(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    if bytes.starts_with(COMPONENT) {
        return Ok(bytes.to_vec());
    }
    if !bytes.starts_with(MODULE) {
        return Err(LoadError::NotWasm);
    }
    let encoder = ComponentEncoder::default().validate(true).module(bytes);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| LoadError::NoInterface(format!("{error:#}")))
}
