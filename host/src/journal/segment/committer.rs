//! One thread that owns a log's writer and commits for everybody: what is queued goes to disk with one sync.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::oneshot;

use super::{Disk, Entry, Sizes, Writer};
use crate::journal::JournalError;
use crate::metrics::seconds;

/// How much may wait for the disk, and how long the first may wait for company.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    /// Records.
    pub(crate) records: usize,
    /// Payload bytes.
    pub(crate) bytes: usize,
    /// Zero: commit what is there; while that is on its way the next batch gathers by itself. A batch in which
    /// somebody waits for an answer does not wait for company.
    pub(crate) linger: Duration,
}

/// A log's committer. `N` is a note that travels with each record and is handed to `committed` once it is on disk;
/// if it does not get there, the note is dropped.
#[derive(Debug)]
pub(crate) struct Committer<N> {
    /// How long commits take.
    pub(crate) seconds: Histogram,
    submissions: Option<SyncSender<Submission<N>>>,
    waiting_bytes: Arc<AtomicUsize>,
    limit: usize,
    thread: Option<JoinHandle<()>>,
}

type Answer = oneshot::Sender<Result<u64, JournalError>>;

#[derive(Debug)]
struct Submission<N> {
    entry: Entry,
    note: N,
    answer: Option<Answer>,
}

impl<N: Send + 'static> Committer<N> {
    /// Starts the thread. `committed` is called on it, in the log's order, before anybody is answered.
    pub(crate) fn start<D: Disk>(
        name: &str,
        writer: Writer<D>,
        queue: Queue,
        committed: impl FnMut(u64, N) + Send + 'static,
    ) -> io::Result<Self> {
        let (submissions, receiver) = sync_channel(queue.records);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let inbox = Inbox {
            receiver,
            waiting_bytes: Arc::clone(&waiting_bytes),
            sizes: writer.sizes(),
            linger: queue.linger,
            held: None,
            last: Commit::default(),
        };
        let seconds = seconds();
        let measured = seconds.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || run(inbox, writer, &measured, committed))?;
        Ok(Self { seconds, submissions: Some(submissions), waiting_bytes, limit: queue.bytes, thread: Some(thread) })
    }

    /// Queues a record; the receiver hears its number when it is on disk.
    pub(crate) fn submit(&self, entry: Entry, note: N) -> Result<oneshot::Receiver<Result<u64, JournalError>>, JournalError> {
        let (answer, receiver) = oneshot::channel();
        self.send(Submission { entry, note, answer: Some(answer) })?;
        Ok(receiver)
    }

    /// Queues a record that nobody waits for.
    pub(crate) fn submit_unwatched(&self, entry: Entry, note: N) -> Result<(), JournalError> {
        self.send(Submission { entry, note, answer: None })
    }

    /// The bytes that wait for the disk.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    fn send(&self, submission: Submission<N>) -> Result<(), JournalError> {
        let size = submission.entry.size();
        let before = self.waiting_bytes.fetch_add(size, Ordering::Relaxed);
        // Whatever its size, a record that would wait alone may wait.
        let result = if before > 0 && before + size > self.limit {
            Err(JournalError::Full)
        } else {
            let submissions = self.submissions.as_ref().ok_or(JournalError::Closed)?;
            submissions.try_send(submission).map_err(|error| match error {
                TrySendError::Full(_) => JournalError::Full,
                TrySendError::Disconnected(_) => JournalError::Closed,
            })
        };
        if result.is_err() {
            self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
        }
        result
    }
}

/// Everything queued is committed before the log is closed.
impl<N> Drop for Committer<N> {
    fn drop(&mut self) {
        self.submissions = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a log's committer panicked");
        }
    }
}

fn run<N, D: Disk>(mut inbox: Inbox<N>, mut writer: Writer<D>, seconds: &Histogram, mut committed: impl FnMut(u64, N)) {
    let mut batch = Batch { entries: Vec::new(), waiting: Vec::new() };
    while inbox.gather(&mut batch) {
        let (records, begun) = (batch.entries.len(), Instant::now());
        match writer.append(&batch.entries) {
            Ok(first) => batch.stored(first, &mut committed),
            Err(error) => batch.failed(&error),
        }
        inbox.last = Commit { records, took: begun.elapsed() };
        seconds.observe(inbox.last.took.as_secs_f64());
    }
}

/// What goes to disk together.
struct Batch<N> {
    entries: Vec<Entry>,
    waiting: Vec<(N, Option<Answer>)>,
}

impl<N> Batch<N> {
    fn stored(&mut self, first: u64, committed: &mut impl FnMut(u64, N)) {
        let mut answers = Vec::with_capacity(self.waiting.len());
        for ((note, answer), seq) in self.waiting.drain(..).zip(first..) {
            committed(seq, note);
            answers.push((answer, seq));
        }
        self.entries.clear();
        for (answer, seq) in answers {
            // Whoever stopped waiting needs no answer.
            let _ = answer.map(|answer| answer.send(Ok(seq)));
        }
    }

    fn failed(&mut self, error: &JournalError) {
        let unwatched = self.waiting.iter().filter(|(_, answer)| answer.is_none()).count();
        if unwatched > 0 {
            tracing::warn!(records = unwatched, %error, "records that nobody waits for were not written");
        }
        self.entries.clear();
        for (note, answer) in self.waiting.drain(..) {
            drop(note);
            let _ = answer.map(|answer| answer.send(Err(error.clone())));
        }
    }
}

struct Inbox<N> {
    receiver: Receiver<Submission<N>>,
    waiting_bytes: Arc<AtomicUsize>,
    sizes: Sizes,
    linger: Duration,
    /// Taken from the queue, but too large for the batch that was being gathered.
    held: Option<Submission<N>>,
    last: Commit,
}

/// The commit before the one that is being gathered.
#[derive(Debug, Clone, Copy, Default)]
struct Commit {
    records: usize,
    took: Duration,
}

impl Commit {
    /// How long to wait for those who were just answered and will come back at once.
    ///
    /// Without it the senders fall into two halves that wait for each other's commits, each of half the size. The
    /// wait scales with the disk and is paid only under load: after a commit of one record there is nobody to wait for.
    fn patience(self) -> Duration {
        if self.records > 1 { self.took / 16 } else { Duration::ZERO }
    }
}

impl<N> Inbox<N> {
    /// Waits for the next batch. False: there will be none.
    fn gather(&mut self, batch: &mut Batch<N>) -> bool {
        let Some(first) = self.held.take().or_else(|| self.receiver.recv().ok()) else {
            return false;
        };
        let mut bytes = first.entry.size();
        let mut company = Company { wanted: None, is_awaited: first.answer.is_some() };
        self.take(batch, first);
        while batch.entries.len() < self.sizes.commit_records
            && let Some(next) = self.next(batch.entries.len(), &mut company)
        {
            bytes += next.entry.size();
            if bytes > self.sizes.commit_bytes {
                self.held = Some(next);
                break;
            }
            company.is_awaited |= next.answer.is_some();
            self.take(batch, next);
        }
        true
    }

    fn take(&self, batch: &mut Batch<N>, submission: Submission<N>) {
        self.waiting_bytes.fetch_sub(submission.entry.size(), Ordering::Relaxed);
        batch.entries.push(submission.entry);
        batch.waiting.push((submission.note, submission.answer));
    }

    /// The next record for a batch of `gathered` so far: what is queued, then what comes while it is worth waiting.
    fn next(&self, gathered: usize, company: &mut Company) -> Option<Submission<N>> {
        match self.receiver.try_recv() {
            Ok(submission) => return Some(submission),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        if company.is_awaited && !self.linger.is_zero() {
            return None;
        }
        let Wait { until, enough } = *company.wanted.get_or_insert_with(|| self.wait(gathered));
        let left = until.saturating_duration_since(Instant::now());
        if gathered >= enough || left.is_zero() {
            return None;
        }
        self.receiver.recv_timeout(left).ok()
    }

    fn wait(&self, gathered: usize) -> Wait {
        if self.linger.is_zero() {
            Wait { until: Instant::now() + self.last.patience(), enough: gathered + self.last.records }
        } else {
            Wait { until: Instant::now() + self.linger, enough: usize::MAX }
        }
    }
}

/// What a batch waits for, once it has taken what was queued.
struct Company {
    wanted: Option<Wait>,
    /// Somebody waits for an answer about a record in it.
    is_awaited: bool,
}

/// Until when a batch waits for company, and how many records are company enough.
#[derive(Debug, Clone, Copy)]
struct Wait {
    until: Instant,
    enough: usize,
}
