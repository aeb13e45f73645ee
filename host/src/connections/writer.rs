//! The one thread that changes connections and hooks: journal, store, index, answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::change::{Change, plan};
use super::error::StoreError;
use super::index::Index;
use super::log::Log;
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

type Command = (Change, oneshot::Sender<Result<(), StoreError>>);

impl Commands {
    pub(super) fn start<S: Store>(writer: Writer<S>) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("connections".into()).spawn(move || writer.run(&receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(super) async fn apply(&self, change: Change) -> Result<(), StoreError> {
        let closed = StoreError::Journal(JournalError::Closed);
        let (answer, done) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or_else(|| closed.clone())?;
        sender.try_send((change, answer)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => closed.clone(),
        })?;
        done.await.unwrap_or(Err(closed))
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

/// What the thread owns.
pub(super) struct Writer<S> {
    /// `None`: nothing outlives the process.
    log: Option<Log>,
    /// `None`: it has failed. The journal has everything, and the next start rebuilds it.
    store: Option<S>,
    index: Arc<Index>,
    vault: Vault,
    /// Counts where no journal does.
    revision: u64,
}

impl<S: Store> Writer<S> {
    pub(super) fn new(log: Option<Log>, store: S, index: Arc<Index>, vault: Vault) -> Self {
        Self { log, store: Some(store), index, vault, revision: 0 }
    }

    fn run(mut self, commands: &Receiver<Command>) {
        for (change, answer) in commands {
            // Whoever stopped waiting needs no answer.
            let _ = answer.send(self.make(change));
        }
    }

    fn make(&mut self, change: Change) -> Result<(), StoreError> {
        let steps = plan(change, &self.index)?;
        let writes: Vec<_> = steps.iter().map(|step| self.vault.seal(step.write())).collect();
        check_sizes(&writes)?;
        let first = self.journal(&writes)?;
        self.keep(first, &writes);
        steps.into_iter().for_each(|step| self.index.apply(step));
        Ok(())
    }

    fn journal(&mut self, writes: &[Write]) -> Result<u64, JournalError> {
        if let Some(log) = &mut self.log {
            return log.append(writes);
        }
        let first = self.revision + 1;
        self.revision += writes.len() as u64;
        Ok(first)
    }

    /// A store that fails costs a rebuild at the next start, no change: the journal has it.
    fn keep(&mut self, first: u64, writes: &[Write]) {
        let Some(store) = &mut self.store else { return };
        if let Err(fault) = catching(|| store.apply(first, writes)) {
            tracing::error!(%fault, "THE STORE OF CONNECTIONS FAILED: changes go to its journal only until a restart rebuilds it");
            self.store = None;
        }
    }
}

fn check_sizes(writes: &[Write]) -> Result<(), StoreError> {
    let size = |write: &Write| VALUE_HEADER + write.key.len() + write.json.as_ref().map_or(0, Vec::len);
    match writes.iter().map(size).find(|bytes| *bytes > MAX_VALUE) {
        Some(bytes) => Err(StoreError::TooLarge { bytes }),
        None => Ok(()),
    }
}

/// Runs what may panic over damaged files.
pub(super) fn catching<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        Err(Fault(format!("it panicked: {}", text.unwrap_or("without a message"))))
    })
}
