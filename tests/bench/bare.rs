//! What the disk gives at most: appends with one fdatasync for each batch, and nothing else.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// Records of this size a second, in batches of so many.
pub(crate) fn appends(directory: &Path, record: usize, batch: usize, time: Duration) -> anyhow::Result<f64> {
    let mut file = File::create(directory.join("bare"))?;
    let buffer = vec![b'x'; record * batch];
    let (start, mut records) = (Instant::now(), 0);
    while start.elapsed() < time {
        file.write_all(&buffer)?;
        file.sync_data()?;
        records += batch;
    }
    Ok(records as f64 / start.elapsed().as_secs_f64())
}
