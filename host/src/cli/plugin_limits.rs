//! The flags that say what plugins may use and reach, with the variables that are named with them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::duration::duration;
use crate::plugin::{Compilation, CompileLimits, Grant, Settings};
use crate::size::{Size, size};

/// What the operator says about plugins.
#[derive(Args, Debug)]
#[command(next_help_heading = "Plugins")]
pub(super) struct PluginLimits {
    /// What the plugin of a service may see, SERVICE=NAME,NAME: `secrets` (its common.json and --secrets), `connection-data`
    /// (the parameters of hooks). May be given several times; in the variable with `;` between.
    #[arg(long, env = "HOOKWRIGHT_GRANT", value_name = "GRANT", value_delimiter = ';')]
    grant: Vec<Grant>,

    /// A file with the SHA-256 digests of the plugins that may be loaded, one a line, as `sha256sum plugin.wasm` prints it.
    #[arg(long, env = "HOOKWRIGHT_TRUST", value_name = "FILE")]
    trust: Option<PathBuf>,

    /// MiB of memory that one instance of a plugin may have.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_MEMORY", value_name = "MIB", default_value_t = mebibytes(default().memory), value_parser = range(1, 4096))]
    plugin_memory: usize,

    /// Milliseconds of a processor that a plugin may take during one request, all calls together.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_DEADLINE", value_name = "MS", default_value_t = milliseconds(default().deadline), value_parser = clap::value_parser!(u64).range(1..=600_000))]
    plugin_deadline: u64,

    /// Requests that may be in one plugin at once, each in an instance of its own [default: four for each processor].
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_INSTANCES", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    plugin_instances: Option<u32>,

    /// Milliseconds that a request waits for an instance before it is answered 503.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_PATIENCE", value_name = "MS", default_value_t = milliseconds(default().patience))]
    plugin_patience: u64,

    /// KiB that a plugin may hand over in one call.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_RESULT", value_name = "KIB", default_value_t = default().result_size >> 10, value_parser = range(1, 1 << 20))]
    plugin_result: usize,

    /// MiB that a plugin's file may have.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_FILE", value_name = "MIB", default_value_t = mebibytes(default().file_size), value_parser = range(1, 1024))]
    plugin_file: usize,

    /// How much memory compiling a plugin may take, such as 500MiB. It is done in a process of its own.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_COMPILE_MEMORY", value_name = "SIZE", default_value_t = Size(default().compile_limits.memory), value_parser = compile_memory)]
    plugin_compile_memory: Size,

    /// How much processor time compiling a plugin may take, in whole seconds, such as 30s.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_COMPILE_TIME", value_name = "TIME", default_value = "30s", value_parser = compile_time)]
    plugin_compile_time: Duration,

    /// Requests in a row that may be stopped in a plugin, of several senders and hooks, before it is out of service for a while;
    /// 0: any number.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_STOPS", value_name = "N", default_value_t = default().stops)]
    plugin_stops: u32,

    /// For how long no request must have gone well before that.
    #[arg(long, env = "HOOKWRIGHT_PLUGIN_STOPS_WINDOW", value_name = "TIME", default_value = "1m", value_parser = duration)]
    plugin_stops_window: Duration,
}

fn default() -> Settings {
    Settings::default()
}

fn mebibytes(bytes: usize) -> usize {
    bytes >> 20
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The program itself takes some of it.
fn compile_memory(text: &str) -> Result<Size, String> {
    const LEAST: Size = Size(128 << 20);
    let read = size(text)?;
    if read.0 < LEAST.0 { Err(format!("at least {LEAST}")) } else { Ok(read) }
}

fn compile_time(text: &str) -> Result<Duration, String> {
    let read = duration(text)?;
    if read < Duration::from_secs(1) { Err("at least 1s".into()) } else { Ok(read) }
}

fn range(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

impl PluginLimits {
    /// Where the list of trusted plugins is to be.
    pub(super) fn trust_list(&self) -> Option<&Path> {
        self.trust.as_deref()
    }

    /// The settings that these flags are, with the compiled plugins kept in `cache`.
    pub(super) fn settings(self, cache: Option<PathBuf>) -> Settings {
        Settings {
            cache,
            compilation: Compilation::default(),
            compile_limits: CompileLimits { memory: self.plugin_compile_memory.0, time: self.plugin_compile_time },
            file_size: self.plugin_file << 20,
            deadline: Duration::from_millis(self.plugin_deadline),
            patience: Duration::from_millis(self.plugin_patience),
            memory: self.plugin_memory << 20,
            result_size: self.plugin_result << 10,
            instances: self.plugin_instances.unwrap_or(default().instances),
            stops: self.plugin_stops,
            stops_window: self.plugin_stops_window,
            grants: self.grant.into_iter().collect(),
            trust: self.trust,
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
        plugins: PluginLimits,
    }

    fn settings(flags: &[&str]) -> Result<Settings, clap::Error> {
        let line = Line::try_parse_from(std::iter::once("serve").chain(flags.iter().copied()))?;
        Ok(line.plugins.settings(None))
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        assert_eq!(format!("{:?}", settings(&[]).unwrap()), format!("{:?}", Settings::default()));
    }

    #[test]
    fn each_flag_is_one_limit_in_its_unit() {
        let flags = ["--plugin-memory=8", "--plugin-deadline=50", "--plugin-instances=2", "--plugin-result=1", "--plugin-file=1"];
        let set = settings(&flags).unwrap();
        assert_eq!((set.memory, set.deadline, set.instances), (8 << 20, Duration::from_millis(50), 2));
        assert_eq!((set.result_size, set.file_size), (1 << 10, 1 << 20));
        let set = settings(&["--plugin-compile-memory=2GiB", "--plugin-compile-time=2m"]).unwrap();
        assert_eq!(set.compile_limits, CompileLimits { memory: 2 << 30, time: Duration::from_mins(2) });
    }

    #[test]
    fn a_limit_of_nothing_is_refused() {
        for flag in [
            "--plugin-memory=0",
            "--plugin-deadline=0",
            "--plugin-instances=0",
            "--plugin-result=0",
            "--plugin-file=0",
            "--plugin-compile-memory=1MiB",
            "--plugin-compile-time=0s",
        ] {
            assert!(settings(&[flag]).is_err(), "{flag}");
        }
    }
}
