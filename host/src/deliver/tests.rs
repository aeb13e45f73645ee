//! Deliveries over a real journal, to destinations on loopback.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::testing::{Answer, Receiver};
use super::*;
use crate::connections::{Change, Connection, Edit, Hook, Manner, Route, State};
use crate::data_directory::DataDirectory;
use crate::journal::{self, Appended, Outcome, StoredBundle, StoredRequest};

struct World {
    journal: Arc<Journal>,
    connections: Arc<Connections>,
}

impl World {
    fn open(directory: &Path) -> Self {
        let directory = DataDirectory::open(directory).unwrap();
        let journal = Arc::new(Journal::open(&directory, journal::Settings::default()).unwrap());
        Self { journal, connections: Connections::in_memory() }
    }

    fn start(&self, settings: Settings) -> Arc<Deliveries> {
        Deliveries::start(self.journal.clone(), self.connections.clone(), settings)
    }

    async fn hook(&self, id: &str, destination: &str) {
        self.hook_with(id, destination, Manner::default()).await;
    }

    async fn hook_with(&self, id: &str, destination: &str, manner: Manner) {
        let hook = Hook {
            id: id.into(),
            service: "slack".into(),
            webhook: None,
            connection: Some("c1".into()),
            token: None,
            parameters: serde_json::Map::new(),
            destination: Some(destination.into()),
            manner,
            failing_since_ms: None,
            state: State::Enabled,
        };
        let connection = Connection { id: "c1".into(), service: "slack".into(), uid: "U1".into(), name: None, data: Default::default() };
        self.connections.apply(Change::PutConnection(connection)).await.unwrap();
        self.connections.apply(Change::PutHook(hook)).await.unwrap();
    }

    /// Stores an event with one bundle; its id and JSON are the number.
    async fn store(&self, hook: &str, number: usize) -> (Sequence, Event) {
        let bundle = StoredBundle { id: format!("b{number}"), hook: hook.into(), json: number.to_string().into() };
        let event = Event {
            id: format!("e{number}"),
            received_at: 0,
            service: "slack".into(),
            webhook: "events".into(),
            outcome: Outcome::Accepted,
            request: StoredRequest::default(),
            body: bytes::Bytes::new(),
            dedupe: None,
            bundles: vec![bundle],
            unmatched: Vec::new(),
            replay_of: None,
        };
        match self.journal.append(&event).await.unwrap() {
            Appended::Stored(sequence) => (sequence, event),
            Appended::Repeat => unreachable!("no dedupe was given"),
        }
    }

    async fn send(&self, deliveries: &Deliveries, hook: &str, number: usize) {
        let (sequence, event) = self.store(hook, number).await;
        deliveries.enqueue(sequence, &event);
    }

    /// Waits until the journal has nothing open.
    async fn all_done(&self) {
        until(|| self.journal.pending().is_empty()).await;
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it holds before the deadline");
}

/// Three attempts, almost at once.
fn quick() -> Settings {
    let guard = super::testing::loopback();
    let http = HttpSettings { guard, timeout: Duration::from_secs(20), ..HttpSettings::default() };
    Settings { retry: vec![Duration::ZERO, Duration::from_millis(1), Duration::from_millis(1)], http, ..Settings::default() }
}

fn after(failures: usize, status: u16) -> impl Fn(usize, &super::testing::Got) -> Answer {
    move |number, _| Answer::Status(if number < failures { status } else { 200 }, &[])
}

#[tokio::test]
async fn a_bundle_is_delivered_with_the_same_id_until_it_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(2, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(quick());
    world.send(&deliveries, "h", 7).await;
    for _ in 0..3 {
        let got = receiver.next().await;
        assert_eq!((got.header("webhook-id"), got.body.as_ref()), (Some("b7"), &b"7"[..]));
        assert_eq!(got.header("hookwright-connection"), Some("c1"));
    }
    world.all_done().await;
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn when_the_schedule_is_over_the_bundle_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(usize::MAX, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(quick());
    world.send(&deliveries, "h", 1).await;
    world.all_done().await;
    for _ in 0..3 {
        receiver.next().await;
    }
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn a_hook_may_have_a_schedule_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(usize::MAX, 500)).await;
    let manner = Manner { retry: Some(vec![Duration::from_millis(1)]), ..Manner::default() };
    world.hook_with("h", &receiver.url("/"), manner).await;
    let deliveries = world.start(Settings { retry: vec![Duration::ZERO], ..quick() });
    world.send(&deliveries, "h", 1).await;
    world.all_done().await;
    receiver.next().await;
    receiver.next().await;
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn an_ordered_hook_delivers_in_order_though_some_fail() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(|number, _| Answer::Status(if number % 2 == 0 { 500 } else { 200 }, &[])).await;
    world.hook_with("h", &receiver.url("/"), Manner { ordered: true, ..Manner::default() }).await;
    let deliveries = world.start(quick());
    for number in 0..4 {
        world.send(&deliveries, "h", number).await;
    }
    world.all_done().await;
    for number in 0..4 {
        assert_eq!([receiver.next().await.body, receiver.next().await.body], [number.to_string(), number.to_string()]);
    }
}

#[tokio::test]
async fn a_hook_that_has_failed_for_days_is_disabled_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let receiver = Receiver::start(after(usize::MAX, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    // As the host before this one has written it down.
    let six_days_ago = now_ms() - 6 * 24 * 3_600_000;
    world.connections.apply(Change::NoteFailing("h".into(), Some(six_days_ago))).await.unwrap();
    let deliveries = world.start(quick());
    world.send(&deliveries, "h", 1).await;
    world.all_done().await;
    assert_eq!(world.connections.hook("h").unwrap().state, State::Disabled);
    world.connections.apply(Change::EnableHook("h".into())).await.unwrap();
    world.send(&deliveries, "h", 2).await;
    world.all_done().await;
    assert_eq!(world.connections.hook("h").unwrap().state, State::Enabled, "it begins anew");
}

#[tokio::test]
async fn failing_is_written_down_until_an_attempt_works() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let receiver = Receiver::start(after(3, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(Settings { note_failing_after: Duration::ZERO, ..quick() });
    world.send(&deliveries, "h", 1).await;
    world.all_done().await;
    assert!(world.connections.hook("h").unwrap().failing_since_ms.is_some());
    world.send(&deliveries, "h", 2).await;
    until(|| world.connections.hook("h").unwrap().failing_since_ms.is_none()).await;
    assert_eq!(world.connections.hook("h").unwrap().state, State::Enabled);
}

#[tokio::test]
async fn gone_disables_the_hook_and_ends_what_waits_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(usize::MAX, 410)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(Settings { per_hook: 1, ..quick() });
    for number in 0..3 {
        world.send(&deliveries, "h", number).await;
    }
    world.all_done().await;
    assert_eq!(receiver.next().await.body, "0");
    assert!(receiver.is_idle());
    assert_eq!(world.connections.hook("h").unwrap().state, State::Disabled);
}

#[tokio::test]
async fn a_destination_that_hangs_delays_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let hanging = Receiver::start(|_, _| Answer::Never).await;
    let mut willing = Receiver::willing().await;
    world.hook("slow", &hanging.url("/")).await;
    world.hook("quick", &willing.url("/")).await;
    let deliveries = world.start(Settings { in_flight: 4, drain: Duration::ZERO, ..quick() });
    for number in 0..20 {
        world.send(&deliveries, "slow", number).await;
    }
    for number in 20..40 {
        world.send(&deliveries, "quick", number).await;
        assert_eq!(willing.next().await.body, number.to_string());
    }
    until(|| world.journal.pending().len() == 20).await;
    deliveries.shutdown().await;
}

/// A receiver that does this to what comes to `/bad`, and answers everything else with 200.
async fn bad_at_one_path(answer: Answer) -> Receiver {
    Receiver::start(move |_, got| if got.path == "/bad" { answer } else { Answer::Status(200, &[]) }).await
}

/// The next request to another path than `/bad`.
async fn next_elsewhere(receiver: &mut Receiver) -> super::testing::Got {
    loop {
        let got = receiver.next().await;
        if got.path != "/bad" {
            return got;
        }
    }
}

#[tokio::test]
async fn a_path_that_hangs_never_has_all_slots_of_its_server_however_many_hooks_go_there() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = bad_at_one_path(Answer::Never).await;
    for hook in ["slow", "slower", "slowest"] {
        world.hook(hook, &receiver.url("/bad")).await;
    }
    world.hook("quick", &receiver.url("/quick")).await;
    let http = HttpSettings { timeout: Duration::from_hours(1), ..quick().http };
    let deliveries = world.start(Settings { http, drain: Duration::ZERO, ..quick() });
    for number in 0..60 {
        world.send(&deliveries, ["slow", "slower", "slowest"][number % 3], number).await;
    }
    receiver.next().await;
    for number in 60..80 {
        world.send(&deliveries, "quick", number).await;
        assert_eq!(next_elsewhere(&mut receiver).await.body, number.to_string());
    }
    deliveries.shutdown().await;
}

#[tokio::test]
async fn a_path_that_does_not_answer_is_left_alone_and_the_others_of_its_server_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = bad_at_one_path(Answer::Close).await;
    world.hook("bad", &receiver.url("/bad")).await;
    world.hook("quick", &receiver.url("/quick")).await;
    let patience = Patience { misses: 5, first_probe: Duration::from_hours(1), longest: Duration::from_hours(1) };
    for number in 0..20 {
        world.store("bad", number).await;
    }
    let deliveries = world.start(Settings { patience, ..quick() });
    let failed = || world.journal.pending().iter().map(|pending| pending.attempt).sum::<u32>() >= 5;
    until(failed).await;
    for number in 20..40 {
        world.send(&deliveries, "quick", number).await;
        assert_eq!(next_elsewhere(&mut receiver).await.body, number.to_string());
    }
    until(|| world.journal.pending().len() == 20).await;
    assert_eq!(world.journal.dead_letters_of("bad"), 0, "three attempts each, a millisecond apart: it was left alone");
}

#[tokio::test]
async fn what_had_not_ended_at_shutdown_is_delivered_after_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let hanging = Receiver::start(|_, _| Answer::Never).await;
    {
        let world = World::open(directory.path());
        world.hook("h", &hanging.url("/")).await;
        let deliveries = world.start(Settings { drain: Duration::ZERO, ..quick() });
        world.send(&deliveries, "h", 1).await;
        deliveries.shutdown().await;
        world.send(&deliveries, "h", 2).await;
        assert_eq!(world.journal.pending().len(), 2);
    }
    let world = World::open(directory.path());
    let mut willing = Receiver::willing().await;
    world.hook("h", &willing.url("/")).await;
    let _deliveries = world.start(quick());
    let mut ids = [willing.next().await, willing.next().await].map(|got| got.header("webhook-id").unwrap().to_owned());
    ids.sort();
    assert_eq!(ids, ["b1", "b2"]);
    world.all_done().await;
}

#[tokio::test]
async fn shutdown_lets_an_attempt_in_flight_end() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    world.hook("h", &format!("http://{}/", listener.local_addr().unwrap())).await;
    let deliveries = world.start(Settings { drain: Duration::from_secs(20), ..quick() });
    world.send(&deliveries, "h", 1).await;
    let (stream, _) = listener.accept().await.unwrap();
    stream.readable().await.unwrap();
    tokio::join!(deliveries.shutdown(), async {
        stream.try_write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    assert!(world.journal.pending().is_empty());
}

#[tokio::test]
async fn more_than_may_wait_in_memory_is_fetched_from_the_journal() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::willing().await;
    for number in 0..10 {
        world.store("h", number).await;
    }
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(Settings { waiting_per_hook: 2, per_hook: 1, fresh_bytes: 0, ..quick() });
    for number in 10..20 {
        world.send(&deliveries, "h", number).await;
    }
    world.all_done().await;
    let mut got = std::collections::BTreeSet::new();
    for _ in 0..20 {
        assert!(got.insert(receiver.next().await.header("webhook-id").unwrap().to_owned()));
    }
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn bundles_of_a_hook_that_is_gone_are_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let deliveries = world.start(quick());
    world.send(&deliveries, "nobody", 1).await;
    world.all_done().await;
}

#[tokio::test]
async fn a_dead_letter_that_is_redriven_is_attempted_as_if_for_the_first_time() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(5, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(quick());
    world.send(&deliveries, "h", 1).await;
    world.all_done().await;
    let redriven = deliveries.redrive(vec![(1, 0)]).await;
    assert_eq!((redriven.bundles.len(), redriven.failure), (1, None));
    world.all_done().await;
    for _ in 0..6 {
        assert_eq!(receiver.next().await.header("webhook-id"), Some("b1"));
    }
    assert!(receiver.is_idle());
    assert_eq!(world.journal.dead_letters_of("h"), 0, "the sixth attempt, the third since the redrive, was answered 200");
    assert_eq!(deliveries.redrive(vec![(1, 0)]).await.bundles, [], "what was delivered is no dead letter");
}

#[tokio::test]
async fn bundles_of_a_hook_that_was_disabled_come_back_once_it_is_enabled() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::willing().await;
    world.hook("h", &receiver.url("/")).await;
    world.connections.apply(Change::DisableHook("h".into())).await.unwrap();
    let deliveries = world.start(quick());
    for number in 0..3 {
        world.send(&deliveries, "h", number).await;
    }
    world.all_done().await;
    assert!(receiver.is_idle());
    let dead = world.journal.dead_letters(None, 9, |_, _| true);
    assert!(dead.iter().all(|dead| (dead.attempts, dead.reason.as_str()) == (0, "the hook is disabled")), "{dead:?}");
    world.connections.apply(Change::EnableHook("h".into())).await.unwrap();
    let redriven = deliveries.redrive(world.journal.dead_letter_keys(|_| true)).await;
    assert_eq!(redriven.bundles.len(), 3);
    let mut got = Vec::new();
    for _ in 0..3 {
        got.push(receiver.next().await.body);
    }
    got.sort();
    assert_eq!(got, ["0", "1", "2"]);
    world.all_done().await;
}

/// A hook whose receiver closes every connection while `is_down`, and twenty bundles that wait for it.
async fn twenty_for_a_receiver_that_is_down(world: &World, is_down: &Arc<AtomicBool>) -> Receiver {
    let is_down = is_down.clone();
    let answer = move |_, _: &_| if is_down.load(Ordering::SeqCst) { Answer::Close } else { Answer::Status(200, &[]) };
    let receiver = Receiver::start(answer).await;
    world.hook("down", &receiver.url("/")).await;
    for number in 0..20 {
        world.store("down", number).await;
    }
    receiver
}

#[tokio::test]
async fn a_destination_that_cannot_be_reached_is_left_alone_and_what_is_for_it_waits() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut down = twenty_for_a_receiver_that_is_down(&world, &Arc::new(AtomicBool::new(true))).await;
    let mut willing = Receiver::willing().await;
    world.hook("quick", &willing.url("/")).await;
    // Three attempts each, a millisecond apart: if it were not left alone, all of them would be dead letters in no time.
    let patience = Patience { misses: 5, first_probe: Duration::from_hours(1), longest: Duration::from_hours(1) };
    let deliveries = world.start(Settings { patience, ..quick() });
    for _ in 0..5 {
        down.next().await;
    }
    for number in 20..60 {
        world.send(&deliveries, "quick", number).await;
        willing.next().await;
    }
    until(|| world.journal.pending().len() == 20).await;
    assert_eq!(world.journal.dead_letters_of("down"), 0);
    assert!(std::iter::from_fn(|| (!down.is_idle()).then_some(())).count() <= quick().per_hook);
}

#[tokio::test]
async fn once_a_probe_is_answered_everything_that_waited_is_delivered() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let is_down = Arc::new(AtomicBool::new(true));
    let mut receiver = twenty_for_a_receiver_that_is_down(&world, &is_down).await;
    let patience = Patience { misses: 5, first_probe: Duration::from_millis(20), longest: Duration::from_millis(200) };
    let _deliveries = world.start(Settings { patience, ..quick() });
    for _ in 0..14 {
        receiver.next().await;
    }
    is_down.store(false, Ordering::SeqCst);
    world.all_done().await;
    assert_eq!(world.journal.dead_letters_of("down"), 0);
}

/// A first attempt, and the next only in an hour.
fn patient() -> Settings {
    Settings { retry: vec![Duration::ZERO, Duration::from_hours(1)], ..quick() }
}

async fn edit(world: &World, deliveries: &Deliveries, edit: Edit) {
    world.connections.apply(Change::EditHook("h".into(), edit)).await.unwrap();
    deliveries.hook_changed("h");
}

fn to(destination: Option<&str>) -> Edit {
    let route = Route { destination: destination.map(Into::into), secrets: Vec::new() };
    Edit { destination: Some(route), ..Edit::default() }
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_goes_to_a_new_destination_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut failing = Receiver::start(after(usize::MAX, 500)).await;
    let mut willing = Receiver::willing().await;
    world.hook("h", &failing.url("/")).await;
    let deliveries = world.start(Settings { waiting_per_hook: 2, ..patient() });
    for number in 0..6 {
        world.send(&deliveries, "h", number).await;
    }
    failing.next().await;
    until(|| world.journal.pending().iter().any(|pending| pending.attempt == 1)).await;
    edit(&world, &deliveries, to(Some(&willing.url("/")))).await;
    world.all_done().await;
    let mut got = Vec::new();
    for _ in 0..6 {
        got.push(willing.next().await.body);
    }
    got.sort();
    assert_eq!(got, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(world.journal.dead_letters_of("h"), 0);
}

#[tokio::test]
async fn a_new_schedule_goes_for_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut receiver = Receiver::start(after(3, 500)).await;
    world.hook("h", &receiver.url("/")).await;
    let deliveries = world.start(patient());
    world.send(&deliveries, "h", 1).await;
    receiver.next().await;
    until(|| world.journal.pending().iter().any(|pending| pending.attempt == 1)).await;
    let retry = Some(Some(vec![Duration::from_millis(1); 5]));
    edit(&world, &deliveries, Edit { retry, ..Edit::default() }).await;
    world.all_done().await;
    assert_eq!(world.journal.dead_letters_of("h"), 0);
}

#[tokio::test]
async fn what_waited_to_be_fetched_is_delivered_once_there_is_a_destination_and_the_other_way_round() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let mut willing = Receiver::willing().await;
    world.hook("h", &willing.url("/")).await;
    let deliveries = world.start(quick());
    edit(&world, &deliveries, to(None)).await;
    let mut arrivals = deliveries.arrivals();
    world.send(&deliveries, "h", 1).await;
    arrivals.changed().await.unwrap();
    assert_eq!(world.journal.pending_of("h", None, 9).len(), 1);
    edit(&world, &deliveries, to(Some(&willing.url("/")))).await;
    assert_eq!(willing.next().await.body, "1");
    world.all_done().await;

    let failing = Receiver::start(after(usize::MAX, 500)).await;
    edit(&world, &deliveries, to(Some(&failing.url("/")))).await;
    edit(&world, &deliveries, Edit { retry: Some(Some(vec![Duration::from_hours(1)])), ..Edit::default() }).await;
    world.send(&deliveries, "h", 2).await;
    until(|| world.journal.pending().iter().any(|pending| pending.attempt == 1)).await;
    let mut arrivals = deliveries.arrivals();
    edit(&world, &deliveries, to(None)).await;
    arrivals.changed().await.unwrap();
    assert_eq!((world.journal.pending_of("h", None, 9).len(), world.journal.dead_letters_of("h")), (1, 0));
}

#[tokio::test]
async fn what_waits_for_a_hook_that_is_removed_is_a_dead_letter_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let failing = Receiver::start(after(usize::MAX, 500)).await;
    world.hook("h", &failing.url("/")).await;
    let deliveries = world.start(patient());
    world.send(&deliveries, "h", 1).await;
    until(|| world.journal.pending().iter().any(|pending| pending.attempt == 1)).await;
    world.connections.apply(Change::RemoveHook("h".into())).await.unwrap();
    deliveries.hook_changed("h");
    world.all_done().await;
    assert_eq!(world.journal.dead_letters(None, 9, |_, _| true)[0].reason, "the hook was removed");
}

#[tokio::test]
async fn a_hook_whose_destination_is_left_alone_is_disabled_after_five_days_all_the_same_and_nothing_waits_on() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::open(directory.path());
    let _down = twenty_for_a_receiver_that_is_down(&world, &Arc::new(AtomicBool::new(true))).await;
    let patience = Patience { misses: 1, first_probe: Duration::from_millis(5), longest: Duration::from_millis(5) };
    let almost_five_days_ago = now_ms() - 5 * 24 * 3_600_000 + 100;
    world.connections.apply(Change::NoteFailing("down".into(), Some(almost_five_days_ago))).await.unwrap();
    let _deliveries = world.start(Settings { patience, retry: vec![Duration::from_millis(1); 10_000], ..quick() });
    world.all_done().await;
    assert_eq!(world.connections.hook("down").unwrap().state, State::Disabled);
    assert_eq!(world.journal.dead_letters_of("down"), 20);
}
