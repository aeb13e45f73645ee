//! What a spec may call beyond the built-in functions, and where else to get what it calls in vain.

use std::path::Path;

use hookwright_iml::{Signature, did_you_mean};
use hookwright_webhook::Exports;

use super::load::PLUGIN;
use crate::plugin::Description;

/// The functions of the plugins in the repository's `plugins` directory, each with its plugin. An end-to-end test compares
/// this with what the built plugins say of themselves.
pub const FUNCTIONS: [(&str, &str); 5] = [
    ("ed25519Verify", "discord"),
    ("metaItems", "meta"),
    ("sendgridVerify", "sendgrid"),
    ("standardWebhooksVerify", "standard-webhooks"),
    ("twilioVerify", "twilio"),
];

/// What the plugin of a service directory offers, if there is one.
pub(super) struct Offered<'d> {
    pub(super) plugin: Option<&'d Description>,
    pub(super) directory: &'d Path,
}

impl Exports for Offered<'_> {
    fn functions(&self) -> &[Signature] {
        self.plugin.map_or(&[], Exports::functions)
    }

    fn extractors(&self) -> &[String] {
        self.plugin.map_or(&[], Exports::extractors)
    }

    fn may_shadow(&self) -> bool {
        self.plugin.is_some_and(Exports::may_shadow)
    }

    fn sees_parameters(&self) -> bool {
        self.plugin.is_some_and(Exports::sees_parameters)
    }

    fn help_with_unknown(&self, function: &str, nearest: Option<&str>) -> Option<String> {
        let missing = if self.plugin.is_none() { ", and there is no plugin.wasm here" } else { "" };
        match (FUNCTIONS.into_iter().find(|(name, _)| *name == function), nearest) {
            (Some((_, plugin)), _) => Some(format!(
                "`{function}` is no built-in function{missing}; plugins/{plugin} has it: `hookwright plugin build plugins/{plugin} --to {}`",
                self.directory.join(PLUGIN).display()
            )),
            (None, Some(nearest)) => Some(did_you_mean(nearest)),
            (None, None) if self.plugin.is_none() => Some(format!("`{function}` is no built-in function{missing}")),
            (None, None) => None,
        }
    }
}
