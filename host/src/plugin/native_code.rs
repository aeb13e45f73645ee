//! Compiled plugins: what they are compiled for, and how their bytes become a component.

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// How an engine reserves address space for a linear memory. Compiled code relies on it, so that the process which compiles and
/// the one which runs must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLayout {
    /// Address space of one linear memory, in bytes.
    pub reservation: u64,
    /// Address space behind it that stays unmapped, in bytes.
    pub guard: u64,
}

impl MemoryLayout {
    /// Wasmtime's own on 64-bit systems: code needs no bounds checks, because no address that it can form leaves the
    /// reservation and its guard.
    pub(super) const UNCHECKED: Self = Self { reservation: 4 << 30, guard: 32 << 20 };

    /// As much as a plugin may have: code checks bounds, and takes little address space.
    pub(super) fn checked(memory: usize) -> Self {
        Self { reservation: memory as u64, guard: 64 << 10 }
    }

    /// What all engines have in common, whether they compile or run. No fuel: epochs bound time at a third of the cost.
    /// Wasmtime's features for parallel compilation, garbage collection and threads are not even compiled in.
    pub(super) fn config(self) -> Config {
        let mut config = Config::new();
        config.epoch_interruption(true).memory_reservation(self.reservation).memory_guard_size(self.guard);
        config
    }
}

/// Compiled code that may be run: wasmtime made it on this machine, and nobody else can have changed it.
pub(super) struct NativeCode(Vec<u8>);

impl NativeCode {
    /// Compiles a component in this process.
    pub(super) fn compile(engine: &Engine, component: &[u8]) -> wasmtime::Result<Self> {
        engine.precompile_component(component).map(Self)
    }

    /// Believes that `bytes` are what [`NativeCode::as_bytes`] was. Only two may say so: the cache, of a file that nobody else
    /// can write to, and the compiler's parent, of the pipe that its child alone has written to.
    pub(super) fn trusted(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// To be kept or handed to the parent process.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The component, ready to run in `engine`; an error if the code was compiled for another one.
    #[allow(unsafe_code)]
    pub(super) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must come from `Engine::precompile_component`, since they are run unchecked. They do, as each
        // constructor promises: `compile` has made them; the cache reads only what `Cache::keep` wrote of such bytes, from a
        // directory and a file that belong to this host and that nobody else may write to, with a checksum; the child process
        // is this very program, and the pipe that it wrote to has no other writer. They are in memory of this process, where
        // nobody can change them any more. That they fit this engine is checked by wasmtime itself.
        unsafe { Component::deserialize(engine, &self.0) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_compiled_for_another_memory_layout_is_refused() {
        let engine = |layout: MemoryLayout| Engine::new(&layout.config()).unwrap();
        let [unchecked, checked] = [MemoryLayout::UNCHECKED, MemoryLayout::checked(1 << 20)].map(engine);
        let code = NativeCode::compile(&unchecked, b"\0asm\x0d\0\x01\0").unwrap();
        assert!(code.load(&unchecked).is_ok());
        assert!(code.load(&checked).is_err());
    }
}
