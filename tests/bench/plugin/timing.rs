//! How long something takes, in processor time and by the clock.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// What one call took, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// Calls between two looks at the clock.
const BATCH: u32 = 64;

/// Calls `work` for this long on so many threads at once; the mean over all of them.
pub(crate) fn cost(threads: usize, time: Duration, work: &(impl Fn() + Sync)) -> Cost {
    let costs: Vec<Cost> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| cost_here(time, work))).collect();
        running.into_iter().map(|thread| thread.join().expect("what is measured does not panic")).collect()
    });
    let mean = |part: fn(&Cost) -> f64| costs.iter().map(part).sum::<f64>() / threads as f64;
    Cost { cpu: mean(|cost| cost.cpu), wall: mean(|cost| cost.wall) }
}

fn cost_here(time: Duration, work: &impl Fn()) -> Cost {
    (0..BATCH).for_each(|_| work());
    let (began, cpu, mut calls) = (Instant::now(), thread_time(), 0);
    while began.elapsed() < time {
        (0..BATCH).for_each(|_| work());
        calls += BATCH;
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(calls);
    Cost { cpu: each(thread_time() - cpu), wall: each(began.elapsed()) }
}

/// Processor time of this thread, the kernel's part included, from Linux's own account.
fn thread_time() -> Duration {
    let account = fs::read_to_string("/proc/thread-self/schedstat").expect("processor time is only measured on Linux");
    let nanoseconds = account.split_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the account begins with nanoseconds"))
}

/// One row's turns.
#[derive(Default)]
pub(crate) struct Turns(Vec<Cost>);

impl Turns {
    pub(crate) fn add(&mut self, cost: Cost) {
        self.0.push(cost);
    }

    fn at(&self, place: usize) -> Cost {
        let ordered = |part: fn(&Cost) -> f64| {
            let mut turns: Vec<f64> = self.0.iter().map(part).collect();
            turns.sort_by(f64::total_cmp);
            turns[place]
        };
        Cost { cpu: ordered(|cost| cost.cpu), wall: ordered(|cost| cost.wall) }
    }

    pub(crate) fn median(&self) -> Cost {
        self.at(self.0.len() / 2)
    }

    /// What this costs more than `other`, turn by turn.
    pub(crate) fn over(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(this, other)| Cost { cpu: this.cpu - other.cpu, wall: this.wall - other.wall }).collect())
    }

    pub(crate) fn row(&self, name: &str) -> String {
        let (best, median) = (self.at(0), self.median());
        format!("{name:<40} {:>9.1} {:>9.1} {:>9.1} {:>9.1}", best.cpu, median.cpu, best.wall, median.wall)
    }
}
