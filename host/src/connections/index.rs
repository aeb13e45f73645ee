//! All definitions in memory, by everything they are looked up by. Readers take no lock; one thread writes.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use papaya::{HashMap, HashSet};
use smallvec::SmallVec;
use tokio::sync::broadcast;

use super::change::Step;
use super::definition::{Connection, Definition, Hook, State};
use crate::fingerprint::{Unhashed, of_uid};

/// The in-memory index of connections and hooks. Every look-up waits for memory that is in no cache, so what a webhook asks
/// lies in as few places as can be.
#[derive(Debug)]
pub(super) struct Index {
    connections: HashSet<ById<Connection>>,
    hooks: HashSet<ById<Hook>>,
    tokens: HashMap<String, Arc<Hook>>,
    /// The connections with one (service, uid) and the hooks on them, by its fingerprint: two uids with the same one are not to be
    /// expected among any number of connections, and to compare the uids would be to wait for two more places.
    by_uid: HashMap<u128, Few<Listed>, Unhashed>,
    /// Hooks on connections that are not there: a damaged journal may have lost one.
    loose: HashMap<String, Few<Arc<Hook>>>,
    /// The marks of uids that somebody may listen for now who did not before.
    listeners: broadcast::Sender<u128>,
}

/// New listeners that somebody who hears of them may be behind.
const NEWS: usize = 1024;

impl Default for Index {
    fn default() -> Self {
        Self {
            connections: HashSet::default(),
            hooks: HashSet::default(),
            tokens: HashMap::default(),
            by_uid: HashMap::default(),
            loose: HashMap::default(),
            listeners: broadcast::Sender::new(NEWS),
        }
    }
}

/// Nearly always one, which then lies in the map itself.
type Few<T> = SmallVec<[T; 1]>;

/// A connection with the hooks on it.
#[derive(Debug, Clone)]
struct Listed {
    connection: Arc<Connection>,
    hooks: Few<Arc<Hook>>,
}

impl Index {
    pub(super) fn connection(&self, id: &str) -> Option<Arc<Connection>> {
        self.connections.pin().get(id).map(|ById(connection)| Arc::clone(connection))
    }

    pub(super) fn hook(&self, id: &str) -> Option<Arc<Hook>> {
        self.hooks.pin().get(id).map(|ById(hook)| Arc::clone(hook))
    }

    pub(super) fn hook_by_token(&self, token: &str) -> Option<Arc<Hook>> {
        self.tokens.pin().get(token).cloned()
    }

    /// The hooks on a connection, whatever their state. For the one writing thread.
    pub(super) fn hooks_on(&self, connection: &str) -> Few<Arc<Hook>> {
        match self.connection(connection) {
            Some(connection) => self.listed(&connection).map(|listed| listed.hooks).unwrap_or_default(),
            None => self.loose.pin().get(connection).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn hooks_of(&self, service: &str, webhook: &str, uid: &str) -> Vec<Arc<Hook>> {
        let by_uid = self.by_uid.pin();
        let Some(listed) = by_uid.get(&of_uid(service, uid)) else { return Vec::new() };
        let hooks = listed.iter().flat_map(|listed| &listed.hooks);
        hooks.filter(|hook| listens(hook, webhook)).cloned().collect()
    }

    /// Whether any enabled hook listens on this webhook for the uid with this mark.
    pub(super) fn has_listener(&self, mark: u128, webhook: &str) -> bool {
        let by_uid = self.by_uid.pin();
        by_uid.get(&mark).is_some_and(|listed| listed.iter().flat_map(|listed| &listed.hooks).any(|hook| listens(hook, webhook)))
    }

    /// How many connections and how many hooks there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.connections.pin().len(), self.hooks.pin().len())
    }

    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.connections.pin().iter().map(|ById(connection)| Arc::clone(connection)).collect();
        all.sort_by(|a, b| (&a.service, &a.uid, &a.id).cmp(&(&b.service, &b.uid, &b.id)));
        all
    }

    pub(super) fn hooks(&self) -> Vec<Arc<Hook>> {
        let mut all: Vec<_> = self.hooks.pin().iter().map(|ById(hook)| Arc::clone(hook)).collect();
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
    }

    /// The marks of uids that somebody may listen for from now on who did not before this call.
    pub(super) fn listeners(&self) -> broadcast::Receiver<u128> {
        self.listeners.subscribe()
    }

    /// Whatever is replaced is replaced in place, so that no request misses it.
    fn put_connection(&self, connection: &Arc<Connection>) {
        let hooks = self.hooks_on(&connection.id);
        self.loose.pin().remove(&connection.id);
        let before = self.connection(&connection.id);
        self.list(Listed { connection: Arc::clone(connection), hooks });
        self.connections.pin().insert(ById(Arc::clone(connection)));
        if let Some(before) = before.filter(|before| key(before) != key(connection)) {
            self.unlist(&before);
        }
    }

    fn remove_connection(&self, id: &str) {
        let Some(connection) = self.connection(id) else { return };
        self.unlist(&connection);
        self.connections.pin().remove(id);
    }

    fn put_hook(&self, hook: &Arc<Hook>) {
        let before = self.hook(&hook.id);
        if let Some(connection) = &hook.connection {
            self.change_hooks(connection, |list| put_in_place(list, Arc::clone(hook), |other| other.id == hook.id));
        }
        if let Some(token) = &hook.token {
            self.tokens.pin().insert(token.clone(), Arc::clone(hook));
        }
        self.hooks.pin().insert(ById(Arc::clone(hook)));
        if let Some(before) = before {
            self.unlist_hook(&before, hook.connection.as_deref(), hook.token.as_deref());
        }
    }

    fn remove_hook(&self, id: &str) {
        let Some(hook) = self.hook(id) else { return };
        self.unlist_hook(&hook, None, None);
        self.hooks.pin().remove(id);
    }

    /// Takes a hook out of where it is no more: it keeps this connection and this token.
    fn unlist_hook(&self, hook: &Hook, connection: Option<&str>, token: Option<&str>) {
        if let Some(left) = hook.connection.as_deref().filter(|left| Some(*left) != connection) {
            self.change_hooks(left, |list| list.retain(|other| other.id != hook.id));
        }
        if let Some(left) = hook.token.as_deref().filter(|left| Some(*left) != token) {
            self.tokens.pin().remove(left);
        }
    }

    fn change_hooks(&self, connection: &str, change: impl FnOnce(&mut Few<Arc<Hook>>)) {
        let listed = self.connection(connection).and_then(|connection| self.listed(&connection));
        let Some(mut listed) = listed else {
            return edit(&self.loose, connection.to_owned(), change);
        };
        change(&mut listed.hooks);
        self.list(listed);
    }

    fn listed(&self, connection: &Connection) -> Option<Listed> {
        let by_uid = self.by_uid.pin();
        by_uid.get(&key(connection))?.iter().find(|listed| listed.connection.id == connection.id).cloned()
    }

    fn list(&self, listed: Listed) {
        let connection = Arc::clone(&listed.connection);
        let mark = key(&connection);
        edit(&self.by_uid, mark, |list| put_in_place(list, listed, |other| other.connection.id == connection.id));
        // Nobody may be there to hear of it.
        let _ = self.listeners.send(mark);
    }

    fn unlist(&self, connection: &Connection) {
        edit(&self.by_uid, key(connection), |list| list.retain(|other| other.connection.id != connection.id));
    }
}

fn key(connection: &Connection) -> u128 {
    of_uid(&connection.service, &connection.uid)
}

fn listens(hook: &Hook, webhook: &str) -> bool {
    hook.state == State::Enabled && hook.token.is_none() && hook.webhook.as_deref().is_none_or(|name| name == webhook)
}

/// Puts an element where the same one was, or at the end.
fn put_in_place<T>(list: &mut Few<T>, element: T, is_same: impl Fn(&T) -> bool) {
    match list.iter().position(is_same) {
        Some(at) => list[at] = element,
        None => list.push(element),
    }
}

/// Replaces a list by a changed copy; an empty one goes. Safe because one thread writes.
fn edit<K: Hash + Eq, T: Clone, S: BuildHasher>(lists: &HashMap<K, Few<T>, S>, key: K, change: impl FnOnce(&mut Few<T>)) {
    let lists = lists.pin();
    let mut list = lists.get(&key).cloned().unwrap_or_default();
    change(&mut list);
    if list.is_empty() {
        lists.remove(&key);
    } else {
        lists.insert(key, list);
    }
}

/// A definition in a set, told from others by its id alone.
#[derive(Debug)]
struct ById<T>(Arc<T>);

/// What has an id.
trait Named {
    fn id(&self) -> &str;
}

impl Named for Connection {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for Hook {
    fn id(&self) -> &str {
        &self.id
    }
}

impl<T: Named> Borrow<str> for ById<T> {
    fn borrow(&self) -> &str {
        self.0.id()
    }
}

impl<T: Named> Hash for ById<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id().hash(state);
    }
}

impl<T: Named> PartialEq for ById<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl<T: Named> Eq for ById<T> {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use serde_json::Map;

    use super::*;
    use crate::connections::Manner;

    fn connection(name: u32) -> Step {
        let (id, service, uid) = ("c".into(), "slack".into(), "7".into());
        Step::Put(Definition::Connection(Arc::new(Connection { id, service, uid, name: Some(name.to_string()), data: Default::default() })))
    }

    fn hook(failing_since_ms: u64) -> Step {
        Step::Put(Definition::Hook(Arc::new(Hook {
            id: "h".into(),
            service: "slack".into(),
            webhook: None,
            connection: Some("c".into()),
            token: None,
            parameters: Map::new(),
            destination: None,
            manner: Manner::default(),
            failing_since_ms: Some(failing_since_ms),
            state: State::Enabled,
        })))
    }

    #[test]
    fn no_request_misses_a_hook_that_is_being_changed() {
        let (index, done) = (Index::default(), AtomicBool::new(false));
        index.apply(connection(0));
        index.apply(hook(0));
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut missed = 0;
                while !done.load(Ordering::Relaxed) {
                    missed += usize::from(index.hooks_of("slack", "events", "7").is_empty());
                }
                missed
            });
            for change in 1..5_000 {
                index.apply(connection(change));
                index.apply(hook(u64::from(change)));
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(reader.join().unwrap(), 0);
        });
        assert_eq!(index.hooks_of("slack", "events", "7")[0].failing_since_ms, Some(4_999));
    }

    #[test]
    fn a_hook_whose_connection_was_lost_listens_again_once_that_is_there() {
        let index = Index::default();
        index.apply(hook(0));
        assert_eq!((index.hooks_of("slack", "events", "7").len(), index.hooks_on("c").len()), (0, 1));
        index.apply(connection(0));
        assert_eq!((index.hooks_of("slack", "events", "7").len(), index.hooks_on("c").len()), (1, 1));
        index.apply(Step::RemoveHook("h".into()));
        assert_eq!((index.hooks_of("slack", "events", "7").len(), index.hooks_on("c").len()), (0, 0));
    }
}
