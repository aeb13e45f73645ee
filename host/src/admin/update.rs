//! Changing a hook that is there.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::answer::{Answer, Asked, Refused};
use super::operator::Operator;
use super::wire::HookView;
use super::{destination, hooks, manner};
use crate::connections::{Change, Edit, Route, State};

/// `PATCH /hooks/{id}`: what is not said stays as it is.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateHook {
    /// The destination; `pull:` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How its bundles are delivered.
    #[serde(default)]
    pub manner: MannerUpdate,
    /// Parameters to set; those that are null are removed.
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

/// What is changed of the manner of delivery.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MannerUpdate {
    /// Milliseconds to wait before each attempt after the first; null: as the host does.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "what_is_said")]
    pub retry_ms: Option<Option<Vec<u64>>>,
    /// One bundle at a time, in the order in which they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
}

/// The answer to [`UpdateHook`].
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct HookUpdated {
    /// The hook as it is now.
    pub hook: HookView,
    /// What signs its deliveries, if nothing did before: shown now and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What looks wrong though it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// `null` is something said, nothing is not.
fn what_is_said<'de, D: Deserializer<'de>>(said: D) -> Result<Option<Option<Vec<u64>>>, D::Error> {
    Deserialize::deserialize(said).map(Some)
}

/// `PATCH /hooks/{id}`
pub(super) async fn update(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = hooks::find(operator, asked.id)?;
    let update: UpdateHook = asked.json()?;
    if update == UpdateHook::default() {
        return Err(Refused::bad("nothing is to be changed").with_help("say `to`, `manner` or `parameters`"));
    }
    let UpdateHook { to, manner: MannerUpdate { retry_ms, ordered }, parameters } = update;
    let checked = match &to {
        Some(to) => Some(destination::check(operator, asked.caller, Some(to), Some(&hook.id)).await?),
        None => None,
    };
    let (mut secret, mut warning) = (None, None);
    if let Some(checked) = &checked {
        secret = checked.secret().filter(|_| hook.manner.secrets.is_empty());
        warning.clone_from(&checked.warning);
    }
    let edit = Edit {
        destination: checked.map(|checked| Route { destination: checked.text, secrets: checked.secrets }),
        retry: retry_ms.map(|waits| waits.map(manner::schedule).transpose()).transpose()?,
        ordered,
        parameters,
    };
    let is_about_delivery = edit.is_about_delivery();
    operator.connections.apply(Change::EditHook(hook.id.clone(), edit)).await?;
    // What waits for a disabled hook waits on: it would only be given up.
    if is_about_delivery && hook.state == State::Enabled {
        operator.archive.hook_changed(&hook.id);
    }
    let hook = hooks::view(operator, &*hooks::find(operator, &hook.id)?, &hooks::Shown::nothing());
    Ok(Answer::ok(HookUpdated { hook, secret, warning }))
}
