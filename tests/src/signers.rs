//! The providers' own libraries as signers, so that no signature under test was computed by code of ours.

mod libraries;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::plugins::scratch;

pub use libraries::{DISCORD, GITHUB, SENDGRID, SLACK, STANDARD_WEBHOOKS, STRIPE, SVIX, TWILIO, TWILIO_WITH_RULES};

/// A library that signs, and how it is called.
pub struct Signer {
    tool: Tool,
    package: &'static str,
    version: &'static str,
    /// Reads `{secret, body, seconds}` or what else it needs from standard input, and prints the signature header's value.
    script: &'static str,
}

#[derive(Clone, Copy)]
enum Tool {
    Node,
    Python,
}

impl Signer {
    /// Installs the library where it is missing. `None` where that cannot be done: a line says so, and with `CI=true` it
    /// is a failure.
    ///
    /// # Panics
    /// See above.
    pub fn ready(&self) -> Option<ReadySigner<'_>> {
        match self.installed() {
            Ok(directory) => Some(ReadySigner { signer: self, directory }),
            Err(reason) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{} cannot sign: {reason}", self.package),
            Err(reason) => {
                eprintln!("left out: {} cannot sign: {reason}", self.package);
                None
            }
        }
    }

    fn installed(&self) -> Result<PathBuf, String> {
        let directory = scratch("signers").join(format!("{}-{}", self.package.replace(['@', '/'], ""), self.version));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let lock = File::create(directory.join("lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        let done = directory.join("installed");
        if !done.exists() {
            run(self.install(&directory))?;
            File::create(done).map_err(|error| error.to_string())?;
        }
        Ok(directory)
    }

    fn install(&self, directory: &Path) -> Command {
        let Self { package, version, .. } = self;
        let mut command;
        match self.tool {
            Tool::Node => {
                command = Command::new("npm");
                command.args(["install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--prefix"]);
                command.arg(directory).arg(format!("{package}@{version}"));
            }
            Tool::Python => {
                command = Command::new("python3");
                command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
                command.arg(directory).arg(format!("{package}=={version}"));
            }
        }
        command
    }
}

/// A signer whose library is there.
pub struct ReadySigner<'s> {
    signer: &'s Signer,
    directory: PathBuf,
}

impl ReadySigner<'_> {
    /// The value of the provider's signature header.
    ///
    /// # Panics
    /// When the library does not sign.
    pub fn sign(&self, secret: &str, body: &str, seconds: i64) -> String {
        self.run(&json!({ "secret": secret, "body": body, "seconds": seconds }))
    }

    /// What the script prints about something else that it is given.
    ///
    /// # Panics
    /// When the script fails.
    pub fn run(&self, given: &Value) -> String {
        let mut command = match self.signer.tool {
            Tool::Node => Command::new("node"),
            Tool::Python => Command::new("python3"),
        };
        match self.signer.tool {
            Tool::Node => command.args(["--input-type=module", "--eval"]),
            Tool::Python => command.arg("-c"),
        };
        command.arg(self.signer.script).current_dir(&self.directory).env("PYTHONPATH", &self.directory);
        run_with(command, &given.to_string()).unwrap_or_else(|error| panic!("{}: {error}", self.signer.package)).trim().to_owned()
    }
}

fn run(command: Command) -> Result<String, String> {
    run_with(command, "")
}

fn run_with(mut command: Command, input: &str) -> Result<String, String> {
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
