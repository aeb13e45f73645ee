//! The services that are served now: swapped whole, never locked by a request.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use hookwright_webhook::Severity;

use super::state::State;
use super::{Finding, Service, Snapshot};
use crate::plugin::Engine;

/// The services that are served now, and the directories they come from.
pub struct Services {
    roots: Vec<PathBuf>,
    engine: Arc<Engine>,
    live: ArcSwap<Snapshot>,
    looks: ArcSwap<Vec<Look>>,
}

/// A service directory as it was last read.
#[derive(Clone)]
pub struct Look {
    /// The directory's name.
    pub name: String,
    /// What is served of it; `None`: nothing has been good since the start.
    pub service: Option<Arc<Service>>,
    /// What is wrong with it. An error among it: it was refused, and what is served is the last good version.
    pub findings: Vec<Finding>,
    /// Whether it has not been read to its end even once.
    pub is_loading: bool,
}

impl Services {
    pub(super) fn new(roots: Vec<PathBuf>, engine: Arc<Engine>) -> Self {
        Self { roots, engine, live: ArcSwap::default(), looks: ArcSwap::default() }
    }

    /// What loads their plugins.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The directories whose directories are services.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// One service by name.
    pub fn service(&self, name: &str) -> Option<Arc<Service>> {
        self.live.load().get(name).cloned()
    }

    /// All services at this moment.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.live.load_full()
    }

    /// All service directories as they were last read, those that could not be loaded among them.
    pub fn looks(&self) -> Arc<Vec<Look>> {
        self.looks.load_full()
    }

    /// Swaps a new set in; `awaited` are directories that have not been read yet.
    pub(super) fn publish<'d>(&self, directories: &BTreeMap<PathBuf, State>, awaited: impl Iterator<Item = &'d PathBuf>) {
        let services = directories.values().filter_map(|state| state.service.clone());
        self.live.store(Arc::new(services.map(|service| (service.name.clone(), service)).collect()));
        let read = directories.iter().filter(|(_, state)| !state.is_empty);
        let looks = read.map(|(directory, state)| Look::of(directory, state)).chain(awaited.map(|directory| Look::loading(directory)));
        self.looks.store(Arc::new(looks.collect()));
    }
}

impl Look {
    fn of(directory: &Path, state: &State) -> Self {
        Self { name: name(directory), service: state.service.clone(), findings: state.findings.clone(), is_loading: false }
    }

    fn loading(directory: &Path) -> Self {
        let finding = Finding {
            severity: Severity::Error.to_string(),
            message: "it has not been read to its end yet".into(),
            help: None,
            file: directory.display().to_string(),
            line: 1,
            column: 1,
            span: [0, 0],
        };
        Self { name: name(directory), service: None, findings: vec![finding], is_loading: true }
    }
}

fn name(directory: &Path) -> String {
    directory.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned()
}
