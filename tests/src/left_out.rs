//! What a test needs of the machine it runs on.

use std::fmt::Display;

/// What was to be had; `None` where it was not: a line says what is left out and why, and with `CI=true` it is a failure.
///
/// # Panics
/// See above.
pub fn or_left_out<T>(what: &str, had: Result<T, impl Display>) -> Option<T> {
    match had {
        Ok(had) => Some(had),
        Err(reason) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{what}: {reason}"),
        Err(reason) => {
            eprintln!("left out: {what}: {reason}");
            None
        }
    }
}
