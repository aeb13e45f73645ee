//! Many definitions put at once: what each would do, or why it cannot be put.

use std::collections::{HashMap, HashSet};

use super::change::{check_connection, check_hook};
use super::definition::{Connection, Definition, Hook};
use super::error::StoreError;
use super::index::Index;
use super::record::{connection_key, hook_key};

/// What putting a definition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is new.
    Added,
    /// One with its id was there and is now as this one says.
    Replaced,
    /// It is there already, as this one says.
    Unchanged,
}

/// The first definition that keeps all of a batch from being put. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which it is, from 0. `None`: it is none's fault.
    pub at: Option<usize>,
    /// What is wrong.
    pub error: StoreError,
}

impl From<StoreError> for Rejected {
    fn from(error: StoreError) -> Self {
        Self { at: None, error }
    }
}

/// Definitions that are looked at one after the other, each as if those before it had been put.
pub(super) struct Batch<'i> {
    index: &'i Index,
    seen: HashSet<String>,
    /// The services of the connections that come with it or before it.
    services: HashMap<String, String>,
    /// Which hook of it has which token.
    holders: HashMap<String, String>,
}

impl<'i> Batch<'i> {
    /// `given`: the services of connections that are put before, by the ids of these.
    pub(super) fn new(index: &'i Index, given: HashMap<String, String>) -> Self {
        Self { index, seen: HashSet::new(), services: given, holders: HashMap::new() }
    }

    /// What putting the next definition does.
    pub(super) fn judge(&mut self, definition: &Definition) -> Result<Effect, StoreError> {
        match definition {
            Definition::Connection(connection) => self.connection(connection),
            Definition::Hook(hook) => self.hook(hook),
        }
    }

    fn connection(&mut self, connection: &Connection) -> Result<Effect, StoreError> {
        self.see(connection_key(&connection.id))?;
        let before = self.index.connection(&connection.id);
        check_connection(connection, before.as_deref(), || !self.index.hooks_on(&connection.id).is_empty())?;
        self.services.insert(connection.id.clone(), connection.service.clone());
        Ok(effect(before.as_deref(), connection))
    }

    fn hook(&mut self, hook: &Hook) -> Result<Effect, StoreError> {
        self.see(hook_key(&hook.id))?;
        let known = |id: &str| self.index.connection(id).map(|connection| connection.service.clone());
        let service = |id: &str| self.services.get(id).cloned().or_else(|| known(id));
        let holder = |token: &str| self.holders.get(token).cloned().or_else(|| Some(self.index.hook_by_token(token)?.id.clone()));
        check_hook(hook, service, holder)?;
        if let Some(token) = &hook.token {
            self.holders.insert(token.clone(), hook.id.clone());
        }
        Ok(effect(self.index.hook(&hook.id).as_deref(), hook))
    }

    fn see(&mut self, key: String) -> Result<(), StoreError> {
        match self.seen.insert(key) {
            true => Ok(()),
            false => Err(StoreError::Invalid("another definition with this id comes before it")),
        }
    }
}

fn effect<T: PartialEq>(before: Option<&T>, after: &T) -> Effect {
    match before {
        None => Effect::Added,
        Some(before) if before == after => Effect::Unchanged,
        Some(_) => Effect::Replaced,
    }
}
