//! What tests of the host call to see what is confided to a plugin.

use hookwright_sdk::{Request, Value, function, host, plugin, uid};

/// One of the service's secrets.
#[function]
fn secret(name: &str) -> Value {
    host::secret(name).unwrap_or_default()
}

/// One of the parameters of the hook that the call is for.
#[function]
fn datum(name: &str) -> Value {
    host::connection_data(name).unwrap_or_default()
}

/// Whose request it is: whoever the service's secrets say.
#[uid]
fn owner(_: &Request) -> Option<String> {
    host::secret("owner")?.as_text().map(str::to_owned)
}

plugin! { functions: [secret, datum], uid: [owner] }
