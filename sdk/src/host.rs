//! What the host offers a plugin: its log, the time of the request, IML's built-in functions; and, where the operator has
//! granted it, the service's secrets and the data of whom a call is for.
//!
//! In native builds (`cargo test`) the log goes to standard error, the clock is the machine's unless
//! `testing::freeze` set it, secrets and data are what the service directory, the sample or `testing::confide` say, and
//! built-in functions need the feature `testing`.

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

/// One of the service's secrets, by its name in `common`; none where there is none of that name.
///
/// A plugin that calls this asks for `secrets`: it is loaded only where the operator has granted them to it.
pub fn secret(name: &str) -> Option<Value> {
    implementation::secret(name)
}

/// A parameter of the hook that the call is for, by its name in `parameters`; none where there is none of that name, or no
/// one hook: in a shared webhook only `condition` and `output` are for one.
///
/// A plugin that calls this asks for `connection-data`: it is loaded only where the operator has granted that to it.
pub fn connection_data(name: &str) -> Option<Value> {
    implementation::connection_data(name)
}

#[cfg(target_family = "wasm")]
mod offered {
    use crate::guest::bindings::hookwright::plugin::{clock, connection_data as data, iml as built_in, log, secrets};
    use crate::guest::from_host;
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

    pub(super) fn secret(name: &str) -> Option<Value> {
        secrets::get(name).map(|bytes| from_host(&bytes))
    }

    pub(super) fn connection_data(name: &str) -> Option<Value> {
        data::get(name).map(|bytes| from_host(&bytes))
    }
}

#[cfg(not(target_family = "wasm"))]
pub(crate) mod native {
    use std::cell::{Cell, RefCell};
    use std::time::{SystemTime, UNIX_EPOCH};

    use crate::{Date, Value};

    thread_local! {
        /// The time that a test has set.
        pub(crate) static FROZEN: Cell<Option<Date>> = const { Cell::new(None) };
        /// What calls on this thread are shown.
        pub(crate) static CONFIDED: RefCell<Confided> = const { RefCell::new(Confided::NOTHING) };
        /// Whether a call on this thread has looked at connection data: natively there are no imports that tell.
        pub(crate) static LOOKED_AT_DATA: Cell<bool> = const { Cell::new(false) };
    }

    /// What a call is shown of the service's and the recipient's own.
    pub(crate) struct Confided {
        pub(crate) secrets: Value,
        pub(crate) connection_data: Value,
    }

    impl Confided {
        const NOTHING: Self = Self { secrets: Value::Missing, connection_data: Value::Missing };
    }

    pub(super) fn secret(name: &str) -> Option<Value> {
        CONFIDED.with_borrow(|confided| member(&confided.secrets, name))
    }

    pub(super) fn connection_data(name: &str) -> Option<Value> {
        LOOKED_AT_DATA.set(true);
        CONFIDED.with_borrow(|confided| member(&confided.connection_data, name))
    }

    fn member(collection: &Value, name: &str) -> Option<Value> {
        Some(collection.get(name).clone()).filter(|value| *value != Value::Missing)
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
