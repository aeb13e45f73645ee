//! Connections and hooks: who listens to what, kept in sled and looked up in memory.
//!
//! A [`Change`] is written to the connection journal first, then to the `store`, then to the `index`; only then is
//! it acknowledged. Changes that wait for the disk share its syncs. The journal is the truth: a store that does not open or does not agree with it is rebuilt at start.
//! Requests read the index and nothing else; it takes no lock. With a key, what goes to journal and store passes the `vault`.

mod backup;
mod batch;
mod beside;
mod change;
mod compact;
mod condition;
mod data;
mod definition;
mod edit;
mod error;
mod group;
mod index;
mod log;
mod memory;
mod open;
mod random;
mod record;
mod rotate;
mod secret;
mod sled;
mod store;
mod vault;
mod writer;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;

pub use backup::{are_encrypted, count};
pub use batch::{Effect, Rejected};
pub use change::Change;
pub use compact::Compacted;
pub use condition::Condition;
pub use data::Data;
pub use definition::{Connection, Definition, Hook, Manner, State};
pub use edit::{Edit, Route};
pub use error::StoreError;
pub(crate) use random::TOKEN_LENGTH;
pub use random::{new_id, new_token};
pub use rotate::rotate;
pub use secret::Secret;
pub use writer::Snapshot;

use crate::data_directory::DataDirectory;
use crate::key_file::Key;
use batch::Batch;
use compact::Home;
use index::Index;
use memory::MemoryStore;
use store::Store;
use vault::Vault;
use writer::{Commands, Writer, check_size};

/// All connections and hooks of a host.
#[derive(Debug)]
pub struct Connections {
    index: Arc<Index>,
    commands: Commands,
    condition: Arc<Condition>,
    vault: Arc<Vault>,
    _directory: Option<DataDirectory>,
}

impl Connections {
    /// Opens the connections of a data directory. Blocks: everything is read and checked.
    pub fn open(directory: &DataDirectory) -> anyhow::Result<Arc<Self>> {
        Self::open_with(directory, None)
    }

    /// As [`open`](Self::open), with the key that everything is encrypted with from now on, and may have been before.
    pub fn open_with(directory: &DataDirectory, key: Option<&Key>) -> anyhow::Result<Arc<Self>> {
        let place = directory.connections();
        let open::Opened { log, store, index, vault, rebuilt, is_long } = open::open(&place, key)?;
        beside::remove_leftover(&place).context("cannot remove what writing the connections anew has left behind")?;
        let (vault, condition) = (Arc::new(vault), Arc::new(Condition::opened(rebuilt)));
        let home = Home::new(place, Arc::clone(&vault));
        let mut writer = Writer::durable(log, store, Arc::clone(&index), home).telling(Arc::clone(&condition));
        if is_long {
            writer.shorten();
        }
        let commands = Commands::start(writer)?;
        Ok(Arc::new(Self { index, commands, condition, vault, _directory: Some(directory.clone()) }))
    }

    /// Connections that last as long as the process: for trials and tests.
    pub fn in_memory() -> Arc<Self> {
        Self::kept_by(MemoryStore::default())
    }

    fn kept_by(store: impl Store) -> Arc<Self> {
        let index = Arc::new(Index::default());
        let vault = Arc::new(Vault::plain());
        let writer = Writer::in_memory(store, Arc::clone(&index));
        let commands = Commands::start(writer).expect("a process that runs can start a thread");
        Arc::new(Self { index, commands, condition: Arc::default(), vault, _directory: None })
    }

    /// Leaves the memory of all definitions to the end of the process: to give back a million one by one takes seconds, in which a
    /// host that stops would be waited for.
    pub fn stay_in_memory(&self) {
        std::mem::forget(Arc::clone(&self.index));
    }

    /// A connection by its id.
    pub fn connection(&self, id: &str) -> Option<Arc<Connection>> {
        self.index.connection(id)
    }

    /// A hook by its id, whatever its state.
    pub fn hook(&self, id: &str) -> Option<Arc<Hook>> {
        self.index.hook(id)
    }

    /// A dedicated hook by its token, whatever its state.
    pub fn hook_by_token(&self, token: &str) -> Option<Arc<Hook>> {
        self.index.hook_by_token(token)
    }

    /// The enabled hooks that listen on a shared webhook, on every connection of the service with this uid.
    pub fn hooks_of(&self, service: &str, webhook: &str, uid: &str) -> Vec<Arc<Hook>> {
        self.index.hooks_of(service, webhook, uid)
    }

    /// All connections, by service, uid and id.
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.index.connections()
    }

    /// All hooks, by service, webhook and id; those that were removed and keep their token are among them.
    pub fn hooks(&self) -> Vec<Arc<Hook>> {
        self.index.hooks()
    }

    /// Whether any enabled hook listens on this shared webhook for the uid that has this mark.
    pub(crate) fn has_listener(&self, mark: u128, webhook: &str) -> bool {
        self.index.has_listener(mark, webhook)
    }

    /// The marks of uids that somebody may listen for from now on who did not before this call.
    pub(crate) fn listeners(&self) -> tokio::sync::broadcast::Receiver<u128> {
        self.index.listeners()
    }

    /// How many connections and how many hooks there are.
    pub fn counts(&self) -> (usize, usize) {
        self.index.counts()
    }

    /// What has become of the store since the start.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// All definitions as they are at one moment, with every change that was acknowledged before this call.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.commands.snapshot().await
    }

    /// What putting each of these definitions would do, as things stand now, or why it cannot be put. `given`: the services of
    /// connections that would be put before, by their ids.
    pub fn preview(&self, definitions: &[Definition], given: HashMap<String, String>) -> Vec<Result<Effect, StoreError>> {
        let mut batch = Batch::new(&self.index, given);
        let judge = |definition: &Definition| {
            let effect = batch.judge(definition)?;
            check_size(&self.vault.seal(record::put(definition)))?;
            Ok(effect)
        };
        definitions.iter().map(judge).collect()
    }

    /// Writes journal and store anew, without what was changed or removed since. Look-ups go on; changes wait.
    pub async fn compact(&self) -> anyhow::Result<Compacted> {
        self.commands.compact().await
    }

    /// Puts all of these definitions, with one sync for all, or none. When this returns `Ok` they are on disk and every later
    /// look-up sees them.
    pub async fn put(&self, definitions: Vec<Definition>) -> Result<Vec<Effect>, Rejected> {
        self.commands.put(definitions).await
    }

    /// Makes a change. When this returns `Ok` it is on disk and every later look-up sees it.
    pub async fn apply(&self, change: Change) -> Result<(), StoreError> {
        self.commands.apply(change).await
    }
}
