//! Replays as they cross the interface.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bundle_ids::BundleIds;
use super::select::Selection;

/// How events are replayed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayManner {
    /// Which ids the bundles get.
    pub ids: BundleIds,
    /// Only bundles for this hook are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
}

/// Which events are replayed, and how.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayEvents {
    /// Which events: those that are replays themselves are left out. At most 100 are replayed at once.
    #[serde(default)]
    pub select: Selection,
    /// How.
    #[serde(default)]
    pub manner: ReplayManner,
}

/// What the spec decides about a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayOutcome {
    /// It makes bundles of it, or could.
    Accepted,
    /// An expression fails.
    Failed,
    /// Nobody has any of its uids.
    Unmatched,
    /// `condition` does not hold.
    Rejected,
    /// It takes it for a verification.
    Verification,
    /// Nothing: its service or hook is not there, or the spec fails before it decides.
    Impossible,
}

/// What came of replaying an event.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// The event's id.
    pub event: String,
    /// What the spec decides now.
    pub outcome: ReplayOutcome,
    /// Why nothing is delivered, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the event that was stored; none: there is nothing to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// How many bundles it has.
    pub bundles: usize,
}

/// What came of replaying some events, oldest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayPage {
    /// Those that were replayed.
    pub replayed: Vec<Replayed>,
    /// The cursor of what follows; none: there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many events were looked at.
    pub looked_at: usize,
    /// Why it ended before its time, if it did; `next` goes on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// What replaying an event would deliver.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayPreview {
    /// The event's id.
    pub event: String,
    /// What the spec decides now.
    pub outcome: ReplayOutcome,
    /// Why nothing would be delivered, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The bundles.
    pub bundles: Vec<ReplayedBundle>,
    /// How they differ from the stored ones, line by line: `-` stored, `+` now. None: they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

/// What replaying some events would deliver, oldest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PreviewPage {
    /// Event by event.
    pub previews: Vec<ReplayPreview>,
    /// The cursor of what follows; none: there is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many events were looked at.
    pub looked_at: usize,
}

/// A bundle that would be delivered.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReplayedBundle {
    /// Its id; where it is not a repeat, the id is made anew when the event is replayed.
    pub id: String,
    /// Whether it has the id of a stored bundle, so that a receiver which has that drops it.
    pub repeat: bool,
    /// The hook it is for.
    pub hook: String,
    /// The bundle itself.
    pub json: Box<RawValue>,
}

impl ReplayManner {
    /// Whether bundles for a hook are delivered.
    pub(super) fn wants(&self, hook: &str) -> bool {
        self.hook.as_deref().is_none_or(|wanted| wanted == hook)
    }
}
