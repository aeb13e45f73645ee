//! The one thread that changes connections and hooks: journal, store, index, answer. Changes that wait go that way together.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::batch::{Batch, Effect, Rejected};
use super::change::{Change, Step};
use super::compact::{Compacted, Home};
use super::condition::Condition;
use super::definition::{Connection, Definition, Hook};
use super::error::StoreError;
use super::group::{Group, Waiting};
use super::index::Index;
use super::log::Log;
use super::open::Parts;
use super::record::Write;
use super::store::{Fault, MAX_VALUE, Store, VALUE_HEADER};
use super::vault::Vault;
use crate::journal::JournalError;

/// Changes that may wait for the thread.
const QUEUE: usize = 1024;

/// The way to the writing thread. Dropping it makes what is queued.
#[derive(Debug)]
pub(super) struct Commands {
    sender: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is asked for, with the way back.
enum Command {
    Change(Box<Change>, Waiting),
    Put(Vec<Definition>, Answer<Result<Vec<Effect>, Rejected>>),
    Snapshot(Answer<Snapshot>),
    Compact(Answer<anyhow::Result<Compacted>>),
}

type Answer<T> = oneshot::Sender<T>;

/// All definitions as they are at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// By service, uid and id.
    pub connections: Vec<Arc<Connection>>,
    /// By service, webhook and id; those that were removed and keep their token are among them.
    pub hooks: Vec<Arc<Hook>>,
}

impl Commands {
    pub(super) fn start(writer: Writer) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("connections".into()).spawn(move || writer.run(&receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(super) async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.ask(|answer| Command::Change(Box::new(change), answer)).await?
    }

    pub(super) async fn put(&self, definitions: Vec<Definition>) -> Result<Vec<Effect>, Rejected> {
        self.ask(|answer| Command::Put(definitions, answer)).await?
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.ask(Command::Snapshot).await
    }

    pub(super) async fn compact(&self) -> anyhow::Result<Compacted> {
        self.ask(Command::Compact).await?
    }

    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, StoreError> {
        let closed = StoreError::Journal(JournalError::Closed);
        let (answer, done) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or_else(|| closed.clone())?;
        sender.try_send(command(answer)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => closed.clone(),
        })?;
        done.await.map_err(|_| closed)
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        self.sender = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes connections panicked");
        }
    }
}

impl Snapshot {
    /// As they are in the index.
    pub(super) fn of(index: &Index) -> Self {
        Self { connections: index.connections(), hooks: index.hooks() }
    }
}

/// What the thread owns.
pub(super) struct Writer {
    log: Journal,
    /// `None`: it has failed. The journal has everything, and the next start rebuilds it.
    store: Option<Box<dyn Store>>,
    index: Arc<Index>,
    vault: Arc<Vault>,
    condition: Arc<Condition>,
    /// `None`: nothing outlives the process.
    home: Option<Home>,
}

/// Where a change goes first.
enum Journal {
    /// Nothing outlives the process; revisions are counted.
    Memory(u64),
    Log(Log),
    /// It could not be opened again: nothing can be changed before the next start.
    Closed,
}

impl Writer {
    pub(super) fn in_memory(store: impl Store, index: Arc<Index>) -> Self {
        let vault = Arc::new(Vault::plain());
        Self { log: Journal::Memory(0), store: Some(Box::new(store)), index, vault, condition: Arc::default(), home: None }
    }

    pub(super) fn durable(log: Log, store: impl Store, index: Arc<Index>, home: Home) -> Self {
        let vault = home.vault();
        Self { log: Journal::Log(log), store: Some(Box::new(store)), index, vault, condition: Arc::default(), home: Some(home) }
    }

    /// What is told if the store fails.
    pub(super) fn telling(self, condition: Arc<Condition>) -> Self {
        Self { condition, ..self }
    }

    /// Writes anew what has become long. That this fails keeps nobody from using what is there.
    pub(super) fn shorten(&mut self) {
        match self.compact() {
            Ok(Compacted { before, after }) => tracing::info!(before, after, "the connection journal was long and was written anew"),
            Err(error) => tracing::warn!(%error, "the connection journal is long and could not be written anew; compact tries it again"),
        }
    }

    fn run(mut self, commands: &Receiver<Command>) {
        let mut held = None;
        while let Some(command) = held.take().or_else(|| commands.recv().ok()) {
            held = self.obey(command, commands);
        }
    }

    /// Does what is asked for; of changes also those that wait behind it. Gives back what was taken from the queue for that and
    /// comes next. Whoever stopped waiting needs no answer.
    fn obey(&mut self, command: Command, queue: &Receiver<Command>) -> Option<Command> {
        match command {
            Command::Change(..) => {
                let (group, held) = self.gather(command, queue);
                group.make(|steps, writes| self.commit(steps, writes));
                return held;
            }
            Command::Put(definitions, answer) => drop(answer.send(self.put(definitions))),
            Command::Snapshot(answer) => drop(answer.send(Snapshot::of(&self.index))),
            Command::Compact(answer) => drop(answer.send(self.compact())),
        }
        None
    }

    /// The changes that can be made together, and the first command that cannot be among them.
    fn gather(&self, first: Command, queue: &Receiver<Command>) -> (Group, Option<Command>) {
        let mut group = Group::default();
        for command in std::iter::once(first).chain(queue.try_iter()) {
            let held = self.join(&mut group, command);
            if held.is_some() || group.is_full() {
                return (group, held);
            }
        }
        (group, None)
    }

    /// Takes a change into a group, or refuses it at once; gives back what has to wait for the group.
    fn join(&self, group: &mut Group, command: Command) -> Option<Command> {
        let Command::Change(change, waiting) = command else { return Some(command) };
        let Some(planned) = group.plan(&change, &self.index) else { return Some(Command::Change(change, waiting)) };
        match planned.and_then(|steps| self.seal(steps)) {
            Ok((steps, writes)) => group.add(steps, writes, waiting, &self.index),
            Err(refused) => drop(waiting.send(Err(refused))),
        }
        None
    }

    fn seal(&self, steps: Vec<Step>) -> Result<(Vec<Step>, Vec<Write>), StoreError> {
        let writes: Vec<_> = steps.iter().map(|step| self.vault.seal(step.write())).collect();
        writes.iter().try_for_each(check_size)?;
        Ok((steps, writes))
    }

    /// All with one sync, or none.
    fn put(&mut self, definitions: Vec<Definition>) -> Result<Vec<Effect>, Rejected> {
        let mut batch = Batch::new(&self.index, HashMap::new());
        let (mut effects, mut steps, mut writes) = (Vec::with_capacity(definitions.len()), Vec::new(), Vec::new());
        for (at, definition) in definitions.into_iter().enumerate() {
            let rejected = |error| Rejected { at: Some(at), error };
            let effect = batch.judge(&definition).map_err(rejected)?;
            effects.push(effect);
            if effect == Effect::Unchanged {
                continue;
            }
            let step = Step::Put(definition);
            let write = self.vault.seal(step.write());
            check_size(&write).map_err(rejected)?;
            steps.push(step);
            writes.push(write);
        }
        if !steps.is_empty() {
            self.commit(steps, &writes)?;
        }
        Ok(effects)
    }

    fn compact(&mut self) -> anyhow::Result<Compacted> {
        let Some(home) = &self.home else { return Ok(Compacted::default()) };
        let before = home.size()?;
        let beside = home.prepare(&Snapshot::of(&self.index)).context("nothing was changed")?;
        // Both go on under the names of their files, which are another's from here on.
        (self.log, self.store) = (Journal::Closed, None);
        let taken = beside.take_place();
        let reopened = home.reopen().context("the connections could not be opened again: nothing can be changed before a restart");
        let Parts { log, store, .. } = reopened.inspect_err(|error| tracing::error!("{error:#}"))?;
        self.log = Journal::Log(log);
        self.store = Some(Box::new(store));
        self.condition.works();
        taken?;
        Ok(Compacted { before, after: home.size()? })
    }

    fn commit(&mut self, steps: Vec<Step>, writes: &[Write]) -> Result<(), StoreError> {
        let first = self.journal(writes)?;
        self.keep(first, writes);
        steps.into_iter().for_each(|step| self.index.apply(step));
        Ok(())
    }

    fn journal(&mut self, writes: &[Write]) -> Result<u64, JournalError> {
        match &mut self.log {
            Journal::Log(log) => log.append(writes),
            Journal::Closed => Err(JournalError::Closed),
            Journal::Memory(revision) => {
                let first = *revision + 1;
                *revision += writes.len() as u64;
                Ok(first)
            }
        }
    }

    /// A store that fails costs a rebuild at the next start, no change: the journal has it.
    fn keep(&mut self, first: u64, writes: &[Write]) {
        let Some(store) = &mut self.store else { return };
        if let Err(fault) = catching(|| store.apply(first, writes)) {
            tracing::error!(%fault, "THE STORE OF CONNECTIONS FAILED: changes go to its journal only until a restart rebuilds it");
            self.store = None;
            self.condition.failed();
        }
    }
}

pub(super) fn check_size(write: &Write) -> Result<(), StoreError> {
    match VALUE_HEADER + write.size() {
        bytes if bytes > MAX_VALUE => Err(StoreError::TooLarge { bytes }),
        _ => Ok(()),
    }
}

/// Runs what may panic over damaged files.
pub(super) fn catching<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        Err(Fault::Broken(format!("it panicked: {}", text.unwrap_or("without a message"))))
    })
}

#[cfg(test)]
mod tests;
