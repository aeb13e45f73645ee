//! The options of `serve` about what is kept on disk.

use std::time::Duration;

use clap::Args;

use crate::duration::duration;
use crate::journal::{Retention, Settings};
use crate::size::{Size, size};

/// What the operator says about the event journal.
#[derive(Args, Debug)]
#[command(next_help_heading = "Journal")]
pub(super) struct JournalOptions {
    /// How long events are kept. What is still to be delivered is kept for as long as that takes.
    #[arg(long, env = "HOOKWRIGHT_RETAIN", value_name = "TIME", default_value = "7d", value_parser = duration)]
    retain: Duration,

    /// How much room events may take, such as 500MiB. Beyond it, and when the disk runs full, the oldest delivered ones go
    /// before their time; dead letters do not. What stays only for failed events may take a quarter of it, and what stays only
    /// for events that are held for a uid another, which services share evenly.
    #[arg(long, env = "HOOKWRIGHT_JOURNAL_MAX", value_name = "SIZE", default_value_t = Size(Retention::default().bytes), value_parser = size)]
    journal_max: Size,

    /// How long an event is held for a uid that nobody has, to be delivered once somebody does; 0s: not at all.
    #[arg(long, env = "HOOKWRIGHT_HOLD_UNMATCHED", value_name = "TIME", default_value = "24h", value_parser = duration)]
    hold_unmatched: Duration,

    /// Webhooks that may wait for the disk; more are answered 503.
    #[arg(long, env = "HOOKWRIGHT_JOURNAL_QUEUE", value_name = "N", default_value_t = default().queue_events, value_parser = at_least_one)]
    journal_queue: usize,

    /// How much memory they may take; more are answered 503.
    #[arg(long, env = "HOOKWRIGHT_JOURNAL_QUEUE_SIZE", value_name = "SIZE", default_value_t = Size(default().queue_bytes as u64), value_parser = size)]
    journal_queue_size: Size,
}

fn default() -> Settings {
    Settings::default()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "write a number from 1 on".into())
}

impl JournalOptions {
    /// How long events are kept.
    pub(super) fn retention(&self) -> Retention {
        Retention { age: self.retain, bytes: self.journal_max.0 }
    }

    /// How the journal works.
    pub(super) fn settings(&self) -> Settings {
        let queue_bytes = usize::try_from(self.journal_queue_size.0).unwrap_or(usize::MAX);
        let segment_bytes = Settings::segment_for(self.journal_max.0);
        Settings { queue_events: self.journal_queue, queue_bytes, segment_bytes, hold: self.hold_unmatched }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        journal: JournalOptions,
    }

    fn options(flags: &[&str]) -> Result<JournalOptions, clap::Error> {
        Ok(Line::try_parse_from(std::iter::once("serve").chain(flags.iter().copied()))?.journal)
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        let options = options(&[]).unwrap();
        assert_eq!(format!("{:?}", options.retention()), format!("{:?}", Retention::default()));
        assert_eq!(format!("{:?}", options.settings()), format!("{:?}", Settings::default()));
    }

    #[test]
    fn each_flag_is_one_bound_in_its_unit() {
        let flags = ["--retain=36h", "--journal-max=100MiB", "--journal-queue=7", "--journal-queue-size=1MiB"];
        let options = options(&flags).unwrap();
        let (Retention { age, bytes }, settings) = (options.retention(), options.settings());
        assert_eq!((age, bytes), (Duration::from_hours(36), 100 << 20));
        assert_eq!((settings.queue_events, settings.queue_bytes, settings.segment_bytes), (7, 1 << 20, 100 << 16));
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        for flag in ["--retain=long", "--journal-max=much", "--journal-queue=0", "--journal-queue-size=-1"] {
            assert!(options(&[flag]).is_err(), "{flag}");
        }
    }
}
