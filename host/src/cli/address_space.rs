//! Whether the address space that the process may have is large enough to serve.

use anyhow::ensure;
use rustix::process::{Resource, getrlimit};

use crate::size::Size;

/// Below it, threads and their memory do not reliably find room.
const LEAST: Size = Size(768 << 20);

/// Checks the limit that the system sets (`ulimit -v`, `LimitAS=`).
///
/// # Errors
/// It is too small for anything, with what to do.
pub(super) fn check() -> anyhow::Result<()> {
    is_enough(getrlimit(Resource::As).current)
}

fn is_enough(limit: Option<u64>) -> anyhow::Result<()> {
    let limit = limit.unwrap_or(u64::MAX);
    ensure!(
        limit >= LEAST.0,
        "the address space of this process is limited to {} MiB, and serving takes at least {LEAST}: raise `ulimit -v`, or `LimitAS=` in a \
         systemd unit (`MemoryMax=` is the limit for memory)",
        limit >> 20
    );
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_space_that_is_too_small_is_said_to_be() {
        assert!(is_enough(None).is_ok() && is_enough(Some(LEAST.0)).is_ok());
        let message = is_enough(Some(512 << 20)).unwrap_err().to_string();
        assert!(
            message.starts_with("the address space of this process is limited to 512 MiB, and serving takes at least 768MiB"),
            "{message}"
        );
    }
}
