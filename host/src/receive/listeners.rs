//! Who an item is for, looked up in the live connections and hooks.

use std::sync::Arc;

use hookwright_iml::Value;
use hookwright_webhook::{Recipient, Recipients};

use super::members::Members;
use crate::connections::{Connections, Hook};
use crate::services::Found;

/// The hooks that listen on one webhook.
pub(super) struct Listeners<'h> {
    connections: &'h Connections,
    service: &'h str,
    webhook: &'h str,
    dedicated: Option<(&'h Arc<Hook>, Members<'h>)>,
}

impl<'h> Listeners<'h> {
    pub(super) fn new(connections: &'h Connections, found: &'h Found) -> Self {
        let dedicated = found.hook.as_ref().map(|hook| (hook, Members(&hook.parameters)));
        Self { connections, service: &found.service.name, webhook: found.webhook().name(), dedicated }
    }
}

impl Recipients for Listeners<'_> {
    fn of_uid<'r>(&'r self, uid: &str) -> Vec<Recipient<'r>> {
        let hooks = self.connections.hooks_of(self.service, self.webhook, uid);
        hooks.iter().map(|hook| recipient(hook, Members(&hook.parameters).to_owned())).collect()
    }

    fn of_hook<'r>(&'r self) -> Vec<Recipient<'r>> {
        self.dedicated.iter().map(|(hook, parameters)| recipient(hook, Value::fields(parameters))).collect()
    }
}

fn recipient<'r>(hook: &Hook, parameters: Value<'r>) -> Recipient<'r> {
    Recipient { hook: hook.id.as_str().into(), parameters }
}
