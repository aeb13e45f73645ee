//! The flags that say what decoding and evaluating one request may use, with the variables that are named with them.

use std::time::Duration;

use clap::Args;

use crate::duration::duration;
use crate::evaluate::{Allowance, Limits};
use crate::size::{Size, size};

/// What the operator says about evaluations.
#[derive(Args, Debug)]
#[command(next_help_heading = "Evaluation")]
pub(super) struct EvaluationLimits {
    /// Processor time that a request may take before its `condition` has held; more is answered 422. `respond` has as much.
    #[arg(long, env = "HOOKWRIGHT_CONDITION_TIME", value_name = "TIME", default_value = "250ms", value_parser = duration)]
    condition_time: Duration,

    /// Processor time that a request may take in all; more makes it a failed event, which is answered and can be replayed.
    #[arg(long, env = "HOOKWRIGHT_EVALUATION_TIME", value_name = "TIME", default_value = "2s", value_parser = duration)]
    evaluation_time: Duration,

    /// Memory that a request may take beyond its body; more is answered 413, or makes it a failed event once its `condition`
    /// has held.
    #[arg(long, env = "HOOKWRIGHT_EVALUATION_MEMORY", value_name = "SIZE", default_value_t = Size(default().memory as u64), value_parser = size)]
    evaluation_memory: Size,

    /// Requests of one service that are evaluated at once, where they have a plugin, a body over 64 KiB or take long [default:
    /// four for each processor]. No sender has more than half of them, unless --public-url is given.
    #[arg(long, env = "HOOKWRIGHT_EVALUATIONS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    evaluations: Option<u16>,

    /// How long a request waits for its turn to be evaluated before it is answered 503.
    #[arg(long, env = "HOOKWRIGHT_EVALUATION_WAIT", value_name = "TIME", default_value = "5s", value_parser = duration)]
    evaluation_wait: Duration,
}

fn default() -> Allowance {
    Allowance::default()
}

impl EvaluationLimits {
    /// The limits that these flags are.
    pub(super) fn limits(&self) -> Limits {
        let memory = usize::try_from(self.evaluation_memory.0).unwrap_or(usize::MAX);
        Limits {
            places: self.evaluations.map_or(Limits::default().places, usize::from),
            waiting_time: self.evaluation_wait,
            allowance: Allowance { condition_time: self.condition_time, time: self.evaluation_time, memory },
        }
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
        limits: EvaluationLimits,
    }

    fn limits(flags: &[&str]) -> Limits {
        Line::try_parse_from(std::iter::once("serve").chain(flags.iter().copied())).unwrap().limits.limits()
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        assert_eq!(format!("{:?}", limits(&[])), format!("{:?}", Limits::default()));
    }

    #[test]
    fn each_flag_is_one_limit_in_its_unit() {
        let flags =
            ["--condition-time=20ms", "--evaluation-time=1s", "--evaluation-memory=1MiB", "--evaluations=3", "--evaluation-wait=0s"];
        let allowance = Allowance { condition_time: Duration::from_millis(20), time: Duration::from_secs(1), memory: 1 << 20 };
        let expected = Limits { places: 3, waiting_time: Duration::ZERO, allowance };
        assert_eq!(format!("{:?}", limits(&flags)), format!("{expected:?}"));
    }
}
