//! Brings the live set up to what stands in the directories now: what changed is read again, what is broken is left as it was.
//!
//! The scan itself reads no file: it hands directories to [`Workers`] and takes up what they found, so that a directory that
//! hangs, or compiles for long, holds up no other one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::look::{Done, Job, Outcome, Task};
use super::state::State;
use super::workers::Workers;
use super::{Loader, Services};

/// How long reading a directory may take before nobody waits for it any more.
const READING: Duration = Duration::from_secs(10);
/// The same where a plugin is compiled, which has a limit of its own.
const COMPILING: Duration = Duration::from_secs(120);
/// How often to see what hangs.
const TICK: Duration = Duration::from_millis(100);

/// The service directories as they were last read, and what is on its way.
pub struct Scan {
    services: Arc<Services>,
    directories: BTreeMap<PathBuf, State>,
    /// Which directory serves under a name.
    serving: BTreeMap<OsString, PathBuf>,
    unreadable: BTreeSet<PathBuf>,
    /// Directories at which somebody looks, roots among them.
    pending: BTreeMap<PathBuf, Pending>,
    /// The directories that wait until another one of their name was looked at.
    waiting: BTreeMap<OsString, VecDeque<PathBuf>>,
    /// Directories that were changing while they were read.
    restless: BTreeSet<PathBuf>,
    /// Directories that were read since somebody asked.
    fresh: Vec<PathBuf>,
    /// Whether something is to be published.
    changed: bool,
    readers: Workers,
    compilers: Workers,
    events: Receiver<Event>,
    sender: Sender<Event>,
}

/// What a scan waits for.
pub(super) enum Event {
    /// A worker is done.
    Done(Done),
    /// Somebody has to tell whoever drives the scan something.
    Hint(Hint),
}

/// What whoever drives the scan is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Something has changed in the directories.
    Changed,
    /// It is to end.
    Stop,
}

/// A look that has not ended.
struct Pending {
    compiles: bool,
    /// Nobody waits for it any more.
    lost: bool,
    /// It is to be followed by another one.
    again: bool,
}

impl Scan {
    /// Services of all directories below `roots`; none is read before the first [`refresh`](Self::refresh).
    pub fn new(roots: Vec<PathBuf>, loader: &Loader) -> Self {
        let (sender, events) = mpsc::channel();
        let processors = available_parallelism().map_or(1, NonZero::get);
        let services = Arc::new(Services::new(roots, Arc::clone(&loader.engine)));
        let workers = |name, most, time| Workers::new(name, most, time, loader.clone(), sender.clone());
        Self {
            readers: workers("services", processors.max(2), READING),
            compilers: workers("services with plugins", processors.max(2), COMPILING),
            services,
            directories: BTreeMap::new(),
            serving: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            pending: BTreeMap::new(),
            waiting: BTreeMap::new(),
            restless: BTreeSet::new(),
            fresh: Vec::new(),
            changed: true,
            events,
            sender,
        }
    }

    /// The live set that it keeps up to date.
    pub fn services(&self) -> Arc<Services> {
        Arc::clone(&self.services)
    }

    /// Looks at every directory, reads those that have changed, and publishes what came of it. Waits until all were
    /// looked at, except those that hang, and no longer than `patience`: the others follow in later calls.
    ///
    /// Returns whether a directory was changing while it was read, so that it has to be looked at once more.
    pub fn refresh(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        self.begin();
        while self.is_busy() && begun.elapsed() < patience {
            self.wait(TICK.min(patience));
        }
        self.publish();
        !self.restless.is_empty()
    }

    /// The service directories that were looked at and are not empty, in order, with what is known of each.
    pub(crate) fn into_states(self) -> impl Iterator<Item = (PathBuf, State)> {
        self.directories.into_iter().filter(|(_, state)| !state.is_empty)
    }

    /// Has every root listed, and so every directory looked at.
    pub(super) fn begin(&mut self) {
        for root in self.services.roots().to_vec() {
            if !self.pending.contains_key(&root) {
                self.pending.insert(root.clone(), Pending { compiles: false, lost: false, again: false });
                self.readers.add(Job::List(root));
            }
        }
    }

    /// Has the directories looked at again that were changing while they were read.
    pub(super) fn look_again(&mut self) {
        for directory in mem::take(&mut self.restless) {
            self.request(directory);
        }
    }

    /// Whether [`look_again`](Self::look_again) has something to do.
    pub(super) fn is_restless(&self) -> bool {
        !self.restless.is_empty()
    }

    /// Whether anything is awaited that does not hang.
    pub(super) fn is_busy(&self) -> bool {
        self.pending.values().any(|pending| !pending.lost)
    }

    /// Whether anything is awaited that takes no longer than reading a few files.
    pub(super) fn is_reading(&self) -> bool {
        self.pending.values().any(|pending| !pending.lost && !pending.compiles)
    }

    /// Whoever wants to tell something to whoever calls [`wait`](Self::wait).
    pub(super) fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// The directories that were read since the last call.
    pub(super) fn take_fresh(&mut self) -> Vec<PathBuf> {
        mem::take(&mut self.fresh)
    }

    /// Takes up what is done, or waits until something is; gives the hint that came, of several the last.
    pub(super) fn wait(&mut self, most: Duration) -> Option<Hint> {
        let mut hint = None;
        let mut event = self.events.recv_timeout(most).ok();
        while let Some(next) = event {
            match next {
                Event::Done(done) => self.take_up(done),
                Event::Hint(Hint::Stop) => return Some(Hint::Stop),
                Event::Hint(Hint::Changed) => hint = Some(Hint::Changed),
            }
            event = self.events.try_recv().ok();
        }
        self.give_up();
        hint
    }

    /// Swaps the new set in at once, if there is anything new in it.
    pub(super) fn publish(&mut self) {
        if !mem::take(&mut self.changed) {
            return;
        }
        let awaited = self.pending.keys().filter(|directory| !self.directories.contains_key(*directory));
        let awaited = awaited.filter(|directory| !self.services.roots().contains(directory));
        self.services.publish(&self.directories, awaited);
    }

    fn take_up(&mut self, done: Done) {
        match done {
            Done::Listed(root, listed) => {
                self.pending.remove(&root);
                self.listed(&root, listed);
            }
            Done::Looked(directory, Outcome::NeedsCompiling) => self.enqueue(directory, true),
            Done::Looked(directory, outcome) => {
                let again = self.pending.remove(&directory).is_some_and(|pending| pending.again);
                self.looked(&directory, outcome);
                self.release(&directory);
                if again {
                    self.request(directory);
                }
            }
        }
    }

    /// Forgets what is gone from a root, and has the others looked at. Those of a root that cannot be read now are taken to
    /// be still there.
    fn listed(&mut self, root: &Path, listed: io::Result<Vec<PathBuf>>) {
        match listed {
            Ok(found) => {
                self.unreadable.remove(root);
                let known = self.directories.keys().filter(|directory| directory.parent() == Some(root));
                let removed: Vec<_> = known.filter(|directory| found.binary_search(directory).is_err()).cloned().collect();
                removed.iter().for_each(|directory| self.forget(directory));
                found.into_iter().for_each(|directory| self.request(directory));
            }
            Err(error) => {
                if self.unreadable.insert(root.to_owned()) {
                    tracing::error!(directory = %root.display(), %error, "cannot read the services directory, keeping what was loaded");
                }
            }
        }
    }

    /// Has a directory looked at, after those of its name that come before it.
    fn request(&mut self, directory: PathBuf) {
        if let Some(pending) = self.pending.get_mut(&directory) {
            pending.again = true;
            return;
        }
        match self.waiting.get_mut(name(&directory)) {
            None => {
                self.waiting.insert(name(&directory).to_owned(), VecDeque::new());
                self.enqueue(directory, false);
            }
            Some(waiting) if !waiting.contains(&directory) => waiting.push_back(directory),
            Some(_) => {}
        }
    }

    /// Lets the next directory of the same name go on.
    fn release(&mut self, directory: &Path) {
        match self.waiting.get_mut(name(directory)).map(VecDeque::pop_front) {
            Some(Some(next)) => self.enqueue(next, false),
            _ => drop(self.waiting.remove(name(directory))),
        }
    }

    fn enqueue(&mut self, directory: PathBuf, compiles: bool) {
        let pending = self.pending.entry(directory.clone()).or_insert(Pending { compiles, lost: false, again: false });
        (pending.compiles, pending.lost) = (compiles, false);
        let known = self.directories.get(&directory).map(|state| Arc::clone(&state.fingerprint));
        let rival = self.rival(&directory).cloned();
        let workers = if compiles { &self.compilers } else { &self.readers };
        workers.add(Job::Look(Task { directory, known, rival, may_compile: compiles }));
    }

    /// The other directory that serves under the name of this one.
    fn rival(&self, directory: &Path) -> Option<&PathBuf> {
        self.serving.get(name(directory)).filter(|serving| *serving != directory)
    }

    fn looked(&mut self, directory: &Path, outcome: Outcome) {
        match outcome {
            // The second is not over: somebody else goes on with it.
            Outcome::Unchanged | Outcome::NeedsCompiling => return,
            Outcome::Restless => drop(self.restless.insert(directory.to_owned())),
            Outcome::Gone => self.forget(directory),
            Outcome::Empty(fingerprint) => {
                self.forget(directory);
                self.directories.insert(directory.to_owned(), State::empty(fingerprint));
                self.fresh.push(directory.to_owned());
            }
            // Another one of its name was read meanwhile.
            Outcome::Read(_, read) if read.is_ok() && self.rival(directory).is_some() => drop(self.restless.insert(directory.to_owned())),
            Outcome::Read(fingerprint, read) => {
                let before = self.directories.remove(directory);
                let state = State::take_up(directory, fingerprint, *read, before);
                if state.service.is_some() {
                    self.serving.insert(name(directory).to_owned(), directory.to_owned());
                }
                self.directories.insert(directory.to_owned(), state);
                self.fresh.push(directory.to_owned());
            }
        }
        self.changed = true;
    }

    /// Forgets a directory; those that were refused for its sake are looked at again.
    fn forget(&mut self, directory: &Path) {
        self.restless.remove(directory);
        let Some(state) = self.directories.remove(directory) else { return };
        self.changed = true;
        let Some(service) = state.service else { return };
        tracing::info!(service = service.name, directory = %directory.display(), "service removed");
        self.serving.remove(name(directory));
        let refused = self.directories.extract_if(.., |other, state| name(other) == name(directory) && state.service.is_none());
        let refused: Vec<_> = refused.map(|(other, _)| other).collect();
        refused.into_iter().for_each(|other| self.request(other));
    }

    /// Waits no longer for what hangs.
    fn give_up(&mut self) {
        let now = Instant::now();
        for directory in [self.readers.give_up(now), self.compilers.give_up(now)].into_iter().flatten() {
            if let Some(pending) = self.pending.get_mut(&directory) {
                pending.lost = true;
            }
            tracing::error!(
                "reading {} takes too long: does its file system answer? What was loaded of it keeps serving, and it is taken up once it was read",
                directory.display()
            );
            self.changed = true;
            self.release(&directory);
        }
    }
}

fn name(directory: &Path) -> &OsStr {
    directory.file_name().unwrap_or_default()
}
