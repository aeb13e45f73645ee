//! Packages of npm and PyPI, installed once for all tests, and scripts that use them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::left_out::or_left_out;
use crate::plugins::scratch;

/// A package in a fixed version.
pub struct Package {
    tool: Tool,
    name: &'static str,
    version: &'static str,
    scripts: bool,
}

#[derive(Clone, Copy)]
enum Tool {
    Node,
    Python,
}

impl Package {
    /// One of npm's.
    pub const fn npm(name: &'static str, version: &'static str) -> Self {
        Self { tool: Tool::Node, name, version, scripts: false }
    }

    /// One of PyPI's.
    pub const fn pypi(name: &'static str, version: &'static str) -> Self {
        Self { tool: Tool::Python, name, version, scripts: false }
    }

    /// With the scripts that it wants to run when it is installed: they may build or fetch what is not in the package.
    #[must_use]
    pub const fn with_scripts(mut self) -> Self {
        self.scripts = true;
        self
    }

    /// Its name, as messages call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Installs it where it is missing, and gives the directory it is in. `None` where that cannot be done: a line says so,
    /// and with `CI=true` it is a failure.
    ///
    /// # Panics
    /// See above.
    pub fn ready(&self) -> Option<PathBuf> {
        let directory = scratch("packages").join(format!("{}-{}", self.name.replace(['@', '/'], ""), self.version));
        or_left_out(self.name, install_once(&directory, self.install(&directory))).map(|()| directory)
    }

    fn install(&self, directory: &Path) -> Command {
        let Self { name, version, .. } = self;
        let mut command;
        match self.tool {
            Tool::Node => {
                command = Command::new("npm");
                command.args(NPM_INSTALL).arg(format!("--ignore-scripts={}", !self.scripts));
                command.arg("--prefix").arg(directory).arg(format!("{name}@{version}"));
            }
            Tool::Python => {
                command = Command::new("python3");
                command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
                command.arg(directory).arg(format!("{name}=={version}"));
            }
        }
        command
    }

    /// Runs a script that uses the package in `directory`, and gives what it prints.
    ///
    /// # Errors
    /// What the script said before it failed.
    pub fn run(&self, directory: &Path, script: &str, input: &str) -> Result<String, String> {
        let mut command;
        match self.tool {
            Tool::Node => {
                command = Command::new("node");
                command.args(["--input-type=module", "--eval"]);
            }
            Tool::Python => {
                command = Command::new("python3");
                command.arg("-c").env("PYTHONPATH", directory);
            }
        }
        command.arg(script).current_dir(directory);
        run(command, input)
    }
}

const NPM_INSTALL: &[&str] = &["install", "--no-audit", "--no-fund", "--silent"];

/// Installs what the package.json of a directory asks for. `None`, and failures, as with [`Package::ready`].
///
/// # Panics
/// See there.
pub fn install_project(name: &str, directory: &Path) -> Option<()> {
    let mut npm = Command::new("npm");
    npm.args(NPM_INSTALL).arg("--ignore-scripts").current_dir(directory);
    or_left_out(name, run(npm, "").map(drop))
}

/// Runs the command unless it has succeeded in this directory before; one process at a time.
fn install_once(directory: &Path, command: Command) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    fs::create_dir_all(directory).map_err(told)?;
    let lock = File::create(directory.join("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let done = directory.join("installed");
    if !done.exists() {
        run(command, "")?;
        File::create(done).map_err(told)?;
    }
    Ok(())
}

/// Runs a program to its end and gives what it prints.
pub(crate) fn run(mut command: Command, input: &str) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{program}: {error}");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    // A program that reads nothing may have closed it.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
