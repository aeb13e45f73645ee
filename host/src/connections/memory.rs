//! The store that lasts as long as the process.

use super::record::Write;
use super::store::{Contents, Fault, Store};

/// Definitions in a map.
#[derive(Debug, Default)]
pub(super) struct MemoryStore(Contents);

impl Store for MemoryStore {
    fn each(&self, see: &mut dyn FnMut(&str, u64, &[u8])) -> Result<u64, Fault> {
        self.0.rows.iter().for_each(|(key, row)| see(key, row.revision, &row.json));
        Ok(self.0.revision)
    }

    fn apply(&mut self, first: u64, writes: &[Write]) -> Result<(), Fault> {
        for (revision, write) in (first..).zip(writes) {
            self.0.write(revision, write);
        }
        Ok(())
    }
}
