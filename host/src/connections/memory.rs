//! The store that lasts as long as the process.

use super::record::Write;
use super::store::{Contents, Fault, Store};

/// Definitions in a map.
#[derive(Debug, Default)]
pub(super) struct MemoryStore(Contents);

impl Store for MemoryStore {
    fn load(&self) -> Result<Contents, Fault> {
        Ok(self.0.clone())
    }

    fn apply(&mut self, first: u64, writes: &[Write]) -> Result<(), Fault> {
        for (revision, write) in (first..).zip(writes) {
            self.0.write(revision, write);
        }
        Ok(())
    }
}
