//! Appends bundles to files, a line of JSON each.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::lines::Lines;
use super::{Delivery, Refusal, Sink};
use crate::deliver::settings::FileSync;

/// The writers of all files, one for each path, so that no two write into the same file.
pub(super) struct Files {
    sync: FileSync,
    open: Mutex<HashMap<PathBuf, Arc<LineFile>>>,
}

struct LineFile {
    path: PathBuf,
    lines: Lines,
}

impl Files {
    pub(super) fn new(sync: FileSync) -> Self {
        Self { sync, open: Mutex::new(HashMap::new()) }
    }

    pub(super) fn sink(&self, path: &Path) -> Arc<dyn Sink> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(path) {
            return file.clone();
        }
        let file = Arc::new(LineFile::new(path, self.sync));
        open.insert(path.to_owned(), file.clone());
        file
    }
}

impl LineFile {
    fn new(path: &Path, sync: FileSync) -> Self {
        let target = path.to_owned();
        let lines = Lines::start(move |bytes| append(&target, bytes, sync));
        Self { path: path.to_owned(), lines }
    }
}

impl Sink for LineFile {
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            let result = self.lines.write(delivery.bundle.json.clone()).await;
            result.map_err(|refusal| name_file(refusal, &self.path))
        })
    }
}

fn name_file(refusal: Refusal, path: &Path) -> Refusal {
    match refusal {
        Refusal::Retry { reason, put_off } => Refusal::Retry { reason: format!("{}: {reason}", path.display()), put_off },
        Refusal::Unreachable { reason } => Refusal::unreachable(format!("{}: {reason}", path.display())),
        gone @ Refusal::Gone { .. } => gone,
    }
}

/// The path in a `file:` destination.
pub(super) fn path(rest: &str) -> Result<PathBuf, String> {
    let path = match rest.strip_prefix("//") {
        Some(local) if local.starts_with('/') => local,
        Some(_) => return Err("a file on another machine cannot be reached".into()),
        None => rest,
    };
    match path {
        "" => Err("the path is missing".into()),
        directory if directory.ends_with('/') => Err("it names a directory, not a file".into()),
        path => Ok(path.into()),
    }
}

/// Appends whole lines. The file is opened each time, so that it may be moved away (rotated) at any moment.
fn append(path: &Path, lines: &[u8], sync: FileSync) -> io::Result<()> {
    let is_new = !path.try_exists()?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    if ends_within_a_line(&file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(lines)?;
    if sync == FileSync::Always && file.metadata()?.is_file() {
        file.sync_data()?;
        if is_new {
            sync_directory(path)?;
        }
    }
    Ok(())
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

/// Makes the name of a new file as durable as its lines.
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::deliver::sink::Bundle;

    async fn deliver(sink: &dyn Sink, json: &'static str) -> Result<(), Refusal> {
        let bundle = Bundle { json: json.into(), ..Bundle::default() };
        sink.deliver(Delivery { bundle: &bundle, connection: None, secrets: &[], now_ms: 0 }).await
    }

    #[tokio::test]
    async fn lines_are_appended_and_a_rotated_file_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.jsonl");
        let sink = Files::new(FileSync::Always).sink(&path);
        deliver(&*sink, "{\"a\":1}").await.unwrap();
        deliver(&*sink, "2").await.unwrap();
        fs::rename(&path, directory.path().join("old.jsonl")).unwrap();
        deliver(&*sink, "3").await.unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("old.jsonl")).unwrap(), "{\"a\":1}\n2\n");
        assert_eq!(fs::read_to_string(path).unwrap(), "3\n");
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_does_not_spoil_the_next() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "1\n{\"cut").unwrap();
        deliver(&*Files::new(FileSync::Never).sink(file.path()), "2").await.unwrap();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "1\n{\"cut\n2\n");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_named_in_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing/out.jsonl");
        let refusal = deliver(&*Files::new(FileSync::Always).sink(&path), "1").await.unwrap_err();
        assert!(matches!(&refusal, Refusal::Unreachable { reason } if reason.contains("missing/out.jsonl: No such file")), "{refusal:?}");
    }

    #[test]
    fn a_directory_is_no_file() {
        assert_eq!(path("/tmp/"), Err("it names a directory, not a file".into()));
    }
}
