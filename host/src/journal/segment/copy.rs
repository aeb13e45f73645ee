//! Segments as they are at one moment, to be copied while the log goes on.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use super::{Index, Segment};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// What is durable of a segment. It can be read even after the segment was removed.
pub(crate) struct Durable {
    segment: Arc<Segment>,
    end: u64,
}

impl Index {
    /// What is durable now.
    pub(crate) fn durable(&self) -> Vec<Durable> {
        let durable = |segment: Arc<Segment>| Durable { end: segment.end(), segment };
        self.all().into_iter().map(durable).collect()
    }
}

impl Durable {
    /// Copies it into a directory, under its own name.
    pub(crate) fn copy_to(&self, directory: &Path) -> io::Result<()> {
        let name = self.segment.path.file_name().ok_or_else(|| io::Error::other("a segment has no name"))?;
        let mut copy = File::create(directory.join(name))?;
        let (mut at, mut chunk) = (0, vec![0; CHUNK]);
        while at < self.end {
            let length = usize::try_from(self.end - at).map_or(CHUNK, |left| left.min(CHUNK));
            self.segment.file.read_exact_at(&mut chunk[..length], at)?;
            copy.write_all(&chunk[..length])?;
            at += length as u64;
        }
        Ok(())
    }
}
