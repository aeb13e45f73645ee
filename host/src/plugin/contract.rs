//! The contract of `sdk/wit` on the host's side: its bindings, and the check that a component keeps it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

use super::capability::{self, Capability};
use super::line::one_line;
use super::state::State;
use crate::size::Size;

/// What wasmtime makes of the contract.
#[allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::pedantic)]
pub(super) mod bindings {
    wasmtime::component::bindgen!({
        path: "../sdk/wit",
        world: "plugin",
        // These end the call of a plugin that has no memory for them.
        imports: {
            "hookwright:plugin/request.[method]request.query": trappable,
            "hookwright:plugin/request.[method]request.body": trappable,
            "hookwright:plugin/request.[method]request.raw-body": trappable,
        },
        with: { "hookwright:plugin/request.request": crate::plugin::state::CurrentRequest },
    });
}

/// The version of the contract that this host speaks.
const OFFERED: &str = "1.0.0";
const PACKAGE: &str = "hookwright:plugin/";
/// What every plugin is given.
const INTERFACES: &[&str] = &["clock", "iml", "log", "request", "types"];

/// Interfaces that a component may import and export, and bytes of a name that are shown.
const NAMES: usize = 100;
const NAME: usize = 200;

/// Why a file is not a plugin that this host can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Larger than the host takes.
    TooLarge {
        /// The file, in bytes.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Neither a module nor a component.
    NotWasm,
    /// A module that does not say what it is for.
    NoInterface(String),
    /// Built against another major version of the contract.
    OtherVersion(String),
    /// Wants something of the host that plugins are not given.
    Import(String),
    /// Asks for what the operator has not granted it.
    NotGranted(Vec<Capability>),
    /// The operator's list of trusted plugins cannot be used.
    Trust(String),
    /// Not in the operator's list of trusted plugins.
    NotTrusted {
        /// The SHA-256 of the file, in hexadecimal.
        digest: String,
        /// The list.
        list: PathBuf,
    },
    /// Not valid WebAssembly, or beyond the limits.
    Invalid(String),
    /// Compiling it takes more memory than it may, in bytes.
    CompileMemory(u64),
    /// Compiling it takes more time than it may.
    CompileTime(Duration),
    /// What it compiles to is larger than the host takes.
    CompiledSize {
        /// The code, in bytes.
        size: u64,
        /// What is allowed for a file of its size.
        limit: u64,
    },
    /// The process that compiles it failed.
    Compiler(String),
    /// The system lets no plugin run in this process.
    Unusable(String),
    /// The host stops, and compiles nothing more.
    Stopping,
    /// What it says it offers cannot be used.
    Description(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => write!(out, "the plugin has {size} bytes; the limit is {limit}"),
            Self::NotWasm => out.write_str("this is not WebAssembly: a plugin is a component, or a module made with hookwright-sdk"),
            Self::NoInterface(reason) => write!(out, "this is WebAssembly, but not a plugin: {reason}"),
            Self::OtherVersion(built_for) => write!(
                out,
                "the plugin was built for hookwright:plugin {built_for}; this host speaks {OFFERED}: rebuild it with a matching hookwright-sdk"
            ),
            Self::Import(name) => write!(out, "the plugin imports {name}, which plugins are not given{}", import_help(name)),
            Self::NotGranted(missing) => write!(out, "the plugin asks for {}, which it was not granted", capability::list(missing)),
            Self::Trust(reason) => write!(out, "the list of trusted plugins cannot be used: {reason}"),
            Self::NotTrusted { digest, list } => {
                write!(out, "the plugin is not trusted: its SHA-256 digest {digest} is not in {}", list.display())
            }
            Self::Invalid(reason) => write!(out, "the plugin cannot be compiled: {reason}"),
            Self::CompileMemory(limit) => {
                write!(out, "the plugin takes more than {} of memory to compile (--plugin-compile-memory)", Size(*limit))
            }
            Self::CompileTime(limit) => {
                write!(out, "the plugin takes more than {} s to compile (--plugin-compile-time)", limit.as_secs())
            }
            Self::CompiledSize { size, limit } => {
                write!(out, "the plugin compiles to {size} bytes of code; the limit for a file of its size is {limit}")
            }
            Self::Compiler(reason) => write!(out, "the plugin could not be compiled: {reason}"),
            Self::Unusable(reason) => write!(out, "no plugin can run here: {reason}"),
            Self::Stopping => out.write_str("the plugin was not compiled: the host stops"),
            Self::Description(reason) => write!(out, "the plugin's description of itself is wrong: {reason}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl LoadError {
    /// What the operator can do about it, where it is the operator's to decide.
    pub fn help(&self, service: &str) -> Option<String> {
        match self {
            Self::NotGranted(missing) => {
                let grant = format!("{service}={}", capability::list(missing));
                Some(format!("if you trust this plugin with that, grant it with `--grant {grant}`"))
            }
            Self::NotTrusted { digest, list } => {
                Some(format!("if you trust this very file, add the line `{digest}` to {}", list.display()))
            }
            _ => None,
        }
    }
}

fn import_help(name: &str) -> &'static str {
    if name.starts_with("wasi:") {
        ": there is no WASI here; build for wasm32-unknown-unknown, as `hookwright plugin build` does"
    } else {
        ": it may import hookwright:plugin/{clock, iml, log, request}, and {secrets, connection-data} where they are granted"
    }
}

/// Gives every plugin what is every plugin's.
pub(super) fn link_base(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use bindings::hookwright::plugin::{clock, iml, log, request, types};
    types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    iml::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    request::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// Gives one plugin what was granted to it.
pub(super) fn link(capability: Capability, linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use bindings::hookwright::plugin::{connection_data, secrets};
    match capability {
        Capability::Secrets => secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
        Capability::ConnectionData => connection_data::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
    }
}

/// The names of what a component imports.
pub(super) fn imports(engine: &Engine, component: &Component) -> Vec<String> {
    component.component_type().imports(engine).map(|(name, _)| name.to_owned()).collect()
}

/// What these imports ask the operator for.
pub(super) fn asked(imports: &[String]) -> Vec<Capability> {
    let mut asked: Vec<_> = imports.iter().filter_map(|import| Capability::find(interface(import)?)).collect();
    asked.sort_unstable();
    asked.dedup();
    asked
}

/// Checks by name what the component imports and exports, so that the message is about the
/// plugin and not about types.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let world = component.component_type();
    let named = world.imports(engine).len() + world.exports(engine).len();
    if named > NAMES {
        return Err(LoadError::Invalid(format!("it imports and exports {named} names; at most {NAMES} are taken")));
    }
    let names = world.imports(engine).map(|(name, _)| name).chain(world.exports(engine).map(|(name, _)| name));
    if let Some(other) = names.filter_map(version).find(|version| major(version) != major(OFFERED)) {
        return Err(LoadError::OtherVersion(one_line(other, NAME)));
    }
    if let Some((name, _)) = world.imports(engine).find(|(name, _)| !is_offered(name)) {
        return Err(LoadError::Import(one_line(name, NAME)));
    }
    let exports_guest = world.exports(engine).any(|(name, _)| interface(name) == Some("guest"));
    if !exports_guest {
        return Err(LoadError::NoInterface(format!("it does not export {PACKAGE}guest")));
    }
    Ok(())
}

/// The version of our package in an import's or export's name.
fn version(name: &str) -> Option<&str> {
    name.strip_prefix(PACKAGE)?.split_once('@').map(|(_, version)| version)
}

fn interface(name: &str) -> Option<&str> {
    let name = name.strip_prefix(PACKAGE)?;
    Some(name.split_once('@').map_or(name, |(interface, _)| interface))
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

fn is_offered(import: &str) -> bool {
    interface(import).is_some_and(|interface| INTERFACES.contains(&interface) || Capability::find(interface).is_some())
}
