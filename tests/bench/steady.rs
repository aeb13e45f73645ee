//! Minutes of the same load: memory and disk have to stay where they are.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hookwright_tests::host::Installation;

use super::load::{self, Until};
use super::memory::resident;
use super::{Arguments, SECRET, plan};

/// What the journal may keep: it has to give back space many times meanwhile.
const JOURNAL: &str = "256MiB";
/// Each connection sends so often.
const EVERY: Duration = Duration::from_millis(100);
/// Rows that are printed for each minute.
const ROWS: u64 = 2;

pub(crate) fn watch(arguments: &Arguments, installation: &Installation) -> anyhow::Result<()> {
    let path = installation.hook("bench", &[&format!("secret={SECRET}")], &arguments.to);
    let host = installation.serve_with(&["--journal-max", JOURNAL]);
    let mut plan = plan(arguments.connections(), &host, &path);
    plan.every = Some(EVERY);
    println!(
        "{} minutes of steady load, the journal at {JOURNAL}:\n{:>8} {:>12} {:>12} {:>12}",
        arguments.minutes, "minute", "requests/s", "memory MiB", "disk MiB"
    );
    for row in 1..=arguments.minutes * ROWS {
        let outcome = load::run(&plan, Until::Elapsed(Duration::from_secs(60 / ROWS)))?;
        let (memory, disk) = (resident(host.id())? as f64 / 1024.0, bytes_of(&installation.data())? as f64 / f64::from(1 << 20));
        println!("{:>8.1} {:>12.0} {memory:>12.1} {disk:>12.1}", row as f64 / ROWS as f64, outcome.per_second());
    }
    host.stop();
    Ok(())
}

/// What a directory takes on disk.
fn bytes_of(directory: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A file may go while it is looked for.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += if metadata.is_dir() { bytes_of(&entry.path())? } else { std::os::unix::fs::MetadataExt::blocks(&metadata) * 512 };
    }
    Ok(bytes)
}
