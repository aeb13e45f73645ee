//! Appends whole lines to a file, makes room when it is time, and sees that lines get to the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::target::{Options, Rotate, Sync, Target};
use crate::deliver::file_guard::FileGuard;
use crate::deliver::sink::lines::Writer;

/// A day's seconds.
const DAY: u64 = 24 * 3600;

/// The writer of one file.
pub(super) struct Appender {
    path: PathBuf,
    options: Options,
    guard: FileGuard,
    unsynced: Option<Unsynced>,
}

/// A file with lines that are not on the disk yet.
struct Unsynced {
    file: File,
    due: Instant,
}

impl Appender {
    pub(super) fn new(target: &Target, guard: FileGuard) -> Self {
        Self { path: target.path.clone(), options: target.options.clone(), guard, unsynced: None }
    }

    /// The file is judged and opened each time, so that it may be moved away by somebody else at any moment.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.guard.check(&self.path).map_err(io::Error::other)?;
        if self.is_to_rotate(lines.len() as u64, SystemTime::now())? {
            self.rotate()?;
        }
        let is_new = !self.path.try_exists()?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&self.path)?;
        if ends_within_a_line(&file)? {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        if self.options.sync == Sync::Never || !file.metadata()?.is_file() {
            return Ok(());
        }
        if is_new {
            sync_directory(&self.path)?;
        }
        match self.options.sync {
            Sync::Every(time) => self.sync_within(file, time),
            _ => file.sync_data(),
        }
    }

    fn is_to_rotate(&self, more: u64, now: SystemTime) -> io::Result<bool> {
        let Some(rotate) = self.options.rotate else { return Ok(false) };
        let metadata = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            metadata => metadata?,
        };
        if !metadata.is_file() || metadata.len() == 0 {
            return Ok(false);
        }
        Ok(match rotate {
            Rotate::Size(most) => metadata.len().saturating_add(more) > most,
            Rotate::Daily => day(metadata.modified()?) < day(now),
        })
    }

    /// Renames the file: at every moment each line is in one file, whatever happens.
    fn rotate(&mut self) -> io::Result<()> {
        if self.options.sync != Sync::Never {
            File::open(&self.path)?.sync_data()?;
            self.unsynced = None;
        }
        let mut rotated = rotated(&self.path)?;
        let next = rotated.last().map_or(1, |last| last + 1);
        fs::rename(&self.path, numbered(&self.path, next))?;
        if self.options.sync != Sync::Never {
            sync_directory(&self.path)?;
        }
        rotated.push(next);
        let surplus = rotated.len().saturating_sub(self.options.keep.unwrap_or(usize::MAX));
        for number in &rotated[..surplus] {
            let path = numbered(&self.path, *number);
            // It is in nobody's way, and the next rotation tries again.
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a rotated file could not be removed");
            }
        }
        Ok(())
    }

    /// Sees to it that what is in the file now is on the disk in time.
    fn sync_within(&mut self, file: File, time: Duration) -> io::Result<()> {
        match &self.unsynced {
            Some(before) if is_same(&before.file, &file)? => return Ok(()),
            // Somebody has moved the file away.
            Some(before) => before.file.sync_data()?,
            None => {}
        }
        self.unsynced = Some(Unsynced { file, due: Instant::now() + time });
        Ok(())
    }
}

impl Writer for Appender {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.append(lines)
    }

    fn flush_at(&self) -> Option<Instant> {
        self.unsynced.as_ref().map(|unsynced| unsynced.due)
    }

    fn flush(&mut self) {
        let Some(Unsynced { file, .. }) = self.unsynced.take() else { return };
        if let Err(error) = file.sync_data() {
            tracing::error!(path = %self.path.display(), %error, "lines that count as delivered may not have got to the disk");
        }
    }
}

/// Days since 1970.
fn day(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / DAY)
}

/// The numbers of the files that this one has been rotated to, in ascending order: the latest is the highest.
fn rotated(path: &Path) -> io::Result<Vec<u64>> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned() + ".").unwrap_or_default();
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory(path))? {
        let entry = entry?.file_name();
        let number = entry.to_str().and_then(|entry| entry.strip_prefix(&name)?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// `out.jsonl.7`
fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Whether an earlier write was cut off, by a crash or a full disk.
fn ends_within_a_line(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.read_exact_at(&mut last, metadata.len() - 1)?;
    Ok(last != *b"\n")
}

fn is_same(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Makes the names in a file's directory as durable as its lines.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory(path))?.sync_all()
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn appender(directory: &Path, query: &str) -> Appender {
        Appender::new(&Target::parse(&format!("{}/out.jsonl{query}", directory.display())).unwrap(), FileGuard::default())
    }

    /// What the file and those that it was rotated to contain, by the ends of their names.
    fn contents(directory: &Path) -> Vec<(String, String)> {
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let end = |path: &Path| path.file_name().unwrap().to_str().unwrap().trim_start_matches("out.jsonl").to_owned();
        let mut contents: Vec<_> = files.map(|path| (end(&path), fs::read_to_string(&path).unwrap())).collect();
        contents.sort();
        contents
    }

    fn expected(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_file_makes_room_before_it_would_grow_too_large() {
        let directory = tempfile::tempdir().unwrap();
        let mut appender = appender(directory.path(), "?rotate=5");
        for line in [&b"1\n"[..], b"2\n", b"3\n", b"a longer one\n", b"4\n"] {
            appender.append(line).unwrap();
        }
        assert_eq!(contents(directory.path()), expected(&[("", "4\n"), (".1", "1\n2\n"), (".2", "3\n"), (".3", "a longer one\n")]));
    }

    #[test]
    fn only_the_latest_of_the_rotated_files_are_kept_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("out.jsonl.other"), "not ours").unwrap();
        for line in (0..13).map(|number| format!("{number}\n")) {
            appender(directory.path(), "?rotate=2&keep=2").append(line.as_bytes()).unwrap();
        }
        assert_eq!(contents(directory.path()), expected(&[("", "12\n"), (".11", "10\n"), (".12", "11\n"), (".other", "not ours")]));
    }

    #[test]
    fn a_crash_between_the_steps_of_a_rotation_loses_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.jsonl");
        // Renamed, and neither begun anew nor the surplus removed.
        for (name, text) in [(".1", "1\n"), (".2", "2\n"), (".3", "3\n")] {
            fs::write(format!("{}{name}", path.display()), text).unwrap();
        }
        let mut appender = appender(directory.path(), "?rotate=2&keep=3");
        appender.append(b"4\n").unwrap();
        assert_eq!(contents(directory.path()), expected(&[("", "4\n"), (".1", "1\n"), (".2", "2\n"), (".3", "3\n")]));
        appender.append(b"5\n").unwrap();
        assert_eq!(contents(directory.path()), expected(&[("", "5\n"), (".2", "2\n"), (".3", "3\n"), (".4", "4\n")]));
    }

    #[test]
    fn a_daily_file_makes_room_for_the_first_line_of_another_day() {
        let directory = tempfile::tempdir().unwrap();
        let mut appender = appender(directory.path(), "?rotate=daily");
        appender.append(b"1\n").unwrap();
        let yesterday = SystemTime::now() - Duration::from_secs(DAY);
        File::options().write(true).open(directory.path().join("out.jsonl")).unwrap().set_modified(yesterday).unwrap();
        appender.append(b"2\n").unwrap();
        assert!(!appender.is_to_rotate(2, fs::metadata(directory.path().join("out.jsonl")).unwrap().modified().unwrap()).unwrap());
        assert_eq!(contents(directory.path()), expected(&[("", "2\n"), (".1", "1\n")]));
    }

    #[test]
    fn a_time_to_sync_runs_from_the_first_line_and_ends_with_the_sync() {
        let directory = tempfile::tempdir().unwrap();
        let mut appender = appender(directory.path(), "?fsync=1h");
        assert_eq!(appender.flush_at(), None);
        let begun = Instant::now();
        appender.append(b"1\n").unwrap();
        let due = appender.flush_at().unwrap();
        assert!(due >= begun + Duration::from_hours(1));
        appender.append(b"2\n").unwrap();
        assert_eq!(appender.flush_at(), Some(due));
        appender.flush();
        assert_eq!(appender.flush_at(), None);
    }

    #[test]
    fn a_file_that_is_moved_away_begins_anew_and_its_lines_still_get_to_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let mut appender = appender(directory.path(), "?fsync=1h");
        appender.append(b"1\n").unwrap();
        fs::rename(directory.path().join("out.jsonl"), directory.path().join("out.jsonl.moved")).unwrap();
        appender.append(b"2\n").unwrap();
        assert!(is_same(&appender.unsynced.unwrap().file, &File::open(directory.path().join("out.jsonl")).unwrap()).unwrap());
        assert_eq!(contents(directory.path()), expected(&[("", "2\n"), (".moved", "1\n")]));
    }
}
