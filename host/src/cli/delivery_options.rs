//! The options of `serve` about delivery.

use clap::Args;

use crate::deliver::{Exception, Guard, Settings};

/// How bundles are delivered.
#[derive(Args, Debug)]
pub(super) struct DeliveryOptions {
    /// What may be delivered to though its address is not a public one: networks such as 10.0.0.0/8, addresses, host
    /// names, with commas between.
    #[arg(long, env = "HOOKWRIGHT_ALLOW_DESTINATIONS", value_name = "CIDR|HOST", value_delimiter = ',')]
    allow_destinations: Vec<Exception>,
}

impl DeliveryOptions {
    /// The settings that these options stand for.
    pub(super) fn settings(self) -> Settings {
        let mut settings = Settings::default();
        settings.http.guard = Guard::new(self.allow_destinations);
        settings
    }
}
