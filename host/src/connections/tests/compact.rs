//! Journal and store written anew while the host works.

use super::*;
use crate::key_file::Key;

/// Connections with a long history in a data directory.
async fn with_history(directory: &DataDirectory, key: Option<&Key>) -> Arc<Connections> {
    let connections = Connections::open_with(directory, key).unwrap();
    filled(&connections).await;
    let long = "x".repeat(20_000);
    for number in 0..60 {
        let data = json!({"token": format!("{number}{long}")}).as_object().unwrap().clone().into();
        connections.apply(Change::PutConnection(Connection { data, ..connection("c1", "T1") })).await.unwrap();
    }
    put_connection(&connections, "c1", "T1").await;
    connections
}

#[tokio::test]
async fn what_was_changed_takes_no_more_room_and_what_is_there_stays() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = with_history(&directory, None).await;
    let length = || fs::metadata(journal(root.path())).unwrap().len();
    let before = length();
    connections.compact().await.unwrap();
    assert!(length() < before / 100, "{} of {before}", length());
    assert!(!root.path().join("connections.new").exists());
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h1", "h2"]);

    put_connection(&connections, "c4", "T4").await;
    connections.apply(Change::RemoveHook("h3".into())).await.unwrap();
    drop(connections);
    let connections = Connections::open(&directory).unwrap();
    assert_eq!(connections.counts(), (4, 3), "changes after it are kept as ever");
    assert!(!connections.condition().was_rebuilt());
}

#[tokio::test]
async fn what_was_stored_before_there_was_a_key_is_gone_from_the_disk() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    drop(with_history(&directory, None).await);
    let key = Key::random();
    let connections = Connections::open_with(&directory, Some(&key)).unwrap();
    let plain = || fs::read(journal(root.path())).unwrap().windows(5).any(|bytes| bytes == b"slack");
    assert!(plain(), "what is looked for would be found");
    connections.compact().await.unwrap();
    assert!(!plain());
    drop(connections);
    assert_eq!(Connections::open_with(&directory, Some(&key)).unwrap().counts(), (3, 4));
    assert!(Connections::open(&directory).is_err());
}

#[tokio::test]
async fn a_compaction_that_cannot_be_made_changes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = Connections::open(&directory).unwrap();
    filled(&connections).await;
    fs::write(root.path().join("connections.new"), "in the way").unwrap();
    let error = connections.compact().await.unwrap_err();
    assert_eq!(error.to_string(), "nothing was changed");
    put_connection(&connections, "c4", "T4").await;
    fs::remove_file(root.path().join("connections.new")).unwrap();
    drop(connections);
    assert_eq!(Connections::open(&directory).unwrap().counts(), (4, 4));
}

#[tokio::test]
async fn a_journal_that_is_mostly_history_is_written_anew_when_it_is_opened() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = Connections::open(&directory).unwrap();
    filled(&connections).await;
    for round in 0..15 {
        let data: Data = json!({"token": format!("{round}{}", "x".repeat(30_000))}).as_object().unwrap().clone().into();
        let put = |id: u32| Definition::Connection(Arc::new(Connection { data: data.clone(), ..connection(&id.to_string(), "T1") }));
        connections.put((0..40).map(put).collect()).await.unwrap();
    }
    drop(connections);
    let length = || -> u64 {
        let files = fs::read_dir(root.path().join("connections/journal")).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    };
    assert!(length() > 16 << 20, "{}", length());
    let connections = Connections::open(&directory).unwrap();
    assert!(length() < 2 << 20, "{}", length());
    assert_eq!(connections.counts(), (43, 4));
    put_connection(&connections, "c4", "T4").await;
    drop(connections);
    assert_eq!(Connections::open(&directory).unwrap().counts(), (44, 4));
}
