//! The mark of a directory that is still being written: what has it is no data directory, whatever else is there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// The name of the file that is the mark. What is in it is for whoever looks.
pub(crate) const NAME: &str = "UNFINISHED";

/// What there is to say of a directory with the mark.
pub(crate) const ADVICE: &str =
    "the backup or restore that was writing it has not finished; if that was interrupted, remove the directory and run it again";

/// Marks a directory that is there: whatever interrupts what is written to it from now on, what is left is recognised.
pub(crate) fn mark(directory: &Path) -> io::Result<()> {
    let mut file = File::create(directory.join(NAME))?;
    writeln!(file, "{ADVICE}")?;
    file.sync_all()?;
    File::open(directory)?.sync_all()
}

/// Takes the mark away. Everything else in the directory must be on disk.
pub(crate) fn unmark(directory: &Path) -> io::Result<()> {
    fs::remove_file(directory.join(NAME))?;
    File::open(directory)?.sync_all()
}

/// Whether a directory has the mark.
pub(crate) fn is_marked(directory: &Path) -> bool {
    directory.join(NAME).exists()
}
