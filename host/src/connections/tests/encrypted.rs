//! Connections that are encrypted on the disk.

use std::collections::BTreeMap;

use super::*;
use crate::data_directory::DataDirectory;
use crate::key_file::Key;

/// What must not be found on the disk: in a connection's data, a hook's parameters and secrets.
const SECRETS: [&str; 3] = ["xoxb-of-the-connection", "s3cret-of-the-hook", "whsec_b2YgdGhlIGhvb2s="];

/// A connection and a hook with secrets.
async fn secretive(connections: &Connections) {
    let data = json!({ "token": SECRETS[0] }).as_object().unwrap().clone().into();
    connections.apply(Change::PutConnection(Connection { data, ..connection("c1", "T1") })).await.unwrap();
    put_hook(connections, hook()).await;
}

fn hook() -> Hook {
    let parameters = json!({ "secret": SECRETS[1] }).as_object().unwrap().clone();
    let secrets = vec![Secret { text: SECRETS[2].into(), until_ms: None }];
    Hook { parameters, manner: Manner { secrets, ..Manner::default() }, ..shared("h1", "c1") }
}

/// All files below a directory, by their paths.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// Those of the secrets that are found anywhere in a directory.
fn found(directory: &Path) -> Vec<&'static str> {
    let files = files(directory);
    let is_there = |secret: &&str| files.values().any(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    SECRETS.into_iter().filter(|secret| is_there(secret)).collect()
}

fn open_with(root: &Path, key: Option<&Key>) -> anyhow::Result<Arc<Connections>> {
    Connections::open_with(&DataDirectory::open(root).unwrap(), key)
}

fn refusal(root: &Path, key: Option<&Key>) -> String {
    format!("{:#}", open_with(root, key).unwrap_err())
}

#[tokio::test]
async fn what_is_encrypted_is_nowhere_on_the_disk_and_is_read_back() {
    let (root, key) = (tempfile::tempdir().unwrap(), Key::random());
    let connections = open_with(root.path(), Some(&key)).unwrap();
    secretive(&connections).await;
    drop(connections);
    assert_eq!(found(root.path()), [""; 0]);
    let connections = open_with(root.path(), Some(&key)).unwrap();
    assert!(*connections.hook("h1").unwrap() == hook());
    assert_eq!(connections.connection("c1").unwrap().data.members()["token"], SECRETS[0]);
}

#[tokio::test]
async fn without_the_key_or_with_another_nothing_is_opened_and_nothing_changed() {
    let (root, key) = (tempfile::tempdir().unwrap(), Key::random());
    let connections = open_with(root.path(), Some(&key)).unwrap();
    secretive(&connections).await;
    drop(connections);
    let place = root.path().join("connections");
    let before = files(&place);
    assert!(refusal(root.path(), None).contains("name the file with their key with --key-file"));
    assert!(refusal(root.path(), Some(&Key::random())).contains("encrypted with another key"));
    assert!(files(&place) == before);
    assert!(open_with(root.path(), Some(&key)).unwrap().hook("h1").is_some());
}

#[tokio::test]
async fn a_store_from_before_is_encrypted_write_by_write_and_wholly_by_rotating() {
    let (root, key) = (tempfile::tempdir().unwrap(), Key::random());
    let connections = open_with(root.path(), None).unwrap();
    secretive(&connections).await;
    put_hook(&connections, dedicated("h2", "gone")).await;
    connections.apply(Change::RemoveHook("h2".into())).await.unwrap();
    drop(connections);
    assert_eq!(found(root.path()), SECRETS, "what is looked for would be found");

    let connections = open_with(root.path(), Some(&key)).unwrap();
    let later = Hook { destination: Some("file:/a-later-destination".into()), ..dedicated("h3", "token") };
    put_hook(&connections, later).await;
    drop(connections);
    assert!(files(root.path()).values().all(|bytes| !bytes.windows(20).any(|part| part == b"/a-later-destination")));
    assert_eq!(found(root.path()), SECRETS, "the journal has what was written before");

    let directory = DataDirectory::open(root.path()).unwrap();
    let new = Key::random();
    assert_eq!(rotate(&directory, Some(&key), &new).unwrap(), 4);
    drop(directory);
    assert_eq!(found(root.path()), [""; 0]);
    assert!(refusal(root.path(), Some(&key)).contains("encrypted with another key"));
    let connections = open_with(root.path(), Some(&new)).unwrap();
    assert!(*connections.hook("h1").unwrap() == hook());
    assert_eq!(connections.hook_by_token("gone").unwrap().state, State::Removed, "its URL still says gone");
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T1")), ["h1"]);
}

#[tokio::test]
async fn a_store_without_a_key_is_encrypted_by_rotating_and_a_wrong_key_rotates_nothing() {
    let root = tempfile::tempdir().unwrap();
    secretive(&open_with(root.path(), None).unwrap()).await;
    let directory = DataDirectory::open(root.path()).unwrap();
    let (first, second) = (Key::random(), Key::random());
    assert_eq!(rotate(&directory, None, &first).unwrap(), 2);
    let before = files(root.path());
    assert!(rotate(&directory, None, &second).is_err() && rotate(&directory, Some(&second), &second).is_err());
    assert!(files(root.path()) == before);
    drop(directory);
    assert!(*open_with(root.path(), Some(&first)).unwrap().hook("h1").unwrap() == hook());
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_leaves_what_was_there() {
    let (root, key) = (tempfile::tempdir().unwrap(), Key::random());
    secretive(&open_with(root.path(), None).unwrap()).await;
    let half = root.path().join("connections.new/journal");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("half"), "written").unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    assert_eq!(rotate(&directory, None, &key).unwrap(), 2);
    drop(directory);
    fs::create_dir_all(&half).unwrap();
    assert!(open_with(root.path(), Some(&key)).unwrap().hook("h1").is_some());
    assert!(!root.path().join("connections.new").exists());
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_when_the_new_was_in_place_is_finished_by_doing_it_again() {
    let (first, second) = (Key::random(), Key::random());
    for old in [None, Some(&first)] {
        let root = tempfile::tempdir().unwrap();
        secretive(&open_with(root.path(), old).unwrap()).await;
        let (place, aside) = (root.path().join("connections"), root.path().join("connections.new"));
        copy(&place, &root.path().join("before"));
        let directory = DataDirectory::open(root.path()).unwrap();
        rotate(&directory, old, &second).unwrap();
        fs::rename(root.path().join("before"), &aside).unwrap();

        assert_eq!(rotate(&directory, old, &second).unwrap(), 2);
        assert!(!aside.exists(), "what was encrypted with the old key, or not at all, is gone");
        drop(directory);
        assert!(*open_with(root.path(), Some(&second)).unwrap().hook("h1").unwrap() == hook());
    }
}

#[tokio::test]
async fn an_encrypted_store_that_is_damaged_is_rebuilt_from_its_journal() {
    let (root, key) = (tempfile::tempdir().unwrap(), Key::random());
    secretive(&open_with(root.path(), Some(&key)).unwrap()).await;
    fs::remove_dir_all(root.path().join("connections/connections.sled")).unwrap();
    assert!(*open_with(root.path(), Some(&key)).unwrap().hook("h1").unwrap() == hook());
    assert_eq!(found(root.path()), [""; 0]);
}
