//! The function that is called, natively and in a plugin.

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use hookwright::environment;
use hookwright::plugin::{Compilation, Engine, Plugin, Settings};
use hookwright_iml::Value;
use hookwright_plugin_signing::sign;
use hookwright_webhook::{Confidential, Plugin as _};

const PAYLOAD: &str = include_str!("../payload/issues.json");
const SIZE: usize = 2048;
const KEY: &str = "a benchmark's secret";

/// One and the same call, with whatever plugin serves now.
pub(crate) struct Call {
    plugin: Mutex<Arc<Plugin>>,
    body: &'static str,
}

impl Call {
    /// With the plugin of these bytes, under the limits that `serve` has by default.
    pub(crate) fn new(wasm: &[u8]) -> anyhow::Result<Self> {
        let plugin = Engine::new(&Settings { compilation: Compilation::InProcess, ..Settings::default() })?.load("signing", wasm)?;
        let call = Self { plugin: Mutex::new(plugin), body: PAYLOAD.get(..SIZE).context("the payload is too short")? };
        ensure!(call.signed().to_text() == sign(call.body, KEY), "the plugin computes something else");
        Ok(call)
    }

    pub(crate) fn body(&self) -> &str {
        self.body
    }

    pub(crate) fn size(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn natively(&self) {
        black_box(sign(black_box(self.body), black_box(KEY)));
    }

    /// A request that calls the plugin once.
    pub(crate) fn in_plugin(&self) {
        black_box(self.signed());
    }

    /// A request that calls the plugin for nothing.
    pub(crate) fn for_nothing(&self) {
        black_box(self.call("nothing", &[]));
    }

    fn signed(&self) -> Value<'static> {
        self.call("sign", &[Value::text(black_box(self.body)), Value::text(KEY)])
    }

    fn call(&self, function: &str, arguments: &[Value<'_>]) -> Value<'static> {
        let plugin = Arc::clone(&self.plugin.lock().unwrap_or_else(PoisonError::into_inner));
        let session = plugin.try_admit().expect("there are more places than threads").begin(&environment::now());
        session.call(function, arguments, &Confidential::default()).expect("the plugin works")
    }

    /// Lets another plugin serve from now on.
    pub(crate) fn swap(&self, plugin: Arc<Plugin>) {
        let last = std::mem::replace(&mut *self.plugin.lock().unwrap_or_else(PoisonError::into_inner), plugin);
        // Its code is unmapped here, where no call waits for it.
        drop(last);
    }
}
