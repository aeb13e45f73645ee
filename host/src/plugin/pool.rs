//! The pool of instances that all requests share, as large as the address space allows.
//!
//! The pool reserves address space, no memory: a slot of 4 GiB for each instance lets compiled code do without bounds checks.
//! Where the process may not have so much (`ulimit -v`, `LimitAS=`), slots are as large as a plugin's memory and code checks
//! bounds; where even that is too much, there are fewer of them.

use std::iter;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use tracing::{info, warn};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::native_code::{MemoryLayout, NativeCode};
use super::plain;
use super::settings::{KEPT_MEMORY, KEPT_TABLE, Settings, TABLE_ELEMENTS};

/// Core instances and tables that one component may have in the pool.
const CORE_INSTANCES: u32 = 8;
const TABLES: u32 = 4;

/// The pool takes no more than this part of the address space that is left: threads, bodies and compiled code need some too.
const OF_WHAT_IS_LEFT: u64 = 4;

/// An engine whose instances come from a pool.
pub(super) struct Pool {
    pub(super) engine: Engine,
    pub(super) layout: MemoryLayout,
    /// So many requests may be in plugins at once.
    pub(super) instances: u32,
    /// Why no plugin can run in this process, if none can; with what the operator can do about it.
    pub(super) unusable: Option<String>,
}

/// A pool that may or may not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    layout: MemoryLayout,
    instances: u32,
}

impl Pool {
    /// The largest pool that fits. Where none does, or the system lets no compiled code run, there is an engine all the same,
    /// so that services without plugins are served; the log says what is wrong.
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let room = address_space_left().map(|left| left / OF_WHAT_IS_LEFT);
        let wanted = settings.pool();
        let fitting = plans(settings.memory, wanted).filter(|plan| room.is_none_or(|room| plan.reserved() <= room));
        let found = fitting.into_iter().find_map(|plan| Some((plan, plan.open(settings).ok()?)));
        let pool = match found {
            Some((plan, engine)) => Self { unusable: refused_to_run(&engine), engine, layout: plan.layout, instances: plan.instances },
            None => Self::without_room(settings)?,
        };
        pool.report(wanted);
        Ok(pool)
    }

    fn without_room(settings: &Settings) -> Result<Self> {
        let layout = MemoryLayout::checked(settings.memory);
        let engine = Engine::new(&layout.config()).map_err(plain).context("cannot set up the plugin engine")?;
        let needed = Plan { layout, instances: 1 }.reserved() >> 20;
        let reason = format!(
            "a quarter of the address space that is left to this process is less than the {needed} MiB that they need: raise `ulimit -v` \
             (`LimitAS=` in a systemd unit), or lower --plugin-memory"
        );
        Ok(Self { engine, layout, instances: 1, unusable: Some(reason) })
    }

    fn report(&self, wanted: u32) {
        let instances = self.instances;
        match &self.unusable {
            Some(reason) => warn!("no plugin can run here: {reason}"),
            None if instances < wanted => {
                let meaning = "the address space is limited (`ulimit -v`, `LimitAS=`): fewer requests can be in plugins at once, and plugins run slower";
                warn!(instances, wanted, "{meaning}");
            }
            None if self.layout != MemoryLayout::UNCHECKED => {
                info!(
                    instances,
                    "the address space is limited (`ulimit -v`, `LimitAS=`): plugins run slower, because their code checks bounds"
                );
            }
            None => {}
        }
    }
}

/// From what is best to what takes least.
fn plans(memory: usize, wanted: u32) -> impl Iterator<Item = Plan> {
    let checked = MemoryLayout::checked(memory);
    let halved = iter::successors(Some(wanted), |instances| Some(instances / 2).filter(|half| *half > 0));
    let best = Plan { layout: MemoryLayout::UNCHECKED, instances: wanted };
    iter::once(best).chain(halved.map(move |instances| Plan { layout: checked, instances }))
}

impl Plan {
    /// One more than requests may have: a plugin that is being loaded says what it offers in it.
    fn slots(self) -> u32 {
        self.instances + 1
    }

    /// Address space, in bytes.
    fn reserved(self) -> u64 {
        let tables = u64::from(TABLES) * TABLE_ELEMENTS as u64 * size_of::<usize>() as u64;
        (self.layout.reservation + self.layout.guard + tables) * u64::from(self.slots())
    }

    fn open(self, settings: &Settings) -> wasmtime::Result<Engine> {
        let slots = self.slots();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(slots)
            .total_memories(slots)
            // No call of a plugin is suspended: all run on the stack of their thread.
            .total_stacks(0)
            .total_core_instances(slots * CORE_INSTANCES)
            .total_tables(slots * TABLES)
            .max_memory_size(settings.memory)
            .table_elements(TABLE_ELEMENTS)
            .linear_memory_keep_resident(KEPT_MEMORY)
            .table_keep_resident(KEPT_TABLE);
        let mut config = self.layout.config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        Engine::new(&config)
    }
}

/// Address space that this process may still have, in bytes; `None`: as much as there is.
fn address_space_left() -> Option<u64> {
    let limit = getrlimit(Resource::As).current?;
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|statm| statm.split(' ').next()?.parse::<u64>().ok());
    Some(limit.saturating_sub(pages.unwrap_or_default() * rustix::param::page_size() as u64))
}

/// A component with one function, which does nothing.
const SMALLEST: &[u8] = b"\0asm\x0d\0\x01\0\x01\x18\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";

/// Why compiled code cannot be run in this process. Found by making some executable, as loading a plugin does.
fn refused_to_run(engine: &Engine) -> Option<String> {
    let loaded = NativeCode::compile(engine, SMALLEST).and_then(|code| code.load(engine));
    let error = loaded.err()?;
    Some(format!(
        "the system lets this process make no memory executable ({error:#}): set `MemoryDenyWriteExecute=no` in its systemd unit, or allow \
         `execmem` in the policy of SELinux"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_gives_up_unchecked_code_first_and_then_instances() {
        let plans: Vec<_> = plans(64 << 20, 5).collect();
        assert_eq!(plans[0], Plan { layout: MemoryLayout::UNCHECKED, instances: 5 });
        let rest: Vec<_> = plans[1..].iter().map(|plan| (plan.layout.reservation, plan.instances)).collect();
        assert_eq!(rest, [(64 << 20, 5), (64 << 20, 2), (64 << 20, 1)]);
        assert!(plans.windows(2).all(|pair| pair[0].reserved() > pair[1].reserved()));
    }

    #[test]
    fn every_plan_is_a_pool_that_runs_what_is_compiled_for_its_layout_alone() {
        let settings = Settings { instances: 2, ..Settings::default() };
        for plan in plans(settings.memory, 2) {
            let engine = plan.open(&settings).unwrap();
            assert_eq!(refused_to_run(&engine), None);
            let compiler = Engine::new(&plan.layout.config()).unwrap();
            assert!(NativeCode::compile(&compiler, SMALLEST).unwrap().load(&engine).is_ok(), "{plan:?}");
        }
    }

    #[test]
    fn where_no_pool_fits_the_reason_says_what_to_do() {
        let pool = Pool::without_room(&Settings::default()).unwrap();
        assert!(pool.unusable.unwrap().contains("raise `ulimit -v`"));
    }
}
