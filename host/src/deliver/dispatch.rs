//! The task that starts attempts when they are due and waits for their ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::attempt::Attempts;
use super::breaker::{Contact, Switch};
use super::fresh::Fresh;
use super::now_ms;
use super::schedule::{Ended, Job, Key, Limits, Place, Route, Schedule};
use super::sink::{Destination, mask};
use crate::connections::State;
use crate::journal::Pending;

/// The clock of the machine may be set while we wait for it, so we look at it now and then.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// New bundles that are taken in before attempts get their turn.
const BATCH: usize = 256;

/// What the dispatcher is told.
pub(super) enum Told {
    New(New),
    /// A hook's destination, or the manner of its deliveries, is another one from now on; or it is gone.
    Changed(Arc<str>),
}

/// A bundle that has just become durable, or whose attempts begin anew.
pub(super) struct New {
    pub key: Key,
    pub hook: Arc<str>,
    pub fresh: Option<Fresh>,
}

pub(super) struct Dispatcher {
    attempts: Arc<Attempts>,
    schedule: Schedule,
    /// Hooks of which some bundles are in the journal only, because too many wait in memory.
    spilled: HashSet<Arc<str>>,
    in_flight: JoinSet<(Ended, Contact)>,
    /// Told when a bundle arrives that nobody delivers.
    arrived: watch::Sender<()>,
    tasks: HashMap<task::Id, Task>,
}

struct Task {
    hook: Arc<str>,
    key: Key,
    attempt: u32,
}

impl Dispatcher {
    /// Begins with what the journal says is still to be delivered.
    pub(super) fn new(attempts: Arc<Attempts>, arrived: watch::Sender<()>) -> Self {
        let settings = &attempts.settings;
        let limits = Limits {
            per_hook: settings.per_hook.max(1),
            per_origin: settings.per_origin.max(1),
            in_flight: settings.in_flight.max(1),
            patience: settings.patience,
        };
        let journal = attempts.journal.clone();
        let mut dispatcher = Self {
            attempts,
            schedule: Schedule::new(limits),
            spilled: HashSet::new(),
            in_flight: JoinSet::new(),
            arrived,
            tasks: HashMap::new(),
        };
        let mut after = None;
        loop {
            let pending = journal.pending_after(after, BATCH);
            let Some(last) = pending.last() else { return dispatcher };
            after = Some((last.seq, last.bundle));
            dispatcher.take_pending(pending);
        }
    }

    /// Delivers until told to stop, or until nobody can send anything any more.
    pub(super) async fn run(mut self, mut told: mpsc::UnboundedReceiver<Told>, mut stop: oneshot::Receiver<()>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.start_due();
            self.attempts.meters.note_left_alone(self.schedule.left_alone());
            let wake = self.schedule.wakes_at().map(|at| Duration::from_millis(at.saturating_sub(now_ms())).min(LONGEST_SLEEP));
            tokio::select! {
                _ = &mut stop => break,
                count = told.recv_many(&mut batch, BATCH) => match count {
                    0 => break,
                    _ => batch.drain(..).for_each(|told| self.take(told)),
                },
                Some(ended) = self.in_flight.join_next_with_id() => self.ended(ended),
                () = sleep(wake.unwrap_or_default()), if wake.is_some() => {}
            }
        }
        self.drain().await;
    }

    fn start_due(&mut self) {
        while let Some((hook, job)) = self.schedule.next(now_ms()) {
            let task = Task { hook: hook.clone(), key: job.key, attempt: job.attempt };
            let attempts = self.attempts.clone();
            let started = self.in_flight.spawn(async move { attempts.make(&hook, job).await });
            self.tasks.insert(started.id(), task);
        }
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::New(new) => self.take_new(new),
            Told::Changed(hook) => self.change(&hook),
        }
    }

    fn take_new(&mut self, new: New) {
        let New { key, hook, fresh } = new;
        // What was taken from the journal before it got here may be done already.
        if self.pending(key).is_none() {
            return;
        }
        if self.is_pulled(&hook) {
            self.arrived.send_replace(());
        } else if self.spilled.contains(&hook) || self.is_full(&hook) {
            self.spilled.insert(hook);
        } else {
            self.add(&hook, Job { key, attempt: 0, fresh }, 0);
        }
    }

    fn take_pending(&mut self, pending: Vec<Pending>) {
        for Pending { seq, bundle, hook, attempt, due_ms } in pending {
            let key = Key { seq, bundle };
            if self.schedule.knows(key) || self.is_pulled(&hook) {
                continue;
            }
            if self.is_full(&hook) {
                self.spilled.insert(hook);
            } else {
                self.add(&hook, Job { key, attempt, fresh: None }, due_ms);
            }
        }
    }

    fn add(&mut self, hook: &Arc<str>, job: Job, due_ms: u64) {
        if !self.schedule.has_route(hook) {
            self.schedule.set_route(self.route(hook));
        }
        self.schedule.add(hook, job, due_ms, now_ms());
    }

    fn pending(&self, Key { seq, bundle }: Key) -> Option<Pending> {
        self.attempts.journal.pending_bundle((seq, bundle))
    }

    fn is_full(&self, hook: &str) -> bool {
        self.schedule.waiting(hook) >= self.attempts.settings.waiting_per_hook.max(1)
    }

    /// Whether a hook's bundles go nowhere, but stay in the journal until they are fetched.
    fn is_pulled(&self, hook: &str) -> bool {
        self.attempts.connections.hook(hook).is_some_and(|hook| hook.is_pulled())
    }

    /// Where a hook's bundles go. Those of one that is gone, disabled or without a destination go through an attempt, which
    /// finds that out.
    fn route(&self, id: &Arc<str>) -> Route {
        let hook = self.attempts.connections.hook(id);
        let ordered = hook.as_ref().is_some_and(|hook| hook.manner.ordered);
        let enabled = hook.filter(|hook| hook.state == State::Enabled);
        let destination = enabled.and_then(|hook| Destination::parse(hook.destination.as_deref()?).ok());
        let origin = destination.as_ref().map_or_else(String::new, Destination::origin);
        let destination = destination.map_or_else(String::new, |destination| destination.to_string());
        Route { hook: id.clone(), destination: destination.into(), origin: origin.into(), ordered }
    }

    /// Lets what waits for a hook go where it goes now, at once.
    fn change(&mut self, hook: &Arc<str>) {
        self.attempts.journal.hurry(hook, now_ms());
        self.schedule.reroute(self.route(hook), now_ms());
        self.take_from_journal(hook);
        self.arrived.send_replace(());
    }

    fn ended(&mut self, ended: Result<(task::Id, (Ended, Contact)), JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Ok(ended)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(Task { hook, key, attempt }) = self.tasks.remove(&id) else { return };
        let (ended, contact) = ended.unwrap_or_else(|error| {
            tracing::error!(%hook, %error, "an attempt broke off");
            (self.attempts.retry(&hook, key, attempt, "the attempt broke off", None), Contact::None)
        });
        for (place, switch) in self.schedule.heard(key, contact, now_ms()) {
            say(&hook, &place, switch);
        }
        self.schedule.ended(&hook, key, attempt, ended, now_ms());
        match ended {
            // It may have been redriven before we got here.
            Ended::Dead => self.take_pending(self.pending(key).into_iter().collect()),
            Ended::Kept => self.arrived.send_replace(()),
            Ended::Delivered | Ended::Retry { .. } => {}
        }
        self.refill(&hook);
    }

    /// Takes a hook's bundles from the journal once half of its room in memory is free.
    fn refill(&mut self, hook: &Arc<str>) {
        if self.schedule.waiting(hook) <= self.attempts.settings.waiting_per_hook / 2 && self.spilled.remove(hook) {
            self.take_from_journal(hook);
        }
    }

    /// Takes in what a hook has pending, as much as there is room for.
    fn take_from_journal(&mut self, hook: &Arc<str>) {
        if self.is_pulled(hook) {
            self.spilled.remove(hook);
            return;
        }
        let room = self.attempts.settings.waiting_per_hook + self.attempts.settings.per_hook + 1;
        let pending = self.attempts.journal.pending_of(hook, None, room);
        if pending.len() == room {
            self.spilled.insert(hook.clone());
        }
        self.take_pending(pending);
    }

    /// Lets attempts in flight end, until the deadline; what has not ended then is as if it had never been tried.
    async fn drain(mut self) {
        let deadline = Instant::now() + self.attempts.settings.drain;
        while let Ok(Some(_)) = timeout_at(deadline, self.in_flight.join_next()).await {}
        let broken_off = self.in_flight.len();
        if broken_off > 0 {
            tracing::warn!(broken_off, "deliveries that had not ended in time will be made again after the next start");
        }
        self.in_flight.shutdown().await;
    }
}

/// Tells the operator what an attempt for a hook has changed.
fn say(hook: &str, place: &Place, switch: Switch) {
    match (place, switch) {
        (Place::Origin(server), Switch::Opened) => tracing::warn!(%server, "a server or file cannot be reached: what is for it waits"),
        (Place::Origin(server), Switch::Closed) => tracing::info!(%server, "a server or file can be reached again"),
        (Place::Destination(destination), Switch::Opened) => {
            tracing::warn!(%hook, destination = mask(destination), "a destination does not answer: what is for it waits");
        }
        (Place::Destination(destination), Switch::Closed) => {
            tracing::info!(%hook, destination = mask(destination), "a destination answers again");
        }
    }
}

#[cfg(test)]
mod tests;
