//! Dead letters: kept, listed and redriven, whatever happens between.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);
const AGE: Duration = Duration::from_secs(7 * 24 * 3600);

fn dead_letters(journal: &Journal) -> Vec<DeadLetter> {
    journal.dead_letters(None, usize::MAX, |_, _| true)
}

fn keys(redriven: &Redriven) -> Vec<BundleKey> {
    redriven.bundles.iter().map(|bundle| (bundle.seq, bundle.bundle)).collect()
}

/// The files as they are at this moment, for somebody else to open: what a killed process would leave.
fn as_if_killed(root: &Path) -> TempDir {
    let copy = super::root();
    for directory in ["journal/events", "journal/deliveries"] {
        fs::create_dir_all(copy.path().join(directory)).unwrap();
        for file in fs::read_dir(root.join(directory)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.path().join(directory).join(file.file_name())).unwrap();
        }
    }
    copy
}

#[tokio::test]
async fn a_dead_letter_tells_when_and_why_at_once_and_after_reopening() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h1", "h2"])).await;
    journal.record(1, 1, &dead("answered 500", NOW));
    let expected = DeadLetter { seq: 1, bundle: 1, hook: "h2".into(), at_ms: NOW, attempts: 8, reason: "answered 500".into() };
    assert_eq!(dead_letters(&journal), std::slice::from_ref(&expected));
    drop(journal);
    let journal = open(root.path());
    assert_eq!(dead_letters(&journal), [expected]);
    assert_eq!((journal.dead_letters_of("h1"), journal.dead_letters_of("h2")), (0, 1));
}

#[tokio::test]
async fn dead_letters_are_listed_page_by_page_and_by_hook() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h1", "h2", "h1"])).await;
    store(&journal, &event("b", &["h2"])).await;
    for key in [(1, 0), (1, 1), (1, 2), (2, 0)] {
        journal.record(key.0, key.1, &dead("gone", NOW));
    }
    let listed = |after, most, hook: Option<&str>| {
        let found = journal.dead_letters(after, most, |of, _| hook.is_none_or(|hook| hook == &**of));
        found.into_iter().map(|found| (found.seq, found.bundle)).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 2, None), [(1, 0), (1, 1)]);
    assert_eq!(listed(Some((1, 1)), 2, None), [(1, 2), (2, 0)]);
    assert_eq!(listed(None, 9, Some("h1")), [(1, 0), (1, 2)]);
    assert_eq!(journal.dead_letter_keys(|hook| &**hook == "h2"), [(1, 1), (2, 0)]);
}

#[tokio::test]
async fn a_redrive_is_on_the_disk_once_it_is_acknowledged() {
    let root = root();
    let journal = open(root.path());
    store(&journal, &event("a", &["h", "h"])).await;
    journal.record(1, 0, &dead("gone", NOW));
    journal.record(1, 1, &DeliveryState::Delivered);
    let redriven = journal.redrive(&[(1, 0), (1, 1), (9, 9)], NOW).await;
    assert_eq!((keys(&redriven), redriven.failure), (vec![(1, 0)], None));
    let after_the_crash = as_if_killed(root.path());
    assert_eq!(pending(&open(after_the_crash.path())), [(1, 0, "h".into(), 0, NOW)]);
    assert_eq!(dead_letters(&journal), []);
}

#[tokio::test]
async fn a_redrive_that_could_not_be_written_leaves_the_dead_letter_and_can_be_asked_for_again() {
    let (root, disk) = (root(), FailingDisk::default());
    let directory = DataDirectory::open(root.path()).unwrap();
    let journal = Journal::open_on(disk.clone(), &directory, Settings::default(), Sizes::default()).unwrap();
    store(&journal, &event("a", &["h"])).await;
    journal.record(1, 0, &dead("gone", NOW));
    disk.set(Faults { sync_fails: true, ..Faults::default() });
    for _ in 0..2 {
        let redriven = journal.redrive(&[(1, 0)], NOW).await;
        assert!(redriven.bundles.is_empty() && redriven.failure.is_some(), "{redriven:?}");
    }
    assert_eq!((pending(&journal), dead_letters(&journal).len()), (vec![], 1));
}

#[tokio::test]
async fn a_dead_letter_is_kept_from_when_it_became_one() {
    let root = root();
    let journal = open_small(root.path());
    let (now, now_ms) = (SystemTime::now(), crate::deliver::now_ms());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &["h"])).await;
    }
    (2..=12).for_each(|seq| journal.record(seq, 0, &DeliveryState::Delivered));
    journal.record(1, 0, &dead("gone", now_ms + 6 * DAY.as_millis() as u64));
    let retention = Retention { age: AGE, bytes: 0 };
    assert_eq!(journal.maintain(retention, now + 12 * DAY, |_| false).unwrap().dead_letters, 0);
    assert_eq!(dead_letters(&journal).len(), 1);
    assert_eq!(journal.maintain(retention, now + 14 * DAY, |_| false).unwrap().dead_letters, 1);
    assert_eq!((dead_letters(&journal), journal.read(1).unwrap()), (vec![], None));
    assert_eq!(keys(&journal.redrive(&[(1, 0)], NOW).await), []);
}

/// What may happen to a journal; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Store(usize),
    Deliver(usize),
    Retry(usize),
    Bury(usize),
    Redrive(usize),
    Days(u64),
    Maintain,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Step::Store),
        2 => any::<usize>().prop_map(Step::Deliver),
        1 => any::<usize>().prop_map(Step::Retry),
        3 => any::<usize>().prop_map(Step::Bury),
        3 => any::<usize>().prop_map(Step::Redrive),
        1 => (1..5_u64).prop_map(Step::Days),
        2 => Just(Step::Maintain),
        1 => Just(Step::Reopen),
    ]
}

/// A journal, and beside it what it has to know.
struct Model {
    root: TempDir,
    journal: Option<Journal>,
    now: SystemTime,
    /// Attempts of open bundles.
    open: BTreeMap<BundleKey, u32>,
    /// Since when dead letters are such.
    dead: BTreeMap<BundleKey, u64>,
}

impl Model {
    fn new() -> Self {
        let root = root();
        let journal = Some(open_small(root.path()));
        Self { root, journal, now: SystemTime::now(), open: BTreeMap::new(), dead: BTreeMap::new() }
    }

    fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    fn now_ms(&self) -> u64 {
        self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Store(bundles) => {
                let seq = store(self.journal(), &event("e", &["h1", "h2"][..bundles])).await;
                self.open.extend((0..bundles as u32).map(|bundle| ((seq, bundle), 0)));
            }
            Step::Deliver(choice) => {
                if let Some(key) = chosen(&self.open, choice) {
                    self.open.remove(&key);
                    self.journal().record(key.0, key.1, &DeliveryState::Delivered);
                }
            }
            Step::Retry(choice) => {
                if let Some(key) = chosen(&self.open, choice) {
                    let attempt = self.open[&key] + 1;
                    self.open.insert(key, attempt);
                    self.journal().record(key.0, key.1, &DeliveryState::Retry { attempt, due_ms: 7, failure: None });
                }
            }
            Step::Bury(choice) => {
                if let Some(key) = chosen(&self.open, choice) {
                    self.open.remove(&key);
                    self.dead.insert(key, self.now_ms());
                    self.journal().record(key.0, key.1, &dead(&format!("{key:?}"), self.now_ms()));
                }
            }
            Step::Redrive(choice) => {
                if let Some(key) = chosen(&self.dead, choice) {
                    self.dead.remove(&key);
                    self.open.insert(key, 0);
                    assert_eq!(keys(&self.journal().redrive(&[key], self.now_ms()).await), [key]);
                }
            }
            Step::Days(days) => self.now += DAY * days as u32,
            Step::Maintain => self.maintain(),
            Step::Reopen => {
                drop(self.journal.take());
                self.journal = Some(open_small(self.root.path()));
            }
        }
    }

    /// Dead letters may go with their segments, but only such as are too old.
    fn maintain(&mut self) {
        let removed = self.journal().maintain(Retention { age: AGE, bytes: 0 }, self.now, |_| false).unwrap();
        let (left, before) = (dead_letters(self.journal()), self.dead.len());
        let (now_ms, age_ms) = (self.now_ms(), AGE.as_millis() as u64);
        self.dead.retain(|&key, &mut since| {
            let kept = left.iter().any(|left| (left.seq, left.bundle) == key);
            assert!(kept || now_ms - since >= age_ms, "{key:?} was dropped before its time");
            kept
        });
        assert_eq!(removed.dead_letters, (before - self.dead.len()) as u64);
    }

    fn check(&self) -> TestCaseResult {
        let open: BTreeMap<_, _> =
            pending(self.journal()).into_iter().map(|(seq, bundle, _, attempt, _)| ((seq, bundle), attempt)).collect();
        prop_assert_eq!(&open, &self.open);
        let dead = dead_letters(self.journal());
        for found in &dead {
            prop_assert_eq!(&found.reason, &format!("{:?}", (found.seq, found.bundle)));
        }
        let dead: BTreeMap<_, _> = dead.into_iter().map(|found| ((found.seq, found.bundle), found.at_ms)).collect();
        prop_assert_eq!(&dead, &self.dead);
        for (seq, _) in open.keys().chain(dead.keys()) {
            prop_assert!(self.journal().read(*seq).unwrap().is_some(), "event {} is gone", seq);
        }
        Ok(())
    }
}

fn chosen<T>(bundles: &BTreeMap<BundleKey, T>, choice: usize) -> Option<BundleKey> {
    bundles.keys().nth(choice % bundles.len().max(1)).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_what_is_open_stays_and_dead_letters_stay_for_their_time(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut model = Model::new();
        for step in &steps {
            runtime.block_on(model.take(step));
            model.check()?;
        }
    }
}

#[tokio::test]
async fn what_waits_to_be_fetched_is_kept_for_the_whole_age_and_then_counted() {
    let root = root();
    let journal = open_small(root.path());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &["pulled", "delivered"])).await;
    }
    (1..=12).for_each(|seq| journal.record(seq, 1, &DeliveryState::Delivered));
    let (now, tight) = (SystemTime::now(), Retention { age: AGE, bytes: 0 });
    let is_pulled = |hook: &str| hook == "pulled";
    assert_eq!(journal.maintain(tight, now + 6 * DAY, is_pulled).unwrap(), Removed::default(), "they are in the way, and stay");
    assert_eq!(journal.maintain(tight, now + 8 * DAY, |_| false).unwrap(), Removed::default(), "what is delivered waits for ever");
    assert_eq!(journal.acknowledge("pulled", &[(1, 0), (2, 1), (99, 0)]).await.bundles, 1);
    let removed = journal.maintain(tight, now + 8 * DAY, is_pulled).unwrap();
    let left = journal.pending_of("pulled", None, usize::MAX);
    assert!(removed.unfetched > 0 && removed.unfetched + left.len() as u64 == 11, "{removed:?}, {} left", left.len());
    assert!(left.iter().all(|bundle| journal.read(bundle.seq).unwrap().is_some()));
    assert_eq!(journal.dropped().get(), removed.unfetched);
}

#[tokio::test]
async fn what_was_redriven_to_be_fetched_is_kept_from_then_on() {
    let root = root();
    let journal = open_small(root.path());
    let (now, now_ms) = (SystemTime::now(), crate::deliver::now_ms());
    for number in 0..12 {
        store(&journal, &event(&number.to_string(), &["pulled"])).await;
    }
    (2..=12).for_each(|seq| journal.record(seq, 0, &DeliveryState::Delivered));
    journal.record(1, 0, &dead("gone", now_ms));
    journal.redrive(&[(1, 0)], now_ms + 6 * DAY.as_millis() as u64).await;
    let retention = Retention { age: AGE, bytes: 0 };
    drop(journal);
    let journal = open_small(root.path());
    journal.maintain(retention, now + 12 * DAY, |_| true).unwrap();
    assert_eq!(journal.pending_of("pulled", None, 9).len(), 1);
    assert_eq!(journal.maintain(retention, now + 14 * DAY, |_| true).unwrap().unfetched, 1);
}
