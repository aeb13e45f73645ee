//! How a new hook's bundles are to be delivered.

use std::time::Duration;

use clap::Args;

use super::duration::duration;
use crate::admin::MannerView;

/// The options of whatever adds a hook.
#[derive(Args, Debug)]
pub(super) struct MannerArguments {
    /// How long to wait before each attempt after the first, such as 5s,5m,2h; up to a fifth is added at random.
    /// When the last one has failed the bundle is a dead letter. Otherwise 5s,5m,30m,2h,5h,10h,10h.
    #[arg(long, value_name = "TIME,...", value_delimiter = ',', value_parser = duration)]
    retry: Vec<Duration>,
    /// Deliver one bundle at a time, in the order in which they came: a failing one holds back those behind it.
    #[arg(long)]
    ordered: bool,
}

impl MannerArguments {
    /// As it is asked for.
    pub(super) fn wanted(&self) -> MannerView {
        let waits = self.retry.iter().map(|wait| wait.as_millis() as u64).collect();
        MannerView { retry_ms: (!self.retry.is_empty()).then_some(waits), ordered: self.ordered }
    }
}
