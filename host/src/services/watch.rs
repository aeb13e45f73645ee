//! Notices that service directories change, and has them read again once they are at rest.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::Services;

/// How soon a change is taken up.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long the directories must be at rest before they are read: copying a service takes more than one write.
    pub settle: Duration,
    /// The longest that restless directories are waited for.
    pub patience: Duration,
    /// How often to look without having been told: network file systems tell nothing, and queues overflow.
    pub rescan: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { settle: Duration::from_millis(250), patience: Duration::from_secs(5), rescan: Duration::from_secs(10) }
    }
}

/// A thread that keeps the live set up to date; dropping it ends the thread.
pub struct Watch {
    hints: Sender<Hint>,
    thread: Option<JoinHandle<()>>,
}

enum Hint {
    Changed,
    Stop,
}

impl Watch {
    /// Starts to watch the roots of `services`. Where the system offers no notice of changes, looking now and then remains.
    pub fn start(services: Arc<Services>, pace: Pace) -> Self {
        let (hints, told) = mpsc::channel();
        let watcher = watcher(&services, hints.clone());
        let thread = thread::Builder::new()
            .name("watch".into())
            .spawn(move || {
                let _watcher = watcher;
                follow(&services, &told, pace);
            })
            .expect("the system has a thread left while the host starts");
        Self { hints, thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.hints.send(Hint::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The system's notices as hints: not what happened, only that something did.
fn watcher(services: &Services, hints: Sender<Hint>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| changes_something(event.kind)) {
            let _ = hints.send(Hint::Changed);
        }
    };
    let mut watcher = notify::recommended_watcher(tell).inspect_err(warn).ok()?;
    for root in services.roots() {
        let _ = watch(&mut watcher, root).inspect_err(warn);
    }
    Some(watcher)
}

fn watch(watcher: &mut RecommendedWatcher, root: &Path) -> notify::Result<()> {
    watcher.watch(root, RecursiveMode::Recursive)
}

fn warn(error: &notify::Error) {
    tracing::warn!(%error, "cannot be told of changes, looking for them now and then instead");
}

/// Reading a directory makes notices too, and must not make us read it again.
pub(crate) fn changes_something(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn follow(services: &Services, told: &Receiver<Hint>, pace: Pace) {
    let mut unsettled = false;
    loop {
        let wait = if unsettled { pace.settle } else { pace.rescan };
        match told.recv_timeout(wait) {
            Ok(Hint::Changed) => {
                if !rest(told, pace) {
                    return;
                }
            }
            Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        unsettled = services.refresh();
    }
}

/// Waits until nothing has changed for the settle time; false if told to stop.
fn rest(told: &Receiver<Hint>, pace: Pace) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < pace.patience {
        match told.recv_timeout(pace.settle) {
            Ok(Hint::Changed) => {}
            Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => return true,
        }
    }
    true
}
