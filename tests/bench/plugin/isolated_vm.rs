//! Node's isolated-vm with a fresh context for each call: what JavaScript gives in place of a fresh instance.

use std::process::Command;

use anyhow::{Context, ensure};
use hookwright_tests::packages::Package;

use crate::timing::Cost;

/// The last that Node 18 to 22 can use.
const ISOLATED_VM: Package = Package::npm("isolated-vm", "5.0.4").with_scripts();

/// What a call costs there without any work in it, so that no speed of JavaScript is measured; and how many calls of the
/// plugin, its work included, that is.
pub(crate) fn compare(turns: usize, body: &str, plugin: Cost) -> anyhow::Result<()> {
    let Some(directory) = ISOLATED_VM.ready() else { return Ok(()) };
    let mut node = Command::new("node");
    // Without the first flag isolated-vm does not run on Node 20 and later.
    node.args(["--no-node-snapshot", "--input-type=module", "--eval", include_str!("isolated_vm.js"), "--"]);
    let output = node.args([&turns.to_string(), body]).current_dir(directory).output().context("cannot run node")?;
    ensure!(output.status.success(), "isolated-vm: {}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout)?;
    let costs = printed.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let &[cpu_best, cpu, wall_best, wall] = costs.as_slice() else { anyhow::bail!("isolated-vm printed {printed}") };
    println!("{:<40} {cpu_best:>9.1} {cpu:>9.1} {wall_best:>9.1} {wall:>9.1}", "isolated-vm, fresh context, no work");
    println!("  that is {:.0} times the plugin's processor time, {:.0} times its wall time", cpu / plugin.cpu, wall / plugin.wall);
    Ok(())
}
