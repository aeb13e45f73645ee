//! The two servers' figures side by side.

use std::fmt;

use super::load::Outcome;

/// The turns so far: what is compared with, and what is compared.
pub(crate) struct Comparison {
    names: [&'static str; 2],
    turns: Vec<(Outcome, Outcome)>,
}

impl Comparison {
    pub(crate) fn named(with: &'static str, what: &'static str) -> Self {
        Self { names: [with, what], turns: Vec::new() }
    }

    pub(crate) fn add(&mut self, baseline: Outcome, ours: Outcome) {
        self.turns.push((baseline, ours));
    }

    /// The turn whose ratio is in the middle.
    fn median(&self) -> Option<&(Outcome, Outcome)> {
        let mut turns: Vec<_> = self.turns.iter().collect();
        turns.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        turns.get(turns.len() / 2).copied()
    }
}

fn ratio((baseline, ours): &(Outcome, Outcome)) -> f64 {
    ours.per_second() / baseline.per_second()
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(turn) = self.median() else {
            return Ok(());
        };
        writeln!(f, "{:<12} {:>12} {:>10} {:>10}", "", "requests/s", "p50 ms", "p99 ms")?;
        for (name, outcome) in self.names.iter().zip([&turn.0, &turn.1]) {
            writeln!(
                f,
                "{name:<12} {:>12.0} {:>10.2} {:>10.2}",
                outcome.per_second(),
                outcome.milliseconds(0.50),
                outcome.milliseconds(0.99)
            )?;
        }
        writeln!(f, "ratio of requests/s: {:.2}", ratio(turn))
    }
}
