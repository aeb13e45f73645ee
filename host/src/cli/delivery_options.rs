//! The options of `serve` about delivery.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration::duration;
use crate::deliver::{Exception, Guard, HttpSettings, Proxies, Settings};

/// How bundles are delivered.
#[derive(Args, Debug)]
pub(super) struct DeliveryOptions {
    /// What may be delivered to though its address is not a public one: networks such as 10.0.0.0/8, addresses, host
    /// names, with commas between.
    #[arg(long, env = "HOOKWRIGHT_ALLOW_DESTINATIONS", value_name = "CIDR|HOST", value_delimiter = ',')]
    allow_destinations: Vec<Exception>,

    /// A directory below which operators may have bundles written to files from afar; may be given several times, or with
    /// commas between. Without it they cannot, and `file:` destinations are set on this machine only.
    #[arg(long, env = "HOOKWRIGHT_FILE_DESTINATIONS", value_name = "DIR", value_delimiter = ',')]
    file_destinations: Vec<PathBuf>,

    /// How long a connection to a destination may take to be made.
    #[arg(long, env = "HOOKWRIGHT_CONNECT_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    connect_timeout: Duration,

    /// How long an attempt to deliver may take, from connecting to the reply's status.
    #[arg(long, env = "HOOKWRIGHT_DELIVERY_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration)]
    delivery_timeout: Duration,
}

impl DeliveryOptions {
    /// The directories below which files may be written to from afar.
    pub(super) fn file_destinations(&self) -> Vec<PathBuf> {
        self.file_destinations.clone()
    }

    /// The settings that these options stand for.
    pub(super) fn settings(self) -> Settings {
        let http = HttpSettings {
            guard: Guard::new(self.allow_destinations),
            proxies: Proxies::from_environment(),
            connect_timeout: self.connect_timeout,
            timeout: self.delivery_timeout,
        };
        Settings { http, ..Settings::default() }
    }
}
