//! All definitions in memory, by everything they are looked up by. Readers take no lock; one thread writes.

use std::sync::Arc;

use papaya::HashMap;
use tokio::sync::watch;

use super::change::Step;
use super::definition::{Connection, Definition, Hook, State};
use crate::fingerprint::Fingerprints;

/// The in-memory index of connections and hooks.
#[derive(Debug, Default)]
pub(super) struct Index {
    connections: HashMap<String, Arc<Connection>>,
    hooks: HashMap<String, Arc<Hook>>,
    tokens: HashMap<String, Arc<Hook>>,
    /// The connections with one (service, uid). The key is a fingerprint, so who reads compares the uid itself too.
    by_uid: HashMap<u128, Arc<[Arc<Connection>]>>,
    /// The hooks on one connection.
    by_connection: HashMap<String, Arc<[Arc<Hook>]>>,
    fingerprints: Fingerprints,
    /// Told of every change.
    changes: watch::Sender<()>,
}

impl Index {
    pub(super) fn connection(&self, id: &str) -> Option<Arc<Connection>> {
        self.connections.pin().get(id).cloned()
    }

    pub(super) fn hook(&self, id: &str) -> Option<Arc<Hook>> {
        self.hooks.pin().get(id).cloned()
    }

    pub(super) fn hook_by_token(&self, token: &str) -> Option<Arc<Hook>> {
        self.tokens.pin().get(token).cloned()
    }

    /// The hooks on a connection, whatever their state.
    pub(super) fn hooks_on(&self, connection: &str) -> Arc<[Arc<Hook>]> {
        self.by_connection.pin().get(connection).cloned().unwrap_or_default()
    }

    pub(super) fn hooks_of(&self, service: &str, webhook: &str, uid: &str) -> Vec<Arc<Hook>> {
        let by_uid = self.by_uid.pin();
        let Some(connections) = by_uid.get(&self.fingerprint(service, uid)) else { return Vec::new() };
        let by_connection = self.by_connection.pin();
        let with_uid = connections.iter().filter(|connection| connection.service == service && connection.uid == uid);
        let hooks = with_uid.filter_map(|connection| by_connection.get(&connection.id)).flat_map(|hooks| hooks.iter());
        hooks.filter(|hook| listens(hook, webhook)).cloned().collect()
    }

    /// How many connections and how many hooks there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.connections.pin().len(), self.hooks.pin().len())
    }

    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.connections.pin().values().cloned().collect();
        all.sort_by(|a, b| (&a.service, &a.uid, &a.id).cmp(&(&b.service, &b.uid, &b.id)));
        all
    }

    pub(super) fn hooks(&self) -> Vec<Arc<Hook>> {
        let mut all: Vec<_> = self.hooks.pin().values().cloned().collect();
        all.sort_by(|a, b| (&a.service, &a.webhook, &a.id).cmp(&(&b.service, &b.webhook, &b.id)));
        all
    }

    /// Takes in what is on disk now. For the one writing thread.
    pub(super) fn apply(&self, step: Step) {
        match step {
            Step::Put(Definition::Connection(connection)) => self.put_connection(&connection),
            Step::Put(Definition::Hook(hook)) => self.put_hook(&hook),
            Step::RemoveConnection(id) => self.remove_connection(&id),
            Step::RemoveHook(id) => self.remove_hook(&id),
        }
        self.changes.send_replace(());
    }

    /// Hears of every change after this call, if not of each by itself.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn put_connection(&self, connection: &Arc<Connection>) {
        self.unlist_connection(&connection.id);
        let key = self.fingerprint(&connection.service, &connection.uid);
        edit(&self.by_uid, key, |list| list.push(Arc::clone(connection)));
        self.connections.pin().insert(connection.id.clone(), Arc::clone(connection));
    }

    fn remove_connection(&self, id: &str) {
        self.unlist_connection(id);
        self.connections.pin().remove(id);
    }

    fn unlist_connection(&self, id: &str) {
        if let Some(old) = self.connection(id) {
            edit(&self.by_uid, self.fingerprint(&old.service, &old.uid), |list| list.retain(|other| other.id != id));
        }
    }

    fn put_hook(&self, hook: &Arc<Hook>) {
        self.unlist_hook(&hook.id, hook.token.as_deref());
        if let Some(connection) = &hook.connection {
            edit(&self.by_connection, connection.clone(), |list| list.push(Arc::clone(hook)));
        }
        if let Some(token) = &hook.token {
            self.tokens.pin().insert(token.clone(), Arc::clone(hook));
        }
        self.hooks.pin().insert(hook.id.clone(), Arc::clone(hook));
    }

    fn remove_hook(&self, id: &str) {
        self.unlist_hook(id, None);
        self.hooks.pin().remove(id);
    }

    /// Takes a hook out of the lists; a token that it keeps is replaced in place, so that no request misses it.
    fn unlist_hook(&self, id: &str, keeps: Option<&str>) {
        let Some(old) = self.hook(id) else { return };
        if let Some(connection) = &old.connection {
            edit(&self.by_connection, connection.clone(), |list| list.retain(|other| other.id != id));
        }
        if let Some(token) = old.token.as_deref().filter(|token| Some(*token) != keeps) {
            self.tokens.pin().remove(token);
        }
    }

    fn fingerprint(&self, service: &str, uid: &str) -> u128 {
        self.fingerprints.of((service, uid))
    }
}

fn listens(hook: &Hook, webhook: &str) -> bool {
    hook.state == State::Enabled && hook.token.is_none() && hook.webhook.as_deref().is_none_or(|name| name == webhook)
}

/// Replaces a list by a changed copy; an empty one goes. Safe because one thread writes.
fn edit<K, T>(lists: &HashMap<K, Arc<[T]>>, key: K, change: impl FnOnce(&mut Vec<T>))
where
    K: std::hash::Hash + Eq,
    T: Clone,
{
    let lists = lists.pin();
    let mut list = lists.get(&key).map_or_else(Vec::new, |list| list.to_vec());
    change(&mut list);
    if list.is_empty() {
        lists.remove(&key);
    } else {
        lists.insert(key, list.into());
    }
}
