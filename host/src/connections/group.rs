//! Changes that become durable with one sync. The index does not have them before that, so a change whose plan looks at what
//! another one changes does not go with it, but begins the next group.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::change::{Change, Step, plan};
use super::definition::{Connection, Definition, Hook};
use super::error::StoreError;
use super::index::Index;
use super::record::Write;

/// Changes in a group at most.
const CHANGES: usize = 1024;
/// Bytes after which a group is full.
const BYTES: usize = 1 << 20;

/// Who waits for a change.
pub(super) type Waiting = oneshot::Sender<Result<(), StoreError>>;

/// Changes that are made together.
#[derive(Default)]
pub(super) struct Group {
    steps: Vec<Step>,
    writes: Vec<Write>,
    bytes: usize,
    changed: HashSet<Place>,
    waiting: Vec<Waiting>,
}

/// Where in the index something is looked up.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Place {
    Connection(String),
    /// The hooks on a connection.
    HooksOn(String),
    Hook(String),
    Token(String),
}

impl Group {
    /// The steps of a change, as things stand in the index. `None`: it looks at what this group changes.
    pub(super) fn plan(&self, change: &Change, index: &Index) -> Option<Result<Vec<Step>, StoreError>> {
        let view = View { index, changed: &self.changed, is_stale: Cell::new(false) };
        let planned = plan(change.clone(), &view);
        (!view.is_stale.get()).then_some(planned)
    }

    /// Takes in a change that was planned. `index`: as it was then.
    pub(super) fn add(&mut self, steps: Vec<Step>, writes: Vec<Write>, waiting: Waiting, index: &Index) {
        for step in &steps {
            self.changed.extend(places(step, index));
        }
        self.bytes += writes.iter().map(Write::size).sum::<usize>();
        self.steps.extend(steps);
        self.writes.extend(writes);
        self.waiting.push(waiting);
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= CHANGES || self.bytes >= BYTES
    }

    /// Makes all of it by `commit`, and tells everybody. Whoever stopped waiting needs no answer.
    pub(super) fn make(self, commit: impl FnOnce(Vec<Step>, &[Write]) -> Result<(), StoreError>) {
        if self.waiting.is_empty() {
            return;
        }
        let outcome = commit(self.steps, &self.writes);
        self.waiting.into_iter().for_each(|waiting| drop(waiting.send(outcome.clone())));
    }
}

/// What applying a step changes in the index. What it also changes because of those before it is what these have changed.
fn places(step: &Step, index: &Index) -> Vec<Place> {
    match step {
        Step::Put(Definition::Connection(connection)) => vec![Place::Connection(connection.id.clone())],
        Step::RemoveConnection(id) => vec![Place::Connection(id.clone())],
        Step::Put(Definition::Hook(hook)) => [Some(Arc::clone(hook)), index.hook(&hook.id)].iter().flatten().flat_map(of_hook).collect(),
        Step::RemoveHook(id) => index.hook(id).iter().flat_map(of_hook).collect(),
    }
}

fn of_hook(hook: &Arc<Hook>) -> impl Iterator<Item = Place> {
    let (connection, token) = (hook.connection.clone(), hook.token.clone());
    [Some(Place::Hook(hook.id.clone())), connection.map(Place::HooksOn), token.map(Place::Token)].into_iter().flatten()
}

/// The index, which notices when somebody looks at what is about to change.
pub(super) struct View<'v> {
    index: &'v Index,
    changed: &'v HashSet<Place>,
    /// Somebody has.
    is_stale: Cell<bool>,
}

impl View<'_> {
    pub(super) fn connection(&self, id: &str) -> Option<Arc<Connection>> {
        self.look(&Place::Connection(id.to_owned()));
        self.index.connection(id)
    }

    pub(super) fn hooks_on(&self, connection: &str) -> impl IntoIterator<Item = Arc<Hook>> {
        self.look(&Place::HooksOn(connection.to_owned()));
        self.index.hooks_on(connection)
    }

    pub(super) fn hook(&self, id: &str) -> Option<Arc<Hook>> {
        self.look(&Place::Hook(id.to_owned()));
        self.index.hook(id)
    }

    pub(super) fn hook_by_token(&self, token: &str) -> Option<Arc<Hook>> {
        self.look(&Place::Token(token.to_owned()));
        self.index.hook_by_token(token)
    }

    fn look(&self, place: &Place) {
        self.is_stale.set(self.is_stale.get() || self.changed.contains(place));
    }
}
