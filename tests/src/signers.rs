//! The providers' own libraries as signers, so that no signature under test was computed by code of ours.

mod libraries;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::packages::Package;

pub use libraries::{
    DISCORD, GITHUB, SENDGRID, SLACK, STANDARD_WEBHOOKS, STANDARD_WEBHOOKS_RECEIVER, STRIPE, SVIX, SVIX_RECEIVER, TWILIO, TWILIO_WITH_RULES,
};

/// A library that signs, and how it is called.
pub struct Signer {
    package: Package,
    /// Reads `{secret, body, seconds}` or what else it needs from standard input, and prints the signature header's value.
    script: &'static str,
}

impl Signer {
    /// Installs the library where it is missing; `None` where that cannot be done ([`Package::ready`]).
    pub fn ready(&self) -> Option<ReadySigner<'_>> {
        self.package.ready().map(|directory| ReadySigner { signer: self, directory })
    }
}

/// A signer whose library is there.
pub struct ReadySigner<'s> {
    signer: &'s Signer,
    directory: PathBuf,
}

impl ReadySigner<'_> {
    /// The value of the provider's signature header.
    ///
    /// # Panics
    /// When the library does not sign.
    pub fn sign(&self, secret: &str, body: &str, seconds: i64) -> String {
        self.run(&json!({ "secret": secret, "body": body, "seconds": seconds }))
    }

    /// What the script prints about something else that it is given.
    ///
    /// # Panics
    /// When the script fails.
    pub fn run(&self, given: &Value) -> String {
        let Signer { package, script } = self.signer;
        let printed = package.run(&self.directory, script, &given.to_string());
        printed.unwrap_or_else(|error| panic!("{}: {error}", package.name())).trim().to_owned()
    }
}
