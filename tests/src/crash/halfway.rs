//! Commands that are struck half-way: at a moment thrown by dice between what shows that they have begun and their usual end.

use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Dice;
use crate::wait;

/// How a kind of command is struck.
#[derive(Debug)]
pub struct Halfway {
    dice: Dice,
    usual: Duration,
}

impl Halfway {
    /// Runs such a command to its end, to know how long it takes from when it `has_begun` until it `is_through`, or ends.
    ///
    /// # Panics
    /// When it fails; with what it printed.
    pub fn like(command: Command, has_begun: impl FnMut() -> bool, is_through: impl FnMut() -> bool, seed: u64) -> Self {
        let mut child = begin(command);
        wait_for(&mut child, has_begun);
        let begun = Instant::now();
        wait_for(&mut child, is_through);
        let usual = begun.elapsed();
        let output = child.wait_with_output().expect("a child can be waited for");
        assert!(output.status.success(), "the command failed: {}", String::from_utf8_lossy(&output.stderr));
        Self { dice: Dice::new(seed), usual }
    }

    /// Runs one and strikes it; what became of it, if it had not come to its end.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn strike(&mut self, command: Command, has_begun: impl FnMut() -> bool, blow: impl FnOnce(&mut Child)) -> Option<Output> {
        let mut child = begin(command);
        wait_for(&mut child, has_begun);
        thread::sleep(self.usual.mul_f64(self.dice.below(1000) as f64 / 1000.0));
        blow(&mut child);
        let output = child.wait_with_output().expect("a child can be waited for");
        (!output.status.success()).then_some(output)
    }
}

fn begin(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// Waits until that holds or the command has ended.
fn wait_for(child: &mut Child, mut holds: impl FnMut() -> bool) {
    wait::until_true("the command is so far", || holds() || child.try_wait().is_ok_and(|ended| ended.is_some()));
}
