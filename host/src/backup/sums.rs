//! The SHA-256 sums of a backup's files, in the form of `sha256sum`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::data_directory::{unfinished, write_durably};

/// The name of the file with the sums.
pub(super) const NAME: &str = "SHA256SUMS";
/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// The sum of each file, by its path in the backup.
#[derive(Debug)]
pub(super) struct Sums {
    sums: BTreeMap<String, String>,
    bytes: u64,
}

impl Sums {
    /// Those of everything below a directory, but for the mark that it is not finished.
    pub(super) fn of(directory: &Path) -> anyhow::Result<Self> {
        let mut sums = Self { sums: BTreeMap::new(), bytes: 0 };
        sums.add_below(directory, "")?;
        Ok(sums)
    }

    /// Those that a backup says its files have.
    pub(super) fn read(backup: &Path) -> anyhow::Result<Self> {
        let path = backup.join(NAME);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("{} is no whole backup: {}", backup.display(), missing(backup))
            }
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let sums = text.lines().map(|line| parse(line).with_context(|| format!("{} is damaged: `{line}`", path.display())));
        Ok(Self { sums: sums.collect::<anyhow::Result<_>>()?, bytes: 0 })
    }

    pub(super) fn write(&self, backup: &Path) -> io::Result<()> {
        let lines: String = self.sums.iter().map(|(path, sum)| format!("{sum}  {path}\n")).collect();
        write_durably(&backup.join(NAME), &lines)
    }

    /// The files that are not as these sums say, and how many bytes there are.
    pub(super) fn check(&self, backup: &Path) -> (Vec<String>, u64) {
        let (mut wrong, mut bytes) = (Vec::new(), 0);
        for (path, expected) in &self.sums {
            match sum(&backup.join(path)) {
                Ok((sum, read)) if sum == *expected => bytes += read,
                Ok(_) => wrong.push(format!("{path} is not as it was written")),
                Err(error) => wrong.push(format!("{path} cannot be read: {error}")),
            }
        }
        (wrong, bytes)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.sums.keys().map(String::as_str)
    }

    pub(super) fn files(&self) -> usize {
        self.sums.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn add_below(&mut self, directory: &Path, prefix: &str) -> anyhow::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a file's name is not text")?;
            let path = format!("{prefix}{name}");
            if path == unfinished::NAME {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.add_below(&entry.path(), &format!("{path}/"))?;
            } else {
                let (sum, bytes) = sum(&entry.path())?;
                self.bytes += bytes;
                self.sums.insert(path, sum);
            }
        }
        Ok(())
    }
}

/// Why a backup has no sums.
fn missing(backup: &Path) -> String {
    match unfinished::is_marked(backup) {
        true => unfinished::ADVICE.to_owned(),
        false => format!("it has no {NAME}, which is written last; name another, or make one with `hookwright backup`"),
    }
}

fn sum(path: &Path) -> io::Result<(String, u64)> {
    let (mut file, mut hash, mut bytes, mut chunk) = (File::open(path)?, Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((hex::encode(hash.finalize()), bytes)),
            read => {
                hash.update(&chunk[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// A line; nothing that leads out of the backup is taken.
fn parse(line: &str) -> Option<(String, String)> {
    let (sum, path) = line.split_once("  ")?;
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    (sum.len() == 64 && inside && !path.is_empty()).then(|| (path.to_owned(), sum.to_owned()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_file_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/b"), "one").unwrap();
        fs::write(root.path().join("c"), "two").unwrap();
        let sums = Sums::of(root.path()).unwrap();
        sums.write(root.path()).unwrap();
        let sums = Sums::read(root.path()).unwrap();
        assert_eq!(sums.check(root.path()), (vec![], 6));
        fs::write(root.path().join("a/b"), "onE").unwrap();
        fs::remove_file(root.path().join("c")).unwrap();
        let (wrong, _) = sums.check(root.path());
        assert_eq!(wrong[0], "a/b is not as it was written");
        assert!(wrong[1].starts_with("c cannot be read"), "{wrong:?}");
    }

    #[test]
    fn no_path_leads_out_of_the_backup() {
        let sum = "0".repeat(64);
        assert!(parse(&format!("{sum}  journal/events/1.segment")).is_some());
        for path in ["../x", "/etc/passwd", "a/../../x", ""] {
            assert_eq!(parse(&format!("{sum}  {path}")), None, "{path}");
        }
        assert_eq!(parse("abc  x"), None);
    }
}
