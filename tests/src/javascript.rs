//! The plugin of sdk/javascript, installed and built once for all tests, by the steps that its author takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{install_project, run};
use crate::plugins::scratch;
use crate::samples::root;

/// What the plugin is made of, in the checkout and in the author's directory.
const SOURCES: &[(&str, &str)] = &[
    ("sdk/javascript/package.json", "package.json"),
    ("sdk/javascript/build.js", "build.js"),
    ("sdk/javascript/plugin.js", "plugin.js"),
    ("sdk/javascript/values.js", "values.js"),
    ("sdk/javascript/wit/world.wit", "wit/world.wit"),
    ("sdk/wit/plugin.wit", "wit/deps/hookwright/plugin.wit"),
];

/// The plugin's file; `None` where npm or its packages are not to be had, with a line that says so.
///
/// # Panics
/// When it cannot be built, and with `CI=true` also where the packages cannot be installed.
pub fn plugin() -> Option<PathBuf> {
    let directory = scratch("javascript");
    let lock = File::create(directory.join("lock")).expect("the lock can be made");
    lock.lock().expect("the lock can be taken");
    let (plugin, built_of) = (directory.join("plugin.wasm"), directory.join("built-of"));
    let sources = sources();
    if fs::read(&built_of).ok().as_ref() != Some(&sources) {
        copy(&directory);
        install_project("the plugin in JavaScript", &directory)?;
        build(&directory);
        fs::write(built_of, sources).expect("it can be noted what was built");
    }
    Some(plugin)
}

fn sources() -> Vec<u8> {
    let read = |(file, _): &(&str, &str)| fs::read(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    SOURCES.iter().flat_map(read).collect()
}

fn copy(directory: &Path) {
    for (from, to) in SOURCES {
        let to = directory.join(to);
        fs::create_dir_all(to.parent().expect("a file stands in a directory")).expect("a directory can be made in target/");
        fs::copy(root().join(from), to).expect("a source can be copied");
    }
}

fn build(directory: &Path) {
    let mut command = Command::new("npm");
    command.args(["run", "--silent", "build"]).current_dir(directory);
    run(command, "").unwrap_or_else(|error| panic!("the plugin in JavaScript cannot be built: {error}"));
}
