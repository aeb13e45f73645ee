//! The clock that ends overlong calls: a thread of its own, so that nothing a worker does can delay it.

use std::thread;

use wasmtime::Engine;

use super::settings::TICK;

/// Ticks until `engine` is gone.
pub(super) fn start(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("plugin-ticker".to_owned()).spawn(move || {
        loop {
            thread::sleep(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    })?;
    Ok(())
}
