//! From one request to the bundles of each recipient: `iterate`, `uid`, `condition` and `output` at work together.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use hookwright_iml::{Error, Template, Value};

use crate::budget::Stage;
use crate::condition::Condition;
use crate::decide::{Bundle, Item, Recipient};
use crate::iterate::Iterate;
use crate::limits::{Budget, enough_items};
use crate::scope::Scope;
use crate::{Kind, Webhook};

/// One item on its way to its recipients.
pub(crate) struct Addressed<'r> {
    item: Value<'r>,
    uid: Option<String>,
    recipients: Vec<Admission<'r>>,
}

/// A recipient, and whether `condition` held for it.
struct Admission<'r> {
    recipient: Recipient<'r>,
    held: bool,
}

/// What the recipients' own conditions came to.
#[derive(Default)]
pub(crate) struct Admitted {
    /// Whether it held for any of them.
    pub(crate) accepted: bool,
    /// The first hook for which it failed, or the one at which the asking was ended.
    pub(crate) failed: Option<(Arc<str>, Error)>,
}

impl Admitted {
    fn note(&mut self, held: bool, scope: &Scope<'_, '_>) {
        if held && !self.accepted {
            self.accepted = true;
            scope.arrival.budget.begin(Stage::Event);
        }
    }
}

impl Webhook {
    /// The items of this request with whom they are for.
    pub(crate) fn addressed<'r>(&'r self, scope: &Scope<'_, 'r>, held: bool) -> Result<Vec<Addressed<'r>>, Error> {
        let iterate = self.iterate.as_ref().filter(|_| held);
        let items = match iterate {
            Some(iterate) => iterate.items(scope)?,
            None => vec![scope.arrival.request.body.clone()],
        };
        let mut addressed = Vec::with_capacity(items.len());
        for item in items {
            let of_item = scope.with_item(item.clone());
            let uids = self.uid.as_ref().map_or(Ok(vec![None]), |uid| uid.of(&of_item, iterate.is_some()));
            for uid in uids? {
                let recipients = self.recipients(scope, uid.as_deref(), held);
                addressed.push(Addressed { item: item.clone(), uid, recipients });
            }
            // An extractor may find several uids for one item.
            enough_items(addressed.len(), iterate.map_or(&(0..0), Iterate::span))?;
        }
        Ok(addressed)
    }

    fn recipients<'r>(&self, scope: &Scope<'_, 'r>, uid: Option<&str>, held: bool) -> Vec<Admission<'r>> {
        let found = match (self.kind, uid) {
            (Kind::Dedicated, _) => scope.recipient.iter().cloned().collect(),
            (Kind::Shared, Some(uid)) => scope.arrival.recipients.of_uid(uid),
            (Kind::Shared, None) => Vec::new(),
        };
        found.into_iter().map(|recipient| Admission { recipient, held }).collect()
    }

    /// Asks a condition that reads parameters for each recipient. One hook's odd parameters are no reason to refuse the others
    /// their event: where the condition fails it did not hold.
    ///
    /// A hook is asked once for all items that say the same: a condition is the place where signatures are checked, and the
    /// number of items is the sender's to choose.
    pub(crate) fn admit<'r>(&'r self, condition: &'r Condition, scope: &Scope<'_, 'r>, addressed: &mut [Addressed<'r>]) -> Admitted {
        let mut admitted = Admitted::default();
        let mut asked: HashMap<Arc<str>, bool> = HashMap::new();
        for Addressed { item, recipients, .. } in addressed {
            for Admission { recipient, held } in recipients {
                let known = asked.get(&recipient.hook).copied().filter(|_| !condition.reads("item"));
                *held = match known.map_or_else(|| condition.holds(&scope.of(item, recipient)), Ok) {
                    Ok(held) => held,
                    Err(error) if error.interrupt.is_some() => {
                        return Admitted { failed: Some((recipient.hook.clone(), error)), ..admitted };
                    }
                    Err(error) => {
                        admitted.failed.get_or_insert_with(|| (recipient.hook.clone(), error));
                        false
                    }
                };
                asked.insert(recipient.hook.clone(), *held);
                admitted.note(*held, scope);
            }
        }
        admitted
    }

    /// The bundles of every item for every recipient.
    pub(crate) fn bundles<'r>(&'r self, scope: &Scope<'_, 'r>, addressed: Vec<Addressed<'r>>) -> Result<Vec<Item>, Error> {
        let mut budget = Budget::new(self.output.as_ref().map_or(0..0, Template::span));
        addressed.into_iter().map(|addressed| self.item(scope, addressed, &mut budget)).collect()
    }

    fn item<'r>(&'r self, scope: &Scope<'_, 'r>, addressed: Addressed<'r>, budget: &mut Budget) -> Result<Item, Error> {
        let Addressed { item, uid, recipients } = addressed;
        let mut bundles = Vec::with_capacity(recipients.len());
        let mut same_for_all: Option<Vec<Bytes>> = None;
        for Admission { recipient, held } in &recipients {
            let scope = scope.of(&item, recipient);
            let jsons = match (held, &same_for_all) {
                (false, _) => self.default_bundle(&scope, budget)?,
                (true, Some(jsons)) => {
                    budget.take(jsons.len())?;
                    jsons.clone()
                }
                (true, None) => self.output(&scope, budget)?,
            };
            if *held && !self.output_is_personal {
                same_for_all.get_or_insert_with(|| jsons.clone());
            }
            bundles.extend(jsons.into_iter().map(|json| Bundle { hook: recipient.hook.to_string(), json }));
        }
        Ok(Item { uid, matched: !recipients.is_empty(), bundles })
    }

    /// `output`, or the item itself. Without `iterate` an array is one bundle for each element.
    fn output<'r>(&'r self, scope: &Scope<'_, 'r>, budget: &mut Budget) -> Result<Vec<Bytes>, Error> {
        let value = self.output.as_ref().map_or(Ok(scope.item.clone()), |output| output.evaluate(scope))?;
        match value {
            Value::Array(elements) if self.iterate.is_none() => {
                budget.take(elements.len())?;
                elements.iter().map(|element| json(&element, budget)).collect()
            }
            value => one(&value, budget),
        }
    }

    /// The one bundle that a condition's `default` stands in with, if it has one.
    fn default_bundle<'r>(&'r self, scope: &Scope<'_, 'r>, budget: &mut Budget) -> Result<Vec<Bytes>, Error> {
        let default: Option<&Template> = self.condition.as_ref().and_then(|condition| condition.default.as_ref());
        default.map_or(Ok(Vec::new()), |default| one(&default.evaluate(scope)?, budget))
    }
}

pub(crate) fn failed_for(hook: &str, error: Error) -> Error {
    Error { message: format!("`condition` failed for the hook {hook}: {}", error.message), ..error }
}

/// The value as the one bundle.
fn one(value: &Value<'_>, budget: &mut Budget) -> Result<Vec<Bytes>, Error> {
    budget.take(1)?;
    Ok(vec![json(value, budget)?])
}

fn json(value: &Value<'_>, budget: &mut Budget) -> Result<Bytes, Error> {
    let mut out = Vec::new();
    value.write_json(&mut out);
    let json = Bytes::from(out);
    budget.take_bytes(&json)?;
    Ok(json)
}
