//! Many definitions put at once.

use std::collections::HashSet;

use super::*;

fn put(connection: Connection) -> Definition {
    Definition::Connection(Arc::new(connection))
}

fn hook(hook: Hook) -> Definition {
    Definition::Hook(Arc::new(hook))
}

#[tokio::test]
async fn a_batch_says_what_it_did_and_lasts() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = Connections::open(&directory).unwrap();
    filled(&connections).await;
    let batch = vec![
        put(connection("c1", "T1")),
        put(connection("c3", "T3")),
        put(connection("c4", "T4")),
        hook(shared("h5", "c4")),
        hook(shared("h3", "c3")),
    ];
    let expected = [Effect::Unchanged, Effect::Replaced, Effect::Added, Effect::Added, Effect::Unchanged];
    let judged: Vec<_> = connections.preview(&batch, HashMap::new()).into_iter().map(Result::unwrap).collect();
    assert_eq!(judged, expected);
    assert_eq!(connections.connection("c4"), None, "a preview changes nothing");
    assert_eq!(connections.put(batch).await.unwrap(), expected);
    assert_eq!(ids(&connections.hooks_of("slack", "events", "T4")), ["h5"]);
    drop(connections);

    let again = Connections::open(&directory).unwrap();
    assert_eq!(ids(&again.hooks_of("slack", "events", "T4")), ["h5"]);
    assert_eq!(ids(&again.hooks_of("slack", "events", "T3")), ["h3"]);
    assert!(!again.condition().was_rebuilt() && !again.condition().has_failed());
}

/// What a process leaves that is killed while it writes a batch: the journal ends anywhere, and the store has nothing of it.
#[tokio::test]
async fn a_batch_that_was_interrupted_is_there_up_to_some_definition_and_is_completed_by_putting_it_again() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = Connections::open(&directory).unwrap();
    filled(&connections).await;
    drop(connections);
    let before = fs::read(journal(root.path())).unwrap();
    let without = tempfile::tempdir().unwrap();
    copy(&store(root.path()), without.path());
    let batch = || vec![put(connection("c4", "T4")), hook(shared("h5", "c4")), put(connection("c5", "T5")), hook(shared("h6", "c5"))];
    Connections::open(&directory).unwrap().put(batch()).await.unwrap();
    let whole = fs::read(journal(root.path())).unwrap();
    assert!(whole.starts_with(&before));

    let mut met = HashSet::new();
    for length in (before.len()..whole.len()).step_by(41) {
        fs::remove_dir_all(store(root.path())).unwrap();
        copy(without.path(), &store(root.path()));
        fs::write(journal(root.path()), &whole[..length]).unwrap();
        let connections = Connections::open(&directory).unwrap();
        let there = [connections.connection("c4").is_some(), connections.hook("h5").is_some(), connections.connection("c5").is_some()];
        assert!(there.is_sorted_by(|one, next| one >= next), "{there:?} after {length} bytes");
        assert_eq!((connections.hook("h6"), ids(&connections.hooks_of("slack", "events", "T1"))), (None, vec!["h1", "h2"]));
        let effects = connections.put(batch()).await.unwrap();
        let expected = |is_there: bool| if is_there { Effect::Unchanged } else { Effect::Added };
        assert_eq!(effects[..3], there.map(expected));
        assert_eq!(ids(&connections.hooks_of("slack", "events", "T5")), ["h6"]);
        met.insert(there);
    }
    assert_eq!(met.len(), 4, "the batch was torn behind each of its definitions");
}

#[tokio::test]
async fn an_id_can_be_written_in_a_path_and_in_the_log_as_it_is() {
    let connections = Connections::in_memory();
    let longest = "x".repeat(64);
    for id in ["a", "A-b_c.1", "...", &longest] {
        put_connection(&connections, id, "T1").await;
        put_hook(&connections, shared(id, id)).await;
    }
    for id in [".", "..", "../../etc", "a\nb", "a b", "\u{e4}", &format!("{longest}x")] {
        let changes = [Change::PutConnection(connection(id, "T1")), Change::PutHook(shared(id, "a"))];
        for change in changes {
            let refused = connections.apply(change).await;
            assert!(matches!(refused, Err(StoreError::Invalid(why)) if why.starts_with("an id is 1 to 64")), "{id:?}: {refused:?}");
        }
        let previewed = connections.preview(&[put(connection(id, "T1")), hook(shared(id, "a"))], HashMap::new());
        assert!(previewed.iter().all(Result::is_err), "{id:?}: {previewed:?}");
    }
}

#[tokio::test]
async fn one_definition_that_is_wrong_keeps_all_from_being_put() {
    let connections = Connections::in_memory();
    filled(&connections).await;
    let wrong = [
        (hook(shared("h9", "nobody")), StoreError::UnknownConnection("nobody".into())),
        (put(connection("new", "T1")), StoreError::Invalid("another definition with this id comes before it")),
        (hook(dedicated("h9", "secret")), StoreError::Invalid("another hook has this token")),
        (hook(dedicated("h9", "fresh")), StoreError::Invalid("another hook has this token")),
    ];
    for (definition, error) in wrong {
        let batch = vec![put(connection("new", "T9")), hook(dedicated("h8", "fresh")), definition];
        assert_eq!(connections.preview(&batch, HashMap::new())[2], Err(error.clone()));
        assert_eq!(connections.put(batch).await, Err(Rejected { at: Some(2), error }));
        assert_eq!((connections.connection("new"), connections.hook("h8")), (None, None));
    }
    let large = Connection { data: json!({"x": "x".repeat(40_000)}).as_object().unwrap().clone().into(), ..connection("new", "T9") };
    assert!(matches!(connections.put(vec![put(large)]).await, Err(Rejected { at: Some(0), error: StoreError::TooLarge { .. } })));
}

#[tokio::test]
async fn a_preview_knows_the_connections_that_come_before_it() {
    let connections = Connections::in_memory();
    let batch = [hook(shared("h", "c"))];
    let given = |service: &str| HashMap::from([("c".to_owned(), service.to_owned())]);
    assert_eq!(connections.preview(&batch, given("slack")), [Ok(Effect::Added)]);
    assert_eq!(
        connections.preview(&batch, given("github")),
        [Err(StoreError::Invalid("a hook's connection must be of the hook's service"))]
    );
}

#[tokio::test]
async fn a_store_that_was_not_usable_is_known_to_have_been_rebuilt() {
    let root = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(root.path()).unwrap();
    let connections = Connections::open(&directory).unwrap();
    filled(&connections).await;
    drop(connections);
    fs::write(root.path().join("connections/FORMAT"), "engine=other\n").unwrap();
    let connections = Connections::open(&directory).unwrap();
    assert!(connections.condition().was_rebuilt());
    assert_eq!(connections.counts(), (3, 4));
}
