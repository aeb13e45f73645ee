//! From an author's crate to a plugin file: what `hookwright plugin build` does.
//!
//! The crate needs nothing but the sdk: target, profile, crate type and linker arguments come from here.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::compile::component_from_module;
use super::{Compilation, Engine, Grants, Plugin, Settings};

const TARGET: &str = "wasm32-unknown-unknown";

/// Small and fast to load, with the names that a trap report shows. The workspace's own manifest
/// says the same, so that its plugins can be built by hand too.
const PROFILE: &[&str] = &[
    r#"profile.plugin.inherits="release""#,
    r#"profile.plugin.opt-level=3"#,
    r#"profile.plugin.lto=true"#,
    r#"profile.plugin.codegen-units=1"#,
    r#"profile.plugin.panic="abort""#,
    r#"profile.plugin.strip="debuginfo""#,
];

/// A small stack, and some heap from the start: all of it is cleared for every request, and growing costs more than
/// clearing. Together they make a fresh instance three times cheaper.
const LINKER: &[&str] = &["-Clink-arg=-zstack-size=131072", "-Clink-arg=--initial-heap=65536"];

/// What to build and where to put it.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The directory of the plugin's crate.
    pub crate_directory: PathBuf,
    /// The file to write, or a directory to write `plugin.wasm` into. None: the crate's directory.
    pub to: Option<PathBuf>,
    /// Print only what goes wrong.
    pub quiet: bool,
    /// Where the built plugin is compiled, to check it.
    pub compilation: Compilation,
}

/// A plugin that was built and checked.
#[derive(Debug)]
pub struct Built {
    /// The file that was written.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// As the host loads it.
    pub plugin: Arc<Plugin>,
}

/// Builds a crate as a plugin, checks it by loading it as the host does, and writes it. Cargo's own
/// output goes to standard error.
pub fn build(request: &BuildRequest) -> Result<Built> {
    let manifest = request.crate_directory.join("Cargo.toml");
    ensure!(manifest.is_file(), "{} is not a crate: it has no Cargo.toml", request.crate_directory.display());
    let directory = request.crate_directory.canonicalize()?;
    ensure_target(&directory)?;
    let module = compile(&directory, request.quiet)?;
    let module = std::fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let component = component_from_module(&module)?;
    let plugin = check(&component, request.compilation.clone())?;
    let path = destination(request);
    write(&path, &component)?;
    Ok(Built { path, size: component.len(), plugin })
}

/// Loads a component as the host does where everything that it asks for is granted.
pub fn check(component: &[u8], compilation: Compilation) -> Result<Arc<Plugin>> {
    let engine = Engine::new(&Settings { instances: 1, grants: Grants::everything(), compilation, ..Settings::default() })?;
    Ok(engine.load("(built)", component)?)
}

/// Installs the WebAssembly target where the crate's toolchain lacks it.
fn ensure_target(directory: &Path) -> Result<()> {
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(directory))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    eprintln!("The Rust target {TARGET} is missing; installing it with rustup.");
    let status = Command::new("rustup").args(["target", "add", TARGET]).current_dir(directory).status();
    let status = status.with_context(|| format!("cannot run rustup; install the Rust target {TARGET} by other means"))?;
    ensure!(status.success(), "rustup could not install the Rust target {TARGET}");
    Ok(())
}

/// Runs cargo; gives the path of the module it made.
fn compile(directory: &Path, quiet: bool) -> Result<PathBuf> {
    let mut cargo = cargo(directory);
    cargo.args(["rustc", "--lib", "--crate-type", "cdylib", "--target", TARGET, "--profile", "plugin"]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    // A directory of its own: a build of the same crate for the host must not wait for this one.
    cargo.arg("--target-dir").arg(target_directory(directory)?.join("plugins"));
    cargo.args(PROFILE.iter().flat_map(|setting| ["--config", setting]));
    if quiet {
        cargo.arg("--quiet");
    }
    // Instead of what the environment or the configuration says: flags for the host's processor would fail here.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", LINKER.join("\u{1f}"));
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let messages = BufReader::new(child.stdout.take().expect("standard output is piped"));
    let mut module = None;
    for line in messages.lines() {
        module = module_of(&line?, directory).or(module);
    }
    ensure!(child.wait()?.success(), "the plugin does not compile");
    module.context("cargo made no WebAssembly module of the crate's library")
}

fn cargo(directory: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(directory);
    command
}

/// Where cargo would build the crate for the host.
fn target_directory(directory: &Path) -> Result<PathBuf> {
    let metadata = output(cargo(directory).args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cannot read what cargo says about the crate")?;
    let target = metadata["target_directory"].as_str().context("cargo does not say where it builds the crate")?;
    Ok(PathBuf::from(target))
}

/// The module that a line of cargo's messages announces, if it is the crate's own.
fn module_of(line: &str, directory: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let own = Path::new(message["manifest_path"].as_str()?).parent() == Some(directory);
    if !own || message["reason"] != "compiler-artifact" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{program} printed what is no text"))
}

fn destination(request: &BuildRequest) -> PathBuf {
    match &request.to {
        None => request.crate_directory.join("plugin.wasm"),
        Some(path) if path.is_dir() => path.join("plugin.wasm"),
        Some(path) => path.clone(),
    }
}

/// Writes beside and renames, so that a host that watches never sees half a file.
fn write(path: &Path, component: &[u8]) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let mut file = tempfile::Builder::new().prefix(".plugin-").permissions(readable()).tempfile_in(directory)?;
    file.write_all(component)?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// A plugin is no secret: as readable as any file the author writes.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}
