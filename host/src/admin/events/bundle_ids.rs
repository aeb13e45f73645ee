//! Which ids the bundles of a replay get: what a receiver takes for a repeat, and what it takes for news.

use hookwright_webhook::Bundle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::StoredBundle;

/// Which ids the bundles of a replay get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BundleIds {
    /// A bundle that is as it was keeps its id, so that a receiver which has it drops it; one that is new, or is not what it
    /// was, has an id of its own, so that it is taken.
    #[default]
    Unchanged,
    /// A bundle has the id of the one that was in its place: receivers drop it if they had that one, whatever it says now.
    Same,
    /// Every bundle has an id of its own: receivers take it once more, also if they had it.
    New,
}

impl BundleIds {
    /// The bundles of the event `id` with their ids, given those that were stored earlier for the same request.
    pub(super) fn name(self, id: &str, earlier: &[StoredBundle], bundles: Vec<Bundle>) -> Vec<StoredBundle> {
        let mut left: Vec<_> = earlier.iter().collect();
        let mut known = |bundle: &Bundle| {
            let is_it = |old: &&StoredBundle| old.hook == bundle.hook && (self == Self::Same || old.json == bundle.json);
            let place = left.iter().position(is_it).filter(|_| self != Self::New)?;
            Some(left.remove(place).id.clone())
        };
        let named = |(place, bundle): (usize, Bundle)| StoredBundle {
            id: known(&bundle).unwrap_or_else(|| format!("{id}-{place}")),
            hook: bundle.hook,
            json: bundle.json,
        };
        bundles.into_iter().enumerate().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn ids(how: BundleIds, bundles: &[(&str, &'static str)]) -> Vec<String> {
        let stored = [("e-0", "h1", "1"), ("e-1", "h1", "2"), ("e-2", "h2", "1")];
        let stored =
            stored.map(|(id, hook, json)| StoredBundle { id: id.into(), hook: hook.into(), json: Bytes::from_static(json.as_bytes()) });
        let bundles = bundles.iter().map(|(hook, json)| Bundle { hook: (*hook).into(), json: Bytes::from_static(json.as_bytes()) });
        how.name("r", &stored, bundles.collect()).into_iter().map(|bundle| bundle.id).collect()
    }

    #[test]
    fn a_bundle_that_is_as_it_was_keeps_its_id_and_any_other_has_a_new_one() {
        let bundles = [("h1", "2"), ("h1", "changed"), ("h2", "1"), ("h2", "1"), ("h3", "1")];
        assert_eq!(ids(BundleIds::Unchanged, &bundles), ["e-1", "r-1", "e-2", "r-3", "r-4"]);
    }

    #[test]
    fn ids_stay_in_their_place_or_are_all_new_when_that_is_asked_for() {
        let bundles = [("h1", "changed"), ("h1", "2"), ("h1", "more"), ("h2", "1")];
        assert_eq!(ids(BundleIds::Same, &bundles), ["e-0", "e-1", "r-2", "e-2"]);
        assert_eq!(ids(BundleIds::New, &bundles), ["r-0", "r-1", "r-2", "r-3"]);
    }
}
