//! Notices that service directories change, and has them read again once they are at rest.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{ErrorKind, Event as Notice, RecommendedWatcher, RecursiveMode, Watcher};

use super::scan::{Event, Hint, Scan};
use super::specs;

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
    hints: Sender<Event>,
    /// Disconnected when the thread has ended.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// How long the thread gets to end. It waits for nothing, except where the file system hangs while it asks to be told of changes.
const ENDING: Duration = Duration::from_secs(1);
/// How often a long series of changes is published.
const PUBLISHING: Duration = Duration::from_millis(50);

impl Watch {
    /// Drives a scan from now on. Where the system offers no notice of changes, looking now and then remains.
    pub fn start(scan: Scan, pace: Pace) -> Self {
        let hints = scan.sender();
        let notices = Notices::start(&scan);
        let (running, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("watch".into())
            .spawn(move || {
                let _running: Sender<()> = running;
                follow(scan, notices, pace);
            })
            .expect("the system has a thread left while the host starts");
        Self { hints, ended, thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.hints.send(Event::Hint(Hint::Stop));
        let has_ended = self.ended.recv_timeout(ENDING) == Err(mpsc::RecvTimeoutError::Disconnected);
        if let Some(thread) = self.thread.take().filter(|_| has_ended) {
            let _ = thread.join();
        }
    }
}

/// The system's notices as hints: not what happened, only that something did. Only the directories that are read are watched,
/// each by itself: nothing follows the links in them.
struct Notices {
    watcher: Option<RecommendedWatcher>,
    has_warned: bool,
}

impl Notices {
    fn start(scan: &Scan) -> Self {
        let hints = scan.sender();
        let tell = move |notice: notify::Result<Notice>| {
            if notice.is_ok_and(|notice| changes_something(notice.kind)) {
                let _ = hints.send(Event::Hint(Hint::Changed));
            }
        };
        let mut notices = Self { watcher: None, has_warned: false };
        match notify::recommended_watcher(tell) {
            Ok(watcher) => notices.watcher = Some(watcher),
            Err(error) => notices.warn(&error),
        }
        scan.services().roots().iter().for_each(|root| notices.of(root));
        notices
    }

    fn of_service(&mut self, directory: &Path) {
        self.of(directory);
        let several = directory.join(specs::SEVERAL);
        if several.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            self.of(&several);
        }
    }

    fn of(&mut self, directory: &Path) {
        let Some(watcher) = &mut self.watcher else { return };
        if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
            self.warn(&error);
        }
    }

    /// Says it once, not for each of many directories.
    fn warn(&mut self, error: &notify::Error) {
        let gone = matches!(error.kind, ErrorKind::PathNotFound | ErrorKind::WatchNotFound);
        if !gone && !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!(%error, "cannot be told of all changes, looking for them now and then instead");
        }
    }
}

/// Reading a directory makes notices too, and must not make us read it again.
pub(crate) fn changes_something(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn follow(mut scan: Scan, mut notices: Notices, pace: Pace) {
    let mut plan = Plan::new(pace, Instant::now());
    let mut published = Instant::now();
    // What was read at the start is not watched yet, and may have changed since.
    watch_fresh(&mut scan, &mut notices, &mut plan);
    loop {
        match scan.wait(plan.wait(&scan, Instant::now())) {
            Some(Hint::Stop) => return,
            Some(Hint::Changed) => plan.changed(Instant::now()),
            None => {}
        }
        if !scan.is_reading() || published.elapsed() > PUBLISHING {
            scan.publish();
            published = Instant::now();
        }
        watch_fresh(&mut scan, &mut notices, &mut plan);
        match plan.due(&scan, Instant::now()) {
            Some(Due::All) => scan.begin(),
            Some(Due::Restless) => scan.look_again(),
            None => {}
        }
    }
}

/// Watches what was read for the first time or has changed: it may be another directory under the old name.
fn watch_fresh(scan: &mut Scan, notices: &mut Notices, plan: &mut Plan) {
    let fresh = scan.take_fresh();
    if !fresh.is_empty() {
        plan.changed(Instant::now());
    }
    fresh.iter().for_each(|directory| notices.of_service(directory));
}

/// When to look next.
struct Plan {
    pace: Pace,
    /// When everything was last looked at.
    looked: Instant,
    /// When what was changing was last looked at.
    retried: Instant,
    /// The first and the last change that nobody has looked for yet.
    changes: Option<(Instant, Instant)>,
}

enum Due {
    All,
    /// Only what was changing while it was read.
    Restless,
}

impl Plan {
    fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, looked: now, retried: now, changes: None }
    }

    fn changed(&mut self, now: Instant) {
        let first = self.changes.map_or(now, |(first, _)| first);
        self.changes = Some((first, now));
    }

    /// When all directories are to be looked at: at rest, or after the longest wait, and now and then in any case.
    fn next(&self) -> Instant {
        let rescan = self.looked + self.pace.rescan;
        self.changes.map_or(rescan, |(first, last)| (last + self.pace.settle).min(first + self.pace.patience).min(rescan))
    }

    fn wait(&self, scan: &Scan, now: Instant) -> Duration {
        let until_next = self.next().saturating_duration_since(now);
        match (scan.is_busy(), scan.is_restless()) {
            (true, _) => until_next.min(PUBLISHING),
            (false, true) => until_next.min(self.pace.settle),
            (false, false) => until_next,
        }
    }

    fn due(&mut self, scan: &Scan, now: Instant) -> Option<Due> {
        if now >= self.next() {
            (self.looked, self.retried, self.changes) = (now, now, None);
            return Some(Due::All);
        }
        (scan.is_restless() && !scan.is_reading() && now >= self.retried + self.pace.settle).then(|| {
            self.retried = now;
            Due::Restless
        })
    }
}
