//! What can be changed, and which definitions a change puts and removes.

use std::sync::Arc;

use super::definition::{Connection, Definition, Hook, Manner, State};
use super::edit::Edit;
use super::error::StoreError;
use super::group::View;
use super::record::{Write, connection_key, hook_key, put};
use super::secret::{Secret, rotated};

/// A change to connections and hooks.
#[derive(Clone, PartialEq)]
pub enum Change {
    /// Adds a connection, or replaces the one with its id.
    PutConnection(Connection),
    /// Removes a connection and its hooks.
    RemoveConnection(String),
    /// Adds a hook, or replaces the one with its id.
    PutHook(Hook),
    /// Changes a hook.
    EditHook(String, Edit),
    /// Removes a hook; of a dedicated one the token stays, so that its URL can say "gone".
    RemoveHook(String),
    /// Makes a hook stop listening until it is enabled again.
    DisableHook(String),
    /// Makes a hook listen again, as if it had never failed.
    EnableHook(String),
    /// Notes since when every attempt for a hook has failed, in milliseconds since 1970; `None`: one has worked.
    NoteFailing(String, Option<u64>),
    /// Makes a hook's deliveries signed with a new secret.
    RotateSecret {
        /// Its id.
        hook: String,
        /// The new secret.
        new: Secret,
        /// The time of the change, in milliseconds since 1970.
        now_ms: u64,
        /// Until when the earlier secrets sign, too.
        until_ms: u64,
    },
}

/// One definition to put or to remove.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Put(Definition),
    RemoveConnection(String),
    RemoveHook(String),
}

impl Step {
    pub(super) fn write(&self) -> Write {
        match self {
            Self::Put(definition) => put(definition),
            Self::RemoveConnection(id) => Write { key: connection_key(id), json: None },
            Self::RemoveHook(id) => Write { key: hook_key(id), json: None },
        }
    }
}

/// The steps of a change, as things stand in the index.
pub(super) fn plan(change: Change, index: &View<'_>) -> Result<Vec<Step>, StoreError> {
    match change {
        Change::PutConnection(connection) => put_connection(connection, index),
        Change::RemoveConnection(id) => remove_connection(id, index),
        Change::PutHook(hook) => put_hook(hook, index),
        Change::EditHook(id, edit) => {
            let mut hook = Hook::clone(&*living(&id, index)?);
            edit.apply(&mut hook);
            Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
        }
        Change::RemoveHook(id) => Ok(vec![remove_hook(&*living(&id, index)?)]),
        Change::EnableHook(id) => {
            let hook = Hook { state: State::Enabled, failing_since_ms: None, ..Hook::clone(&*living(&id, index)?) };
            Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
        }
        Change::NoteFailing(id, failing_since_ms) => {
            let hook = Hook { failing_since_ms, ..Hook::clone(&*living(&id, index)?) };
            Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
        }
        Change::DisableHook(id) => {
            let hook = Hook { state: State::Disabled, ..Hook::clone(&*living(&id, index)?) };
            Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
        }
        Change::RotateSecret { hook, new, now_ms, until_ms } => {
            let mut hook = Hook::clone(&*living(&hook, index)?);
            hook.manner.secrets = rotated(&hook.manner.secrets, new, now_ms, until_ms)?;
            Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
        }
    }
}

fn put_connection(connection: Connection, index: &View<'_>) -> Result<Vec<Step>, StoreError> {
    let (id, before) = (&connection.id, index.connection(&connection.id));
    check_connection(&connection, before.as_deref(), || index.hooks_on(id).into_iter().next().is_some())?;
    Ok(vec![Step::Put(Definition::Connection(Arc::new(connection)))])
}

/// Whether a connection can be put in place of the one `before`, which may have hooks.
pub(super) fn check_connection(
    connection: &Connection,
    before: Option<&Connection>,
    has_hooks: impl FnOnce() -> bool,
) -> Result<(), StoreError> {
    if connection.id.is_empty() || connection.service.is_empty() || connection.uid.is_empty() {
        return Err(StoreError::Invalid("a connection needs an id, a service and a uid"));
    }
    check_id(&connection.id)?;
    let moves = before.is_some_and(|before| before.service != connection.service);
    if moves && has_hooks() {
        return Err(StoreError::Invalid("a connection that has hooks stays with its service"));
    }
    Ok(())
}

fn put_hook(hook: Hook, index: &View<'_>) -> Result<Vec<Step>, StoreError> {
    let service = |id: &str| index.connection(id).map(|connection| connection.service.clone());
    check_hook(&hook, service, |token| index.hook_by_token(token).map(|holder| holder.id.clone()))?;
    Ok(vec![Step::Put(Definition::Hook(Arc::new(hook)))])
}

/// Whether a hook can be put, where `service_of` knows the services of connections and `holder_of` who has a token.
pub(super) fn check_hook(
    hook: &Hook,
    service_of: impl Fn(&str) -> Option<String>,
    holder_of: impl Fn(&str) -> Option<String>,
) -> Result<(), StoreError> {
    if hook.id.is_empty() || hook.service.is_empty() {
        return Err(StoreError::Invalid("a hook needs an id and a service"));
    }
    check_id(&hook.id)?;
    if hook.state != State::Removed && hook.token.is_none() && hook.connection.is_none() {
        return Err(StoreError::Invalid("a hook needs a connection (shared webhook) or a token (dedicated webhook)"));
    }
    if let Some(id) = &hook.connection {
        let service = service_of(id).ok_or_else(|| StoreError::UnknownConnection(id.clone()))?;
        if service != hook.service {
            return Err(StoreError::Invalid("a hook's connection must be of the hook's service"));
        }
    }
    let holder = hook.token.as_deref().and_then(holder_of);
    if holder.is_some_and(|holder| holder != hook.id) {
        return Err(StoreError::Invalid("another hook has this token"));
    }
    Ok(())
}

/// Whether an id can be written in a path, a line of the log and a command as it is. What was stored before this was asked is
/// only read.
fn check_id(id: &str) -> Result<(), StoreError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match id.len() <= 64 && id.bytes().all(fits) && !matches!(id, "." | "..") {
        true => Ok(()),
        false => Err(StoreError::Invalid("an id is 1 to 64 letters (a-z, A-Z), digits, `-`, `_` and `.`, but not `.` or `..` alone")),
    }
}

/// The hooks go first: a part of this that survives a crash leaves no hook without its connection.
fn remove_connection(id: String, index: &View<'_>) -> Result<Vec<Step>, StoreError> {
    if index.connection(&id).is_none() {
        return Err(StoreError::UnknownConnection(id));
    }
    let mut steps: Vec<_> = index.hooks_on(&id).into_iter().map(|hook| remove_hook(&hook)).collect();
    steps.push(Step::RemoveConnection(id));
    Ok(steps)
}

fn remove_hook(hook: &Hook) -> Step {
    if hook.token.is_none() {
        return Step::RemoveHook(hook.id.clone());
    }
    let (parameters, manner, state) = (serde_json::Map::new(), Manner::default(), State::Removed);
    let emptied = Hook { connection: None, destination: None, parameters, manner, failing_since_ms: None, state, ..hook.clone() };
    Step::Put(Definition::Hook(Arc::new(emptied)))
}

fn living(id: &str, index: &View<'_>) -> Result<Arc<Hook>, StoreError> {
    let hook = index.hook(id).filter(|hook| hook.state != State::Removed);
    hook.ok_or_else(|| StoreError::UnknownHook(id.to_owned()))
}
