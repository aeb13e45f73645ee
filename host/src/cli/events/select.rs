//! Which events are meant, as it is said on the command line.

use clap::{Args, ValueEnum};

use super::super::time::moment;
use crate::admin::{EventOutcome, Selection};

/// What narrows the choice of events; everything that is said has to hold.
#[derive(Debug, Args)]
pub(super) struct SelectArguments {
    /// Those of this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Those of this webhook.
    #[arg(long, value_name = "NAME")]
    webhook: Option<String>,
    /// Those with a bundle for this hook; with `replay`, only bundles for it are delivered.
    #[arg(long, value_name = "ID")]
    hook: Option<String>,
    /// Those of which this has become.
    #[arg(long)]
    outcome: Option<Outcome>,
    /// Those received at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, or 2h for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<u64>,
    /// Those received at this time or earlier.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<u64>,
    /// Those with this text in their body or in a bundle, byte for byte.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Those with this text in a field of a bundle, such as order.id=17.
    #[arg(long, value_name = "PATH=TEXT")]
    field: Option<String>,
}

/// What has become of an event.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    /// Nothing is left to be done.
    Accepted,
    /// An expression of the spec failed.
    Failed,
    /// Nobody has any of its uids.
    Unmatched,
    /// Some of its bundles are still to be delivered.
    Pending,
    /// Some of its bundles are dead letters.
    Dead,
    /// It was failed or unmatched, and has been replayed, or released from being held.
    Replayed,
}

impl SelectArguments {
    /// As it is asked for.
    pub(super) fn selection(&self) -> Selection {
        let Self { service, webhook, hook, outcome, from, to, text, field } = self;
        Selection {
            service: service.clone(),
            webhook: webhook.clone(),
            hook: hook.clone(),
            outcome: outcome.map(EventOutcome::from),
            from: from.map(|time| time.to_string()),
            to: to.map(|time| time.to_string()),
            text: text.clone(),
            field: field.clone(),
            ..Selection::default()
        }
    }
}

impl From<Outcome> for EventOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Failed => Self::Failed,
            Outcome::Unmatched => Self::Unmatched,
            Outcome::Pending => Self::Pending,
            Outcome::Dead => Self::Dead,
            Outcome::Replayed => Self::Replayed,
        }
    }
}
