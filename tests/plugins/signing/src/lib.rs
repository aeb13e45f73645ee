//! What the benchmark calls, natively and in a plugin.

use hmac::{Hmac, KeyInit, Mac};
use hookwright_sdk::{function, plugin};
use sha2::Sha256;

/// The HMAC-SHA256 of a text, in hexadecimal.
#[function]
pub fn sign(text: &str, key: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length will do");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Nothing, so that a call of it costs what every call does.
#[function]
fn nothing() {}

plugin! { functions: [sign, nothing] }
