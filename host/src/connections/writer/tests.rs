//! What the thread makes of changes that wait for it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use tokio::sync::oneshot::Receiver as Reply;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::data::Data;
use super::super::definition::State;
use super::super::memory::MemoryStore;
use super::*;

type Outcome = Result<(), StoreError>;

/// A store that keeps nothing, and shows every batch of writes that it is to sync.
struct Seen<F>(F);

impl<F: FnMut(&[Write]) + Send + 'static> Store for Seen<F> {
    fn each(&self, _: &mut dyn FnMut(&str, u64, &[u8])) -> Result<u64, Fault> {
        Ok(0)
    }

    fn apply(&mut self, _: u64, writes: &[Write]) -> Result<(), Fault> {
        (self.0)(writes);
        Ok(())
    }
}

fn connection(id: &str) -> Change {
    Change::PutConnection(Connection { id: id.into(), service: "slack".into(), uid: "T1".into(), name: None, data: Data::default() })
}

fn hook(id: &str, connection: Option<&str>, token: Option<&str>) -> Change {
    Change::PutHook(Hook {
        id: id.into(),
        service: "slack".into(),
        webhook: None,
        connection: connection.map(Into::into),
        token: token.map(Into::into),
        parameters: serde_json::Map::new(),
        destination: Some("stdout:".into()),
        manner: Default::default(),
        failing_since_ms: None,
        state: State::Enabled,
    })
}

fn connections(ids: std::ops::Range<usize>) -> Vec<Change> {
    ids.map(|id| connection(&format!("c{id}"))).collect()
}

/// A queue in which these changes wait, and nothing comes behind them.
fn queued(changes: Vec<Change>) -> (Receiver<Command>, Vec<Reply<Outcome>>) {
    let (sender, receiver) = sync_channel(changes.len());
    let wait = |change| {
        let (answer, reply) = oneshot::channel();
        sender.try_send(Command::Change(Box::new(change), answer)).unwrap_or_else(|_| panic!("the queue is too short"));
        reply
    };
    let replies = changes.into_iter().map(wait).collect();
    (receiver, replies)
}

fn answers(replies: impl IntoIterator<Item = Reply<Outcome>>) -> Vec<Outcome> {
    replies.into_iter().map(|reply| reply.blocking_recv().unwrap()).collect()
}

/// Makes these changes, all of which wait: what became of each, how many writes came with each sync, and what there is then.
fn made(changes: Vec<Change>) -> (Vec<Outcome>, Vec<usize>, Arc<Index>) {
    let (index, syncs) = (Arc::new(Index::default()), Arc::new(Mutex::new(Vec::new())));
    let (queue, replies) = queued(changes);
    let counted = Arc::clone(&syncs);
    let store = Seen(move |writes: &[Write]| counted.lock().unwrap().push(writes.len()));
    Writer::in_memory(store, Arc::clone(&index)).run(&queue);
    let syncs = syncs.lock().unwrap().clone();
    (answers(replies), syncs, index)
}

fn on_disk(journal: &Path) -> Writer {
    Writer { log: Journal::Log(Log::open(journal).unwrap().0), ..Writer::in_memory(MemoryStore::default(), Arc::default()) }
}

fn holds(journal: &Path, id: &str) -> bool {
    let mut segments = fs::read_dir(journal).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    segments.any(|bytes| bytes.windows(id.len()).any(|window| window == id.as_bytes()))
}

#[test]
fn changes_that_wait_share_one_sync_first_of_the_journal_then_of_the_store_and_are_seen_and_answered_after_it() {
    let journal = tempfile::tempdir().unwrap();
    let (queue, replies) = queued(connections(0..64));
    let replies = Arc::new(Mutex::new(replies));
    let mut writer = on_disk(journal.path());
    let (index, waiting, place) = (Arc::clone(&writer.index), Arc::clone(&replies), journal.path().to_owned());
    writer.store = Some(Box::new(Seen(move |writes: &[Write]| {
        assert_eq!(writes.len(), 64);
        assert!(holds(&place, "connection/c0") && holds(&place, "connection/c63"), "the journal does not have it yet");
        assert_eq!(index.counts(), (0, 0), "it is seen before it is durable");
        let mut waiting = waiting.lock().unwrap();
        assert!(waiting.iter_mut().all(|reply| reply.try_recv() == Err(TryRecvError::Empty)), "somebody was answered too early");
    })));
    let (index, condition) = (Arc::clone(&writer.index), Arc::clone(&writer.condition));
    writer.run(&queue);
    assert!(!condition.has_failed(), "the store has seen what it must not");
    assert_eq!(answers(replies.lock().unwrap().drain(..)), vec![Ok(()); 64]);
    assert_eq!(index.counts(), (64, 0));
    assert_eq!(Log::open(journal.path()).unwrap().1.revision, 64);
}

#[test]
fn a_change_that_looks_at_what_another_one_changes_is_made_after_it() {
    let (edit, remove) = (Change::DisableHook("h2".into()), Change::RemoveConnection("c".into()));
    let changes = vec![
        connection("c"),
        connection("d"),
        hook("h1", Some("c"), None),
        hook("h2", Some("c"), None),
        edit,
        hook("h3", Some("d"), None),
        remove,
        hook("h4", Some("c"), None),
        hook("h5", Some("d"), None),
    ];
    let (outcomes, syncs, index) = made(changes);
    let refused = Err(StoreError::UnknownConnection("c".into()));
    assert_eq!(outcomes, [Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), Ok(()), refused, Ok(())]);
    assert_eq!(syncs, [2, 2, 2, 3, 1], "connections; hooks on them; one disabled beside a new one; what goes with c; the rest");
    let left: Vec<_> = index.hooks().iter().map(|hook| hook.id.clone()).collect();
    assert_eq!((left, index.connection("c")), (vec!["h3".to_owned(), "h5".to_owned()], None));
}

#[test]
fn a_token_and_a_moved_hook_count_as_changed_too() {
    let moved =
        Change::PutConnection(Connection { service: "github".into(), uid: "T".into(), name: None, id: "c".into(), data: Data::default() });
    let (outcomes, syncs, index) =
        made(vec![connection("c"), hook("h", Some("c"), Some("t")), hook("other", None, Some("t")), moved.clone()]);
    let taken = Err(StoreError::Invalid("another hook has this token"));
    let stays = Err(StoreError::Invalid("a connection that has hooks stays with its service"));
    assert_eq!((outcomes, syncs), (vec![Ok(()), Ok(()), taken, stays], vec![1, 1]));
    assert_eq!(index.hook_by_token("t").unwrap().id, "h");

    let again = vec![connection("c"), hook("h", Some("c"), Some("t")), hook("h", None, Some("u")), hook("other", None, Some("t")), moved];
    let (outcomes, syncs, _) = made(again);
    assert_eq!((outcomes, syncs), (vec![Ok(()); 5], vec![1, 2, 2]), "what it left is free, in the next group");
}

#[test]
fn a_change_that_is_refused_keeps_none_of_those_beside_it_from_being_made() {
    let mut changes = connections(0..3);
    changes.insert(1, hook("h", Some("nobody"), None));
    let (outcomes, syncs, _) = made(changes);
    assert_eq!(outcomes, [Ok(()), Err(StoreError::UnknownConnection("nobody".into())), Ok(()), Ok(())]);
    assert_eq!(syncs, [3]);
}

#[test]
fn a_group_is_bounded_in_number_and_bytes() {
    let (outcomes, syncs, _) = made(connections(0..1100));
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(syncs, [1024, 76]);
    let data: Data = serde_json::json!({"x": "x".repeat(30_000)}).as_object().unwrap().clone().into();
    let large = |id: usize| Connection { id: id.to_string(), service: "slack".into(), uid: "T".into(), name: None, data: data.clone() };
    let (_, syncs, _) = made((0..40).map(|id| Change::PutConnection(large(id))).collect());
    assert_eq!(syncs, [35, 5], "a mebibyte of them");
}

#[test]
fn a_group_that_does_not_get_to_the_disk_is_refused_whole_and_the_next_one_is_made() {
    let root = tempfile::tempdir().unwrap();
    let journal = root.path().join("journal");
    fs::create_dir(&journal).unwrap();
    let mut writer = on_disk(&journal);
    // As long as a segment: the next change begins a new one, for which there is no place then.
    let filling = Write { key: "connection/large".into(), json: Some(vec![b'x'; 8 << 20]) };
    writer.journal(&[filling]).unwrap();
    fs::rename(&journal, root.path().join("away")).unwrap();
    let (queue, replies) = queued(connections(0..3));
    assert!(writer.obey(queue.recv().unwrap(), &queue).is_none());
    let outcomes = answers(replies);
    assert!(matches!(outcomes[0], Err(StoreError::Journal(JournalError::Failed(_)))), "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    assert_eq!(writer.index.counts(), (0, 0));

    fs::rename(root.path().join("away"), &journal).unwrap();
    let (queue, replies) = queued(connections(7..9));
    assert!(writer.obey(queue.recv().unwrap(), &queue).is_none());
    assert_eq!(answers(replies), [Ok(()), Ok(())]);
    assert_eq!(writer.index.counts(), (2, 0));
}
