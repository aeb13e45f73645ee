//! The event journal: what has been accepted is on disk before its reply leaves, and is there until it is delivered.
//!
//! Two logs of our own (`segment`) lie side by side: the events with their bundles, and what became of each delivery.
//! An event is acknowledged after its `fdatasync`, which it shares with all who wait (group commit on one thread, no
//! timer). Delivery states are written within 100 ms: losing the last ones costs a second delivery, never an event. That
//! dead letters are redriven, or that somebody has fetched what was his, is said only once it is on disk.

mod backlog;
mod backup;
mod catalogue;
mod checkpoint;
mod dead_letters;
mod dedupe;
mod delivery;
mod digest;
mod encoding;
mod error;
mod event;
mod held;
mod keepsakes;
mod ledger;
mod levels;
mod look;
mod pins;
mod pulled;
mod remains;
mod retention;
pub(crate) mod segment;
mod settle;
mod shares;
mod varint;

#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use backlog::Backlog;
pub use dead_letters::Redriven;
pub use delivery::{BundleKey, DeadLetter, DeliveryState, Failure, Pending};
pub use error::JournalError;
pub(crate) use event::id_time;
pub use event::{Event, Original, Outcome, Sequence, StoredBundle, StoredRequest, new_id};
pub(crate) use held::Absent;
pub use held::LetGo;
pub(crate) use levels::Waiting;
pub use look::{Standing, Unfinished};
pub use pulled::Acknowledged;
pub use retention::{Removed, Retention};
pub use segment::{Damage, Recovery};

use arc_swap::ArcSwapOption;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::sync::{Notify, broadcast};

use crate::data_directory::DataDirectory;
use crate::metrics::OfService;
use crate::network::Network;
use catalogue::Catalogue;
use checkpoint::{Checkpoints, Covers};
use dedupe::{Claim, Window};
use digest::EventDigest;
use held::Held;
use ledger::Ledger;
use remains::Remains;
use segment::{Committer, Disk, Index, LocalDisk, Opened, Queue, Sizes};
use settle::OnceWritten;

/// How much a journal takes before it says [`JournalError::Full`].
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Events that may wait for the disk.
    pub queue_events: usize,
    /// Their bytes.
    pub queue_bytes: usize,
    /// Bytes of a segment: space is given back in such parts.
    pub segment_bytes: u64,
    /// How long an event is held for a uid that nobody has.
    pub hold: Duration,
}

impl Settings {
    /// The segments of a journal that is to have so many bytes: small enough that what may go makes a difference.
    pub fn segment_for(bytes: u64) -> u64 {
        (bytes / 16).clamp(1 << 20, Sizes::default().segment)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let hold = Duration::from_hours(24);
        Self { queue_events: 4096, queue_bytes: 256 << 20, segment_bytes: Sizes::default().segment, hold }
    }
}

/// The event journal of a data directory. Dropping it writes what is queued.
#[derive(Debug)]
pub struct Journal {
    events: Committer<Note>,
    deliveries: Committer<Option<OnceWritten>>,
    index: Arc<Index>,
    delivery_index: Arc<Index>,
    ledger: Arc<Mutex<Ledger>>,
    catalogue: Arc<Mutex<Catalogue>>,
    held: Arc<Mutex<Held>>,
    dedupe: Arc<Window>,
    news: broadcast::Sender<Sequence>,
    /// Why the last event could not be written, until one can.
    failure: ArcSwapOption<JournalError>,
    recovery: Recovery,
    checkpoints: Mutex<Checkpoints>,
    remains: Mutex<Remains>,
    /// Events that made room before their time.
    crowded_out: Family<OfService, Counter>,
    /// There may be something to give back: a segment is full, or the disk.
    upkeep: Arc<Notify>,
    /// Bundles that nobody had fetched in time.
    dropped: Counter,
    disk: Box<dyn Disk>,
    directory: DataDirectory,
}

/// What became of an appended event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is on disk, under this number.
    Stored(Sequence),
    /// An event with the same `dedupe` of the same webhook is on disk already; this one was not stored.
    Repeat,
}

/// What is told to the rest of the journal once an event is on disk.
#[derive(Debug)]
struct Note {
    hooks: Vec<Box<str>>,
    /// Service and network of one that has failed.
    failed: Option<(Box<str>, Network)>,
    entry: catalogue::Entry,
    held: Option<held::Entry>,
    claim: Option<Claim>,
}

impl Journal {
    /// Opens the journal, recovers it and takes up what is still to be delivered. Blocks: reads the newest segment, and those without a side file.
    pub fn open(directory: &DataDirectory, settings: Settings) -> io::Result<Self> {
        let sizes = Sizes { segment: settings.segment_bytes, ..Sizes::default() };
        Self::open_on(LocalDisk, directory, settings, sizes)
    }

    fn open_on<D: Disk + Clone>(disk: D, directory: &DataDirectory, settings: Settings, sizes: Sizes) -> io::Result<Self> {
        let (mut ledger, mut catalogue, mut held) = (Ledger::default(), Catalogue::default(), Held::from(settings));
        let dedupe = Arc::new(Window::default());
        let (checkpoints, checkpoint) = Checkpoints::open(&directory.deliveries());
        let remains = Remains::open(&directory.events(), |ids| ids.events().for_each(|event| restore_id(&event, &dedupe)))?;
        let mut events = segment::open_by_digests(&directory.events(), sizes, disk.clone(), |digest: EventDigest| {
            digest.events().for_each(|event| restore(&event, checkpoint.covers, &mut ledger, &mut catalogue, &mut held, &dedupe));
            Ok(())
        })?;
        ledger.restore(checkpoint, |seq| events.writer.index().contains(seq));
        let mut deliveries = open_deliveries(disk.clone(), directory, sizes, &mut ledger)?;
        deliveries.writer.number_from(ledger.covers().states + 1);
        // An old state must never be taken for that of a new event, whatever a damaged log has lost.
        events.writer.number_from(ledger.highest() + 1);
        let (index, delivery_index) = (Arc::clone(events.writer.index()), Arc::clone(deliveries.writer.index()));
        let upkeep = Arc::new(Notify::new());
        events.writer.tell_when_full(notify(&upkeep));
        deliveries.writer.tell_when_full(notify(&upkeep));
        let (ledger, catalogue, held) = (Arc::new(Mutex::new(ledger)), Arc::new(Mutex::new(catalogue)), Arc::new(Mutex::new(held)));
        let news = broadcast::Sender::new(NEWS);
        Ok(Self {
            recovery: events.recovery,
            events: Committer::start("journal", events.writer, event_queue(settings), stored(&ledger, &catalogue, &held, &news))?,
            deliveries: Committer::start("deliveries", deliveries.writer, DELIVERY_QUEUE, settle::written(&ledger))?,
            index,
            delivery_index,
            ledger,
            catalogue,
            held,
            dedupe,
            news,
            failure: ArcSwapOption::empty(),
            checkpoints: Mutex::new(checkpoints),
            remains: Mutex::new(remains),
            crowded_out: Family::default(),
            upkeep,
            dropped: Counter::default(),
            disk: Box::new(disk),
            directory: directory.clone(),
        })
    }

    /// Stores an event; returns when it is on disk. A repeat that arrives while the first is being stored waits for it.
    ///
    /// An event that has been queued is stored even if nobody waits any more, and is pending from then on. Whoever
    /// hands it on for delivery must therefore not be cancelled between this call and that (a task of its own).
    pub async fn append(&self, event: &Event) -> Result<Appended, JournalError> {
        let claim = match &event.dedupe {
            None => None,
            Some(id) => match self.dedupe.claim(&event.service, &event.webhook, id, event.received_at).await {
                None => return Ok(Appended::Repeat),
                claim => claim,
            },
        };
        let hooks = event.bundles.iter().map(|bundle| bundle.hook.as_str().into()).collect();
        let record = encoding::encode(event);
        let failed = event.has_failed().then(|| (event.service.as_str().into(), event.network()));
        let note = Note { hooks, failed, entry: event.into(), held: held::Entry::of(event), claim };
        let answer = self.events.submit(record, note)?;
        let answer = answer.await.unwrap_or(Err(JournalError::Closed));
        self.note_answer(&answer);
        answer.map(Appended::Stored)
    }

    /// Reads an event. `None`: there is none with this number (any more). Blocks for one disk read.
    pub fn read(&self, seq: Sequence) -> io::Result<Option<Event>> {
        self.index.read(seq)?.map(|record| Ok(encoding::decode(&record.payload)?)).transpose()
    }

    /// Reads all events from `from` on, in order. Blocks for one disk read each.
    pub fn scan(&self, from: Sequence) -> impl Iterator<Item = io::Result<(Sequence, Event)>> + '_ {
        self.index.scan(from).map(|record| {
            let record = record?;
            Ok((record.seq, encoding::decode(&record.payload)?))
        })
    }

    /// Notes what became of an attempt to deliver a bundle. It counts at once and is on disk within 100 ms.
    pub fn record(&self, seq: Sequence, bundle: u32, state: &DeliveryState) {
        self.note(&mut self.ledger(), seq, bundle, state);
    }

    /// Under the lock, so that the log has the states of a bundle in the order in which they came to count.
    fn note(&self, ledger: &mut Ledger, seq: Sequence, bundle: u32, state: &DeliveryState) {
        let note = matches!(state, DeliveryState::Dead { .. }).then_some(OnceWritten::Reason((seq, bundle)));
        ledger.apply(seq, bundle, state);
        if let Err(error) = self.deliveries.submit_unwatched(delivery::encode(seq, bundle, state), note) {
            tracing::warn!(seq, bundle, %error, "a delivery's state was not written: it may be delivered again after a restart");
        }
    }

    /// All bundles that are neither delivered nor dead, in the events' order.
    #[cfg(test)]
    pub(crate) fn pending(&self) -> Vec<Pending> {
        self.ledger().pending()
    }

    /// The first bundles after a certain one that are neither delivered nor dead, in the events' order, `most` at most.
    pub fn pending_after(&self, after: Option<BundleKey>, most: usize) -> Vec<Pending> {
        self.ledger().open_after(after, most)
    }

    /// A bundle, if it is neither delivered nor dead.
    pub fn pending_bundle(&self, key: BundleKey) -> Option<Pending> {
        self.ledger().open(key)
    }

    /// The numbers of the events that become durable from now on. Who is slow hears how many were passed over.
    pub fn subscribe(&self) -> broadcast::Receiver<Sequence> {
        self.news.subscribe()
    }

    /// Whether an event would be stored now, as far as that is known without storing one. Blocks: asks the file system.
    pub fn check(&self) -> Result<(), JournalError> {
        if let Some(failure) = self.failure.load_full() {
            return Err(JournalError::clone(&failure));
        }
        match self.disk.space(&self.directory.events()) {
            Ok(space) if space.free < space.reserve() => Err(JournalError::DiskFull { free: space.free, reserve: space.reserve() }),
            _ => Ok(()),
        }
    }

    /// Tries a small durable write if the last event could not be written, so that [`check`](Self::check) tells that it can be
    /// again without waiting for the next one. Blocks.
    pub fn probe(&self) -> io::Result<()> {
        let failure = self.failure.load_full();
        if !matches!(failure.as_deref(), Some(JournalError::Failed(_))) {
            return Ok(());
        }
        let (directory, path) = (self.directory.events(), self.directory.events().join("probe"));
        let file = self.disk.create(&path, 1)?;
        self.disk.write(&file, b"?", 0)?;
        self.disk.sync(&file)?;
        self.disk.remove(&path)?;
        self.disk.sync_directory(&directory)?;
        self.failure.compare_and_swap(&failure, None);
        Ok(())
    }

    fn note_answer(&self, answer: &Result<Sequence, JournalError>) {
        match answer {
            Ok(_) if self.failure.load().is_none() => {}
            Ok(_) => self.failure.store(None),
            Err(JournalError::DiskFull { .. }) => self.upkeep.notify_one(),
            Err(failure @ (JournalError::Failed(_) | JournalError::Broken(_))) => self.failure.store(Some(Arc::new(failure.clone()))),
            Err(JournalError::Full | JournalError::TooLarge { .. } | JournalError::Closed) => {}
        }
    }

    /// The directory that it lies in.
    pub(crate) fn directory(&self) -> &DataDirectory {
        &self.directory
    }

    /// What opening the journal found.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }

    fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        lock(&self.catalogue)
    }
}

/// New events that somebody who follows them may be behind.
const NEWS: usize = 4096;

/// Delivery states are small and many; that they wait for company costs nobody anything.
const DELIVERY_QUEUE: Queue = Queue { records: 65_536, bytes: 64 << 20, linger: Duration::from_millis(100) };
/// A delivery log's segments are dropped as a whole, so they are small.
const DELIVERY_SEGMENT: u64 = 8 << 20;

fn event_queue(settings: Settings) -> Queue {
    Queue { records: settings.queue_events, bytes: settings.queue_bytes, linger: Duration::ZERO }
}

fn open_deliveries<D: Disk>(disk: D, directory: &DataDirectory, sizes: Sizes, ledger: &mut Ledger) -> io::Result<Opened<D>> {
    let sizes = Sizes { segment: sizes.segment.min(DELIVERY_SEGMENT), ..sizes };
    segment::open(&directory.deliveries(), sizes, disk, |record| {
        if record.seq <= ledger.covers().states {
            return Ok(());
        }
        let (seq, bundle, state) = delivery::decode(&record.payload)?;
        ledger.apply(seq, bundle, &state);
        if matches!(state, DeliveryState::Dead { .. }) {
            ledger.written((seq, bundle), record.seq);
        }
        ledger.logged(record.seq);
        Ok(())
    })
}

fn notify(upkeep: &Arc<Notify>) -> impl FnMut() + Send + 'static {
    let upkeep = Arc::clone(upkeep);
    move || upkeep.notify_one()
}

/// Takes an event that was on disk already into the journal's memory.
fn restore(event: &digest::Known<'_>, covered: Covers, ledger: &mut Ledger, catalogue: &mut Catalogue, held: &mut Held, dedupe: &Window) {
    if event.seq > covered.events {
        ledger.add(event.seq, event.hooks());
    }
    catalogue.note(event.seq, event.entry);
    if let Some((service, network)) = event.failed {
        ledger.keep(event.seq, service, network);
    }
    if let Some(entry) = event.held {
        held.note(event.seq, entry);
    }
    restore_id(event, dedupe);
}

fn restore_id(event: &digest::Known<'_>, dedupe: &Window) {
    if let Some((service, webhook, id)) = event.dedupe {
        dedupe.restore(service, webhook, id, event.entry.received_at());
    }
}

/// What the committer does with each event that has become durable.
fn stored(
    ledger: &Arc<Mutex<Ledger>>,
    catalogue: &Arc<Mutex<Catalogue>>,
    held: &Arc<Mutex<Held>>,
    news: &broadcast::Sender<Sequence>,
) -> impl FnMut(Sequence, Note) + Send + 'static {
    let (ledger, catalogue, held, news) = (Arc::clone(ledger), Arc::clone(catalogue), Arc::clone(held), news.clone());
    move |seq, note| {
        note_stored(&mut lock(&ledger), seq, &note);
        lock(&catalogue).note(seq, &note.entry);
        if let Some(entry) = &note.held {
            lock(&held).note(seq, entry);
        }
        if let Some(claim) = note.claim {
            claim.commit();
        }
        // Mostly nobody listens.
        let _ = news.send(seq);
    }
}

fn note_stored(ledger: &mut Ledger, seq: Sequence, note: &Note) {
    ledger.add(seq, note.hooks.iter().map(AsRef::as_ref));
    if let Some((service, network)) = &note.failed {
        ledger.keep(seq, service, *network);
    }
}

fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
