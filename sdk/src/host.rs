//! What the host offers a plugin: its log, the time of the request, IML's built-in functions.
//!
//! In native builds (`cargo test`) the log goes to standard error, the clock is the machine's unless
//! `testing::freeze` set it, and built-in functions need the feature `testing`.

use crate::{Date, Value};

#[cfg(not(target_family = "wasm"))]
use native as implementation;
#[cfg(target_family = "wasm")]
use offered as implementation;

/// Logs what only the plugin's author cares about.
pub fn debug(message: &str) {
    implementation::log("debug", message);
}

/// Logs something worth knowing.
pub fn info(message: &str) {
    implementation::log("info", message);
}

/// Logs something an operator should look at.
pub fn warn(message: &str) {
    implementation::log("warn", message);
}

/// Logs something that failed.
pub fn error(message: &str) {
    implementation::log("error", message);
}

/// The time of the request: the same during all of it, and what `now` is in the spec.
pub fn now() -> Date {
    implementation::now()
}

/// Calls a function built into IML.
///
/// ```no_run
/// use hookwright_sdk::host;
///
/// let day = host::iml("formatDate", &[host::now().into(), "YYYY-MM-DD".into()])?;
/// # Ok::<(), String>(())
/// ```
pub fn iml(function: &str, arguments: &[Value]) -> Result<Value, String> {
    implementation::iml(function, arguments)
}

#[cfg(target_family = "wasm")]
mod offered {
    use crate::guest::bindings::hookwright::plugin::{clock, iml as built_in, log};
    use crate::wire::{self, Writer};
    use crate::{Date, Value};

    pub(super) fn log(level: &str, message: &str) {
        let level = match level {
            "debug" => log::Level::Debug,
            "info" => log::Level::Info,
            "warn" => log::Level::Warn,
            _ => log::Level::Error,
        };
        log::write(level, message);
    }

    pub(super) fn now() -> Date {
        Date::from_milliseconds(clock::now_ms().cast_signed())
    }

    pub(super) fn iml(function: &str, arguments: &[Value]) -> Result<Value, String> {
        let mut writer = Writer::new();
        writer.array(arguments.len());
        arguments.iter().for_each(|argument| writer.value(argument));
        let result = built_in::call(function, &writer.finish())?;
        wire::read(&result).and_then(Value::try_from).map_err(|malformed| malformed.to_string())
    }
}

#[cfg(not(target_family = "wasm"))]
pub(crate) mod native {
    use std::cell::Cell;
    use std::time::{SystemTime, UNIX_EPOCH};

    use crate::Date;

    thread_local! {
        /// The time that a test has set.
        pub(crate) static FROZEN: Cell<Option<Date>> = const { Cell::new(None) };
    }

    pub(super) fn log(level: &str, message: &str) {
        eprintln!("plugin {level}: {message}");
    }

    pub(super) fn now() -> Date {
        FROZEN.get().unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Date::from_milliseconds(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    #[cfg(feature = "testing")]
    pub(super) use crate::testing::iml;

    #[cfg(not(feature = "testing"))]
    pub(super) fn iml(function: &str, _: &[crate::Value]) -> Result<crate::Value, String> {
        Err(format!("{function} is the host's: enable the feature `testing` of hookwright-sdk to call it in native tests"))
    }
}
