//! Brings the live set up to what stands in the directories now: what changed is read again, what is broken is left as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::fingerprint::Fingerprint;
use super::{Finding, Loader, Report, Service, Snapshot};

/// The services that are served now, and the directories they come from.
pub struct Services {
    roots: Vec<PathBuf>,
    loader: Loader,
    live: ArcSwap<Snapshot>,
    looks: ArcSwap<Vec<Look>>,
    seen: Mutex<Seen>,
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
}

/// What was found at the last scan; only scans touch it.
#[derive(Default)]
struct Seen {
    directories: BTreeMap<PathBuf, State>,
    unreadable: BTreeSet<PathBuf>,
}

/// One service directory as it was last read.
struct State {
    fingerprint: Fingerprint,
    /// What was last said about it, so that it is said once.
    complaint: String,
    findings: Vec<Finding>,
    service: Option<Arc<Service>>,
}

impl Services {
    /// What loads their plugins.
    pub(crate) fn engine(&self) -> &crate::plugin::Engine {
        &self.loader.engine
    }

    /// Services of all directories below `roots`; none is read before the first [`refresh`](Self::refresh).
    pub fn new(roots: Vec<PathBuf>, loader: Loader) -> Self {
        Self { roots, loader, live: ArcSwap::default(), looks: ArcSwap::default(), seen: Mutex::default() }
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

    /// Reads what has changed since the last time and swaps the new set in at once.
    ///
    /// Returns whether a directory was changing while it was read, so that it has to be looked at once more. Takes
    /// as long as its plugins take to compile: never call it where requests are answered.
    pub fn refresh(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.list(&mut seen);
        let mut unsettled = false;
        for directory in &present {
            unsettled |= !self.look_at(directory, &mut seen.directories);
        }
        unsettled |= forget_removed(&mut seen.directories, &present);
        self.live.store(Arc::new(snapshot(&seen.directories)));
        self.looks.store(Arc::new(seen.directories.iter().map(look).collect()));
        unsettled
    }

    /// The service directories there are. Those of a root that cannot be read now are taken to be still there.
    fn list(&self, seen: &mut Seen) -> BTreeSet<PathBuf> {
        let mut present = BTreeSet::new();
        for root in &self.roots {
            match directories(root) {
                Ok(found) => {
                    seen.unreadable.remove(root);
                    present.extend(found);
                }
                Err(error) => {
                    if seen.unreadable.insert(root.clone()) {
                        tracing::error!(directory = %root.display(), %error, "cannot read the services directory, keeping what was loaded");
                    }
                    present.extend(seen.directories.keys().filter(|directory| directory.starts_with(root)).cloned());
                }
            }
        }
        present
    }

    /// Reads one directory if it has changed; false if it was changing meanwhile.
    fn look_at(&self, directory: &Path, known: &mut BTreeMap<PathBuf, State>) -> bool {
        let fingerprint = self.fingerprint(directory);
        if known.get(directory).is_some_and(|state| state.fingerprint == fingerprint) {
            return true;
        }
        if !directory.is_dir() {
            // Its root cannot be read now, or it is going away at this very moment.
            return true;
        }
        if fingerprint.is_empty() {
            // Just made, or emptied on its way to being removed: nothing to say about it.
            known.remove(directory);
            return true;
        }
        let outcome = refuse_double(directory, known).unwrap_or_else(|| self.loader.load(directory));
        if self.fingerprint(directory) != fingerprint {
            return false;
        }
        let before = known.remove(directory);
        known.insert(directory.to_owned(), take_up(directory, fingerprint, outcome, before));
        true
    }

    fn fingerprint(&self, directory: &Path) -> Fingerprint {
        Fingerprint::of(directory).with_file(self.loader.secrets.path()).with_file(self.loader.engine.trust_list())
    }
}

/// Forgets the directories that are gone; true if that may let another one in, which then has to be looked at again.
fn forget_removed(known: &mut BTreeMap<PathBuf, State>, present: &BTreeSet<PathBuf>) -> bool {
    let removed: Vec<_> = known.extract_if(.., |directory, _| !present.contains(directory)).collect();
    for service in removed.iter().filter_map(|(_, state)| state.service.as_ref()) {
        tracing::info!(service = service.name, directory = %service.directory.display(), "service removed");
    }
    let refused = known.len();
    if !removed.is_empty() {
        known.retain(|_, state| state.service.is_some());
    }
    known.len() < refused
}

/// The new state of a directory: the new service, or the old one if the new one is broken. Says what is new to say.
fn take_up(directory: &Path, fingerprint: Fingerprint, outcome: Result<(Service, Report), Report>, before: Option<State>) -> State {
    let (old, said) = before.map_or((None, String::new()), |state| (state.service, state.complaint));
    let (service, report) = match outcome {
        Ok((service, warnings)) => {
            tracing::info!(service = service.name, webhooks = service.webhooks.len(), plugin = service.plugin.is_some(), "service loaded");
            (Some(Arc::new(service)), warnings)
        }
        Err(report) => (None, report),
    };
    let complaint = report.to_string();
    if !report.is_empty() && complaint != said {
        complain(directory, &report, service.is_some(), old.is_some());
    }
    let findings = report.diagnostics().map(Finding::from).collect();
    State { fingerprint, complaint, findings, service: service.or(old) }
}

fn complain(directory: &Path, report: &Report, loaded: bool, had_one: bool) {
    let text = report.render(false);
    let what = match (loaded, had_one) {
        (true, _) => return tracing::warn!("service in {} loaded with warnings\n{text}", directory.display()),
        (false, true) => "refused, its last good version keeps serving",
        (false, false) => "refused",
    };
    tracing::error!("service in {} {what}\n{text}", directory.display());
}

/// An error if another directory of the same name serves already.
fn refuse_double(directory: &Path, known: &BTreeMap<PathBuf, State>) -> Option<Result<(Service, Report), Report>> {
    let same = |other: &PathBuf| other != directory && other.file_name() == directory.file_name();
    let (other, _) = known.iter().find(|(other, state)| same(other) && state.service.is_some())?;
    let mut report = Report::default();
    let message = format!("a service of this name is already served from {}", other.display());
    report.add_error(directory.display().to_string(), message, Some("rename one of the two directories"));
    Some(Err(report))
}

fn directories(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

fn look((directory, state): (&PathBuf, &State)) -> Look {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Look { name, service: state.service.clone(), findings: state.findings.clone() }
}

fn snapshot(directories: &BTreeMap<PathBuf, State>) -> Snapshot {
    let services = directories.values().filter_map(|state| state.service.clone());
    services.map(|service| (service.name.clone(), service)).collect()
}
