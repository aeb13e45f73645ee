//! Decoding and evaluating under limits: how many at once, for how long, with how much memory.

pub mod memory;
mod meter;
mod places;
mod processor_time;
mod turns;

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::failure::Failure;
use crate::inbound::{Lease, MemoryPool};
use crate::shares::Holder;

pub use meter::{Allowance, Cancelled, Meter};
pub use places::{Busy, Place, Places};
pub use turns::Turns;

use meter::{Attempt, CancelOnDrop};

/// What all evaluations together, and each of them, may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests of one service that are evaluated at once on threads of their own.
    pub places: usize,
    /// How long a request waits for a place. It takes no thread meanwhile.
    pub waiting_time: Duration,
    /// What one request may use.
    pub allowance: Allowance,
}

impl Default for Limits {
    fn default() -> Self {
        Self { places: default_places(), waiting_time: Duration::from_secs(5), allowance: Allowance::default() }
    }
}

/// An evaluation computes and never waits: more than a few for each processor only make each other late.
fn default_places() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    (processors * 4).clamp(8, 1024)
}

/// Where requests are evaluated that may take long.
#[derive(Debug)]
pub struct Evaluations {
    limits: Limits,
    places: Places,
    turns: Turns,
}

impl Evaluations {
    /// None at work yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, places: Places::new(limits.places, limits.waiting_time), turns: Turns::default() }
    }

    /// A budget for an attempt on this thread.
    pub(crate) fn attempt(&self) -> Attempt {
        Attempt::begin(&self.limits.allowance)
    }

    /// A place to evaluate something in.
    ///
    /// # Errors
    /// None became free in time.
    pub async fn admit(&self, holder: &Holder) -> Result<Place, Failure> {
        self.places.admit(holder).await.map_err(|busy| Failure::Unavailable(busy.to_string()))
    }

    /// Runs `work` on a thread of its own, within a budget that takes its memory from the lease. It is told to end when the
    /// returned future is dropped: whoever asked has gone.
    ///
    /// # Errors
    /// The work broke off.
    pub async fn run<T, W>(self: &Arc<Self>, place: Place, mut lease: Lease, work: W) -> Result<(T, Lease), Failure>
    where
        T: Send + 'static,
        W: FnOnce(&Meter<'_>) -> T + Send + 'static,
    {
        let waiting = CancelOnDrop::default();
        let (evaluations, cancelled) = (self.clone(), waiting.flag());
        let working = spawn_blocking(move || {
            let meter = Meter::new(evaluations.limits.allowance, &evaluations.turns, &mut lease, &cancelled);
            let result = work(&meter);
            let left = meter.memory();
            drop(meter);
            lease.shrink_evaluation(left);
            drop(place);
            (result, lease)
        });
        let result = working.await;
        drop(waiting);
        result.map_err(|_| Failure::Spec("the evaluation broke off".to_owned()))
    }
}

/// Runs `work` on this thread within the default allowance, where nothing else shares in anything: a command's one request.
pub fn alone<T>(work: impl FnOnce(&Meter<'_>) -> T) -> T {
    let Limits { allowance, .. } = Limits::default();
    let pool = MemoryPool::new(allowance.memory.saturating_mul(2));
    let mut lease = pool.lease(Holder { network: None, service: "".into() });
    work(&Meter::new(allowance, &Turns::default(), &mut lease, &Cancelled::default()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::mpsc;

    use hookwright_iml::{Budget as _, Interrupt};
    use hookwright_webhook::{RequestBudget as _, Stage};

    use super::*;

    async fn evaluations(allowance: Allowance) -> (Arc<Evaluations>, Place, Lease) {
        let somebody = Holder { network: None, service: "shop".into() };
        let evaluations = Arc::new(Evaluations::new(Limits { allowance, places: 1, waiting_time: Duration::ZERO }));
        let place = evaluations.admit(&somebody).await.unwrap();
        (evaluations, place, MemoryPool::new(1 << 30).lease(somebody))
    }

    /// Asks until the answer is no.
    fn until_it_ends(meter: &Meter<'_>) -> Interrupt {
        loop {
            if let Err(interrupt) = meter.check() {
                return interrupt;
            }
        }
    }

    #[tokio::test]
    async fn each_stage_ends_when_its_processor_time_is_used() {
        let short = Allowance { condition_time: Duration::from_millis(1), time: Duration::from_millis(2), ..Allowance::default() };
        let (evaluations, place, lease) = evaluations(short).await;
        let work = |meter: &Meter<'_>| {
            let condition = until_it_ends(meter);
            meter.begin(Stage::Event);
            let event = until_it_ends(meter);
            meter.begin(Stage::Reply);
            let reply_began = meter.check();
            (condition, event, reply_began, until_it_ends(meter))
        };
        let (ended, _) = evaluations.run(place, lease, work).await.unwrap();
        assert_eq!(ended, (Interrupt::Time, Interrupt::Time, Ok(()), Interrupt::Time));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_told_to_end() {
        let (evaluations, place, lease) = evaluations(Allowance { condition_time: Duration::MAX, ..Allowance::default() }).await;
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = mpsc::channel();
        let work = move |meter: &Meter<'_>| {
            begun.send(()).unwrap();
            ended.send(until_it_ends(meter)).unwrap();
        };
        let waiting = tokio::spawn(async move { evaluations.run(place, lease, work).await.map(|_| ()) });
        has_begun.await.unwrap();
        waiting.abort();
        let interrupt = tokio::task::spawn_blocking(move || has_ended.recv().unwrap()).await.unwrap();
        assert_eq!(interrupt, Interrupt::Cancelled);
    }

    #[tokio::test]
    async fn work_that_breaks_off_is_no_reply_and_leaves_its_place() {
        let (evaluations, place, lease) = evaluations(Allowance::default()).await;
        let holder = lease.holder().clone();
        let failed = evaluations.run(place, lease, |_| panic!("on purpose")).await.map(|((), _)| ());
        assert!(matches!(failed, Err(Failure::Spec(_))));
        assert!(evaluations.admit(&holder).await.is_ok());
    }
}
