//! Threads for what may hang: one that is not done in time is left alone, and another one takes its place.
//!
//! A call that hangs in a network file system cannot be ended, only waited for elsewhere. The threads are detached, so
//! that nothing waits for them when the host ends; without work there are none.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Loader;
use super::look::Job;
use super::scan::Event;

/// So many threads may hang before no more are started.
const MOST_LOST: usize = 256;

/// Workers that share a queue.
pub(super) struct Workers {
    crew: Arc<Crew>,
    /// How many work at once, besides those that hang.
    most: usize,
    /// How long one job may take.
    time: Duration,
}

struct Crew {
    name: &'static str,
    loader: Loader,
    results: Sender<Event>,
    shift: Mutex<Shift>,
}

#[derive(Default)]
struct Shift {
    queue: VecDeque<Job>,
    /// What each worker is at, and since when.
    at_work: BTreeMap<u64, (PathBuf, Instant)>,
    hired: u64,
    working: usize,
    lost: usize,
}

impl Workers {
    pub(super) fn new(name: &'static str, most: usize, time: Duration, loader: Loader, results: Sender<Event>) -> Self {
        Self { crew: Arc::new(Crew { name, loader, results, shift: Mutex::default() }), most, time }
    }

    /// Queues a job.
    pub(super) fn add(&self, job: Job) {
        let mut shift = self.crew.shift();
        shift.queue.push_back(job);
        self.hire(&mut shift);
    }

    /// The directories that hang: nobody waits for them any more, though what comes of them still arrives.
    pub(super) fn give_up(&self, now: Instant) -> Vec<PathBuf> {
        let mut shift = self.crew.shift();
        let overdue = |since: &Instant| now.saturating_duration_since(*since) > self.time;
        let lost: Vec<_> = shift.at_work.extract_if(.., |_, (_, since)| overdue(since)).map(|(_, (directory, _))| directory).collect();
        shift.working -= lost.len();
        shift.lost += lost.len();
        self.hire(&mut shift);
        lost
    }

    fn hire(&self, shift: &mut Shift) {
        // A worker that is idle has not taken its first job yet, or is about to take the next one.
        while shift.working < self.most && shift.working < shift.at_work.len() + shift.queue.len() && shift.lost < MOST_LOST {
            let (crew, worker) = (Arc::clone(&self.crew), shift.hired);
            let started = thread::Builder::new().name(self.crew.name.into()).spawn(move || crew.work(worker));
            if let Err(error) = started {
                tracing::error!(%error, "cannot start a thread to read services, trying again");
                return;
            }
            shift.hired += 1;
            shift.working += 1;
        }
    }
}

impl Crew {
    fn shift(&self) -> MutexGuard<'_, Shift> {
        self.shift.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, worker: u64) {
        while let Some(job) = self.next(worker) {
            let done = job.run(&self.loader);
            let replaced = self.shift().at_work.remove(&worker).is_none();
            let _ = self.results.send(Event::Done(done));
            if replaced {
                self.shift().lost -= 1;
                return;
            }
        }
    }

    fn next(&self, worker: u64) -> Option<Job> {
        let mut shift = self.shift();
        let Some(job) = shift.queue.pop_front() else {
            shift.working -= 1;
            return None;
        };
        shift.at_work.insert(worker, (job.directory().to_owned(), Instant::now()));
        Some(job)
    }
}
