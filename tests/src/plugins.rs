//! The first-party plugins and those of the tests, built once for all tests by the code behind `hookwright plugin build`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hookwright::plugin::Compilation;
use hookwright::plugin::build::{BuildRequest, build};

use crate::samples::root;

/// The file of a first-party plugin, if there is one of this name.
///
/// # Panics
/// When it cannot be built.
pub fn first_party(name: &str) -> Option<PathBuf> {
    root().join("plugins").join(name).is_dir().then(|| built().join(format!("{name}.wasm")))
}

/// The file of a plugin that is only there for tests.
///
/// # Panics
/// When there is none, or it cannot be built.
pub fn of_tests(name: &str) -> PathBuf {
    built().join(format!("{name}.wasm"))
}

fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(build_all);
    &BUILT
}

/// Builds every crate in plugins/ and tests/plugins/. Cargo leaves what is fresh alone; the lock is for other test processes.
fn build_all() -> PathBuf {
    let directory = scratch("plugins");
    let lock = File::create(directory.join("lock")).expect("the lock can be made");
    lock.lock().expect("the lock can be taken");
    for crates in [root().join("plugins"), root().join("tests/plugins")] {
        for entry in fs::read_dir(crates).expect("the crates can be listed") {
            build_one(&entry.expect("the crates can be listed").path(), &directory);
        }
    }
    directory
}

fn build_one(crate_directory: &Path, into: &Path) {
    let name = crate_directory.file_name().expect("a crate's directory has a name").to_string_lossy();
    let to = Some(into.join(format!("{name}.wasm")));
    let request = BuildRequest { crate_directory: crate_directory.to_owned(), to, quiet: true, compilation: Compilation::InProcess };
    build(&request).unwrap_or_else(|error| panic!("the plugin {name} cannot be built: {error:#}"));
}

/// A directory beside the test's binary, kept from one run to the next.
///
/// # Panics
/// When it cannot be made.
pub fn scratch(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("a test stands in target/<profile>/deps");
    let directory = profile.join("hookwright-tests").join(name);
    fs::create_dir_all(&directory).expect("a directory can be made in target/");
    directory
}
