//! Notices that a plugin's sources change: what `hookwright plugin build --watch` waits for.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, RecursiveMode, Watcher};

use crate::services::changes_something;

/// How long the sources must be at rest: editors write more than once.
const SETTLE: Duration = Duration::from_millis(100);

/// Runs `act` now, and again after each change of the crate's manifest, build script or anything in `src`, until it says
/// to stop. What changes while it runs counts too. Crates that this one depends on by path are not watched.
pub fn follow(crate_directory: &Path, mut act: impl FnMut() -> ControlFlow<()>) -> Result<()> {
    let directory = crate_directory.canonicalize().with_context(|| format!("cannot find {}", crate_directory.display()))?;
    let (hints, told) = mpsc::channel();
    let root = directory.clone();
    let tell = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| changes_something(event.kind) && event.paths.iter().any(|path| is_source(&root, path))) {
            let _ = hints.send(());
        }
    };
    let mut watcher = notify::recommended_watcher(tell).context("the system does not tell of changes")?;
    let watched = [(directory.clone(), RecursiveMode::NonRecursive), (directory.join("src"), RecursiveMode::Recursive)];
    for (path, mode) in watched.iter().filter(|(path, _)| path.is_dir()) {
        watcher.watch(path, *mode).with_context(|| format!("cannot watch {}", path.display()))?;
    }
    while act().is_continue() && told.recv().is_ok() {
        while told.recv_timeout(SETTLE).is_ok() {}
    }
    Ok(())
}

/// Whether the plugin is made of this file: what a build itself writes must not begin another.
fn is_source(directory: &Path, path: &Path) -> bool {
    path.starts_with(directory.join("src")) || ["Cargo.toml", "build.rs"].iter().any(|name| path == directory.join(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    #[test]
    fn only_what_a_plugin_is_made_of_counts() {
        let directory = Path::new("/cards");
        for (path, counts) in [
            ("/cards/src/lib.rs", true),
            ("/cards/src/deep/er.rs", true),
            ("/cards/Cargo.toml", true),
            ("/cards/plugin.wasm", false),
            ("/cards/Cargo.lock", false),
            ("/cards/target/plugins/x", false),
        ] {
            assert_eq!(is_source(directory, Path::new(path)), counts, "{path}");
        }
    }

    #[test]
    fn a_change_while_it_acts_makes_it_act_again() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("src")).unwrap();
        let (done, ended) = mpsc::channel();
        let path = directory.path().to_owned();
        thread::spawn(move || {
            let mut acted = 0;
            let followed = follow(&path, || {
                acted += 1;
                fs::write(path.join("src/lib.rs"), format!("// {acted}")).unwrap();
                if acted < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            done.send(followed.map(|()| acted)).unwrap();
        });
        let acted = ended.recv_timeout(Duration::from_secs(30)).expect("changes are noticed");
        assert_eq!(acted.unwrap(), 3);
    }
}
