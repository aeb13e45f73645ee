//! What a process holds in memory, looked at while it works.

use std::fmt;
use std::fs;

use anyhow::Context;

/// How often it is looked at.
pub(crate) const STEPS: u64 = 10;

/// A process and what it held at each look.
pub(crate) struct Watched {
    process: u32,
    requests: u64,
    looks: Vec<(u64, u64)>,
}

impl Watched {
    pub(crate) fn of(process: u32) -> Self {
        Self { process, requests: 0, looks: Vec::new() }
    }

    /// Notes what the process holds after so many more requests.
    pub(crate) fn look(&mut self, requests: u64) -> anyhow::Result<()> {
        self.requests += requests;
        self.looks.push((self.requests, resident(self.process)?));
        Ok(())
    }
}

/// Resident memory in KiB, from Linux's own account.
pub(crate) fn resident(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("memory is only watched on Linux: {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (requests, kibibytes) in &self.looks {
            writeln!(f, "{requests:>10} {:>8.1} MiB", *kibibytes as f64 / 1024.0)?;
        }
        Ok(())
    }
}
