//! What a worker does: lists a root, or looks at one service directory and reads it if it has changed.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{FileError, ServiceFiles};
use super::fingerprint::Fingerprint;
use super::load::PLUGIN;
use super::{Loader, Report, Service};

/// What is to be done on a thread that may hang.
pub(super) enum Job {
    /// List the directories in a root.
    List(PathBuf),
    /// Look at a service directory.
    Look(Task),
}

/// A service directory to look at.
pub(super) struct Task {
    pub(super) directory: PathBuf,
    /// How it was when it was last read.
    pub(super) known: Option<Arc<Fingerprint>>,
    /// The directory that serves under its name already.
    pub(super) rival: Option<PathBuf>,
    /// Whether this thread may take the time to compile a plugin.
    pub(super) may_compile: bool,
}

/// What came of a job, with its directory.
pub(super) enum Done {
    /// The directories in a root, and the links that may lead to one.
    Listed(PathBuf, io::Result<Vec<PathBuf>>),
    /// What a service directory is like.
    Looked(PathBuf, Outcome),
}

/// What a look at a service directory came to.
pub(super) enum Outcome {
    /// It is as it was when it was last read.
    Unchanged,
    /// It is no directory, or not any more.
    Gone,
    /// It has changed, and has a plugin that this thread may not compile.
    NeedsCompiling,
    /// It was changing while it was read.
    Restless,
    /// Nothing is in it: it was just made, or is about to be removed.
    Empty(Fingerprint),
    /// It was read.
    Read(Fingerprint, Box<Result<(Service, Report), Report>>),
}

impl Job {
    /// The directory it is about.
    pub(super) fn directory(&self) -> &Path {
        match self {
            Self::List(directory) | Self::Look(Task { directory, .. }) => directory,
        }
    }

    /// Does it. A panic is one directory's mistake.
    pub(super) fn run(self, loader: &Loader) -> Done {
        match self {
            Self::List(root) => {
                let listed = directories(&root);
                Done::Listed(root, listed)
            }
            Self::Look(task) => {
                let outcome = catch_unwind(AssertUnwindSafe(|| look(&task, loader))).unwrap_or_else(|_| broken_off(&task.directory));
                Done::Looked(task.directory, outcome)
            }
        }
    }
}

/// The entries that are or may lead to directories. Where a link leads is found out by whoever opens it.
fn directories(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let is_file = entry.file_type().is_ok_and(|kind| !kind.is_dir() && !kind.is_symlink());
        if !hidden && !is_file {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn look(task: &Task, loader: &Loader) -> Outcome {
    let files = match ServiceFiles::open(&task.directory) {
        Ok(files) => files,
        Err(error) => return not_opened(task, error),
    };
    let fingerprint = loader.fingerprint(&files);
    if task.known.as_deref() == Some(&fingerprint) {
        return Outcome::Unchanged;
    }
    if fingerprint.is_empty() {
        return Outcome::Empty(fingerprint);
    }
    if !task.may_compile && task.rival.is_none() && fingerprint.has(PLUGIN) {
        return Outcome::NeedsCompiling;
    }
    let read = match &task.rival {
        Some(rival) => Err(already_served(&task.directory, rival)),
        None => loader.load_files(&files),
    };
    match ServiceFiles::open(&task.directory) {
        Ok(files) if loader.fingerprint(&files) == fingerprint => Outcome::Read(fingerprint, Box::new(read)),
        _ => Outcome::Restless,
    }
}

fn not_opened(task: &Task, error: io::Error) -> Outcome {
    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
        return Outcome::Gone;
    }
    let fingerprint = Fingerprint::default();
    if task.known.as_deref() == Some(&fingerprint) {
        return Outcome::Unchanged;
    }
    refused(&task.directory, fingerprint, &FileError::from(error).to_string())
}

fn refused(directory: &Path, fingerprint: Fingerprint, message: &str) -> Outcome {
    let mut report = Report::default();
    report.add_error(directory.display().to_string(), message, None);
    Outcome::Read(fingerprint, Box::new(Err(report)))
}

fn broken_off(directory: &Path) -> Outcome {
    refused(directory, Fingerprint::default(), "reading it broke off: this is a mistake in hookwright, please report it")
}

fn already_served(directory: &Path, rival: &Path) -> Report {
    let mut report = Report::default();
    let message = format!("a service of this name is already served from {}", rival.display());
    report.add_error(directory.display().to_string(), message, Some("rename one of the two directories"));
    report
}
