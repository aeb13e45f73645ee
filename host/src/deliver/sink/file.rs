//! Appends bundles to files, a line of JSON each.

mod appender;
mod target;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::lines::Lines;
use super::{Delivery, Refusal, Sink};
use crate::deliver::file_guard::FileGuard;
use appender::Appender;
pub(super) use target::Target;

/// The writers of all files, one for each path, so that no two write into the same file.
#[derive(Default)]
pub(super) struct Files {
    guard: FileGuard,
    open: Mutex<HashMap<PathBuf, Arc<LineFile>>>,
}

struct LineFile {
    target: Target,
    lines: Lines,
}

impl Files {
    /// Those that the guard lets through.
    pub(super) fn new(guard: FileGuard) -> Self {
        Self { guard, open: Mutex::default() }
    }

    /// The sink of a file. One that was open with other options is closed: its hook has been changed.
    pub(super) fn sink(&self, target: &Target) -> Arc<dyn Sink> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(target.path()).filter(|file| !file.target.contradicts(target)) {
            return file.clone();
        }
        let file = Arc::new(LineFile { target: target.clone(), lines: Lines::start(Appender::new(target, self.guard.clone())) });
        open.insert(target.path().to_owned(), file.clone());
        file
    }
}

impl Sink for LineFile {
    fn deliver<'a>(&'a self, delivery: Delivery<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async {
            let result = self.lines.write(delivery.bundle.json.clone()).await;
            result.map_err(|refusal| name_file(refusal, self.target.path()))
        })
    }
}

fn name_file(refusal: Refusal, path: &Path) -> Refusal {
    match refusal {
        Refusal::Retry { reason, put_off } => Refusal::Retry { reason: format!("{}: {reason}", path.display()), put_off },
        Refusal::Unreachable { reason } => Refusal::unreachable(format!("{}: {reason}", path.display())),
        other @ (Refusal::Unanswered { .. } | Refusal::Gone { .. }) => other,
    }
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

    fn sink(path: &Path) -> Arc<dyn Sink> {
        Files::default().sink(&Target::parse(path.to_str().unwrap()).unwrap())
    }

    #[tokio::test]
    async fn lines_are_appended_and_a_rotated_file_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.jsonl");
        let sink = sink(&path);
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
        deliver(&*sink(file.path()), "2").await.unwrap();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "1\n{\"cut\n2\n");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_named_in_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing/out.jsonl");
        let refusal = deliver(&*sink(&path), "1").await.unwrap_err();
        assert!(matches!(&refusal, Refusal::Unreachable { reason } if reason.contains("missing/out.jsonl: No such file")), "{refusal:?}");
    }

    #[tokio::test]
    async fn a_file_of_the_hosts_own_is_not_touched_whatever_a_hook_says() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("tokens.json");
        fs::write(&path, "[]").unwrap();
        let files = Files::new(FileGuard::new(data.path(), &[], Vec::new()));
        let refusal = deliver(&*files.sink(&Target::parse(&format!("{}?rotate=1", path.display())).unwrap()), "1").await.unwrap_err();
        assert!(refusal.reason().contains("is in the host's data directory"), "{refusal:?}");
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), fs::read_dir(data.path()).unwrap().count()), ("[]", 1));
    }

    #[tokio::test]
    async fn a_file_whose_options_have_changed_is_opened_with_the_new_ones() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::default();
        let target = |query| Target::parse(&format!("{}/out.jsonl{query}", directory.path().display())).unwrap();
        deliver(&*files.sink(&target("")), "1").await.unwrap();
        deliver(&*files.sink(&target("?rotate=1")), "2").await.unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("out.jsonl.1")).unwrap(), "1\n");
    }
}
