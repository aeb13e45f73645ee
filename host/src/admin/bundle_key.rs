//! How bundles are named: by their event's number and their place in it, or by their own id, as receivers see it.

use super::answer::Refused;
use crate::journal::{BundleKey, Journal};

/// `17-0`
pub(super) fn id((seq, bundle): BundleKey) -> String {
    format!("{seq}-{bundle}")
}

/// Reads what [`id`] writes.
pub(super) fn read(id: &str) -> Result<BundleKey, Refused> {
    numbers(id).ok_or_else(|| no_id(id))
}

/// The bundle that is named in either way. `None`: there is none. May block for disk reads.
pub(super) fn find(journal: &Journal, id: &str) -> Result<Option<BundleKey>, Refused> {
    if let Some(key) = numbers(id) {
        return Ok(Some(key));
    }
    let (event, _) = id.rsplit_once('-').ok_or_else(|| no_id(id))?;
    let found = journal.find(event).map_err(|error| Refused::unavailable(format!("cannot look for `{id}`: {error}")))?;
    Ok(found.and_then(|(seq, event)| {
        let place = event.bundles.iter().position(|bundle| bundle.id == id)?;
        Some((seq, u32::try_from(place).ok()?))
    }))
}

fn numbers(id: &str) -> Option<BundleKey> {
    let (seq, bundle) = id.split_once('-')?;
    Some((seq.parse().ok()?, bundle.parse().ok()?))
}

fn no_id(id: &str) -> Refused {
    Refused::bad(format!("`{id}` is no bundle's id: they look like 17-0"))
}
