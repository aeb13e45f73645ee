//! A copy of both logs as they are on the disk, made while they are written.

use std::fs;
use std::io;
use std::path::Path;

use super::Journal;

impl Journal {
    /// Copies what is durable into two empty directories: first what became of deliveries, then the events, so that no state
    /// is without its event. Blocks.
    pub(crate) fn back_up(&self, events: &Path, deliveries: &Path) -> io::Result<()> {
        let states = {
            // No checkpoint may take the place of the one that is copied, nor may the states go that it does not cover.
            let checkpoints = super::lock(&self.checkpoints);
            for path in checkpoints.paths() {
                match fs::copy(&path, deliveries.join(path.file_name().unwrap_or_default())) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            self.delivery_index.durable()
        };
        states.iter().try_for_each(|segment| segment.copy_to(deliveries))?;
        self.index.durable().iter().try_for_each(|segment| segment.copy_to(events))?;
        // What a segment leaves behind is there before it goes, so each is copied as one or the other.
        super::lock(&self.remains).copy_to(events)
    }
}
