//! The journal against a model of it: whatever is done, and whatever goes wrong meanwhile, what was acknowledged is there.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tempfile::TempDir;

use super::segment::simulated::{SimulatedDisk, Trouble};
use super::*;

const HOUR: u64 = 3_600_000;
/// Segments hold a few events or a dozen delivery states; one event in eight is large enough for a segment of its own.
const SIZES: Sizes = Sizes { segment: 700, large: 1500, commit_records: 8, commit_bytes: 3000 };

/// What is done with a journal.
#[derive(Debug, Clone)]
enum Deed {
    /// Events that arrive at once.
    Append(Vec<Arriving>),
    /// What became of the n-th open bundle, counted round and round.
    Record(usize, Ended),
    /// The first open ones are delivered, so many of them.
    Deliver(usize),
    /// Somebody fetches the first open ones of a hook and acknowledges them, so many of them.
    Fetch(u8, usize),
    /// All dead letters are to be delivered after all.
    Redrive,
    /// Those whose events were refused send them again.
    Resend,
    /// All that need not be kept goes.
    Maintain,
    /// Upkeep while everything is to be kept.
    Ease,
    /// Time goes by.
    Wait { hours: u64 },
    /// An orderly end, and a new start.
    Reopen,
    /// The same, and the newest checkpoint has become unreadable meanwhile.
    Rot,
    /// The process or the power ends between two deeds.
    Strike(Trouble),
    /// Something goes wrong in some operation from now on, in one of the two logs.
    Arm { directory: &'static str, after: u64, trouble: Trouble },
}

#[derive(Debug, Clone)]
struct Arriving {
    hooks: Vec<u8>,
    dedupe: Option<u8>,
    size: usize,
    failed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    Delivered,
    Dead,
    Retry,
}

/// What the model knows of an event that was handed to the journal.
#[derive(Debug)]
struct Known {
    event: Event,
    /// Its number, once it was acknowledged or has been seen.
    seq: Option<Sequence>,
    acknowledged: bool,
    /// What was last recorded of each bundle, and whether the journal has been closed in order since.
    recorded: BTreeMap<u32, (DeliveryState, bool)>,
    /// It may have been removed.
    removable: bool,
}

struct Model {
    disk: SimulatedDisk,
    root: TempDir,
    journal: Option<Journal>,
    known: Vec<Known>,
    /// Which of them were refused and have not been sent again.
    refused: Vec<usize>,
    /// Which event a number stands for, for ever.
    numbers: HashMap<Sequence, usize>,
    /// In milliseconds since 1970. It begins with a whole hour that has not come yet, so that no file is younger.
    now: u64,
    /// Troubles that had happened when the journal was last opened.
    troubles: u64,
}

type Checked = Result<(), TestCaseError>;

impl Model {
    fn new(seed: u64) -> Self {
        let root = directory_in_memory();
        let now = (SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64 / HOUR + 1) * HOUR;
        let (disk, known, refused, numbers) = (SimulatedDisk::new(seed), Vec::new(), Vec::new(), HashMap::new());
        let mut model = Self { disk, root, journal: None, known, refused, numbers, now, troubles: 0 };
        model.open();
        model
    }

    /// Does all that and checks what must hold; how often something has gone wrong.
    fn run(deeds: &[Deed], seed: u64) -> Result<u64, TestCaseError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut model = Self::new(seed);
        runtime.block_on(async {
            for deed in deeds {
                model.act(deed).await?;
                if model.disk.is_off() {
                    model.begin_again()?;
                }
            }
            model.disk.disarm();
            model.close_in_order();
            model.begin_again()?;
            model.resend().await?;
            prop_assert!(model.refused.is_empty(), "refused though nothing goes wrong any more");
            model.disk.strike(Trouble::PowerCut);
            model.begin_again()?;
            Ok(model.disk.troubles())
        })
    }

    async fn act(&mut self, deed: &Deed) -> Checked {
        match deed {
            Deed::Append(arriving) => self.append(arriving).await?,
            Deed::Record(place, ended) => self.record(*place, *ended),
            Deed::Deliver(count) => (0..*count).for_each(|_| self.record(0, Ended::Delivered)),
            Deed::Fetch(hook, most) => self.fetch(*hook, *most).await?,
            Deed::Redrive => self.redrive().await?,
            Deed::Resend => self.resend().await?,
            Deed::Maintain => self.maintain(),
            Deed::Ease => drop(self.journal.as_ref().unwrap().maintain(Retention::default(), SystemTime::UNIX_EPOCH, |_| false)),
            Deed::Wait { hours } => self.now += hours * HOUR,
            Deed::Reopen => {
                self.close_in_order();
                return self.begin_again();
            }
            Deed::Rot => {
                self.close_in_order();
                self.disk.rot(&self.root.path().join("journal/deliveries/checkpoint"));
                return self.begin_again();
            }
            Deed::Strike(trouble) => self.disk.strike(*trouble),
            Deed::Arm { directory, after, trouble } => self.disk.arm(directory, *after, *trouble),
        }
        Ok(())
    }

    async fn append(&mut self, arriving: &[Arriving]) -> Checked {
        self.hand_in(arriving.iter().map(Arriving::event).collect()).await
    }

    /// Those who were refused come again: what they sent may be there all the same.
    async fn resend(&mut self) -> Checked {
        let refused = std::mem::take(&mut self.refused);
        self.hand_in(refused.into_iter().map(|place| self.known[place].event.clone()).collect()).await
    }

    async fn hand_in(&mut self, events: Vec<Event>) -> Checked {
        let first = self.known.len();
        for event in events {
            let event = Event { id: self.known.len().to_string(), received_at: self.now, ..event };
            self.known.push(Known { event, seq: None, acknowledged: false, recorded: BTreeMap::new(), removable: false });
        }
        let newest = self.known.iter().filter(|known| known.acknowledged).filter_map(|known| known.seq).max();
        let journal = self.journal.as_ref().unwrap();
        let answers = join_all(self.known[first..].iter().map(|known| journal.append(&known.event))).await;
        for (place, answer) in (first..).zip(answers) {
            match answer {
                Ok(Appended::Stored(seq)) => {
                    prop_assert!(newest.is_none_or(|newest| newest < seq), "{seq} was given after {newest:?}");
                    self.stored(place, seq)?;
                }
                Ok(Appended::Repeat) => self.repeat(place)?,
                Err(JournalError::Failed(_) | JournalError::Broken(_) | JournalError::DiskFull { .. }) => {
                    prop_assert!(self.disk.troubles() > 0, "refused though nothing was wrong");
                    self.refused.push(place);
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        Ok(())
    }

    fn stored(&mut self, place: usize, seq: Sequence) -> Checked {
        prop_assert_eq!(*self.numbers.entry(seq).or_insert(place), place, "{} was given twice", seq);
        prop_assert!(self.acknowledged_with(place).is_none(), "event {place} was stored though it is a repeat");
        let known = &mut self.known[place];
        (known.seq, known.acknowledged) = (Some(seq), true);
        Ok(())
    }

    /// A repeat is answered as if it had been stored, so from now on the event that it repeats counts as acknowledged.
    fn repeat(&mut self, place: usize) -> Checked {
        self.see()?;
        let first = (0..self.known.len()).find(|other| self.is_repeat(place, *other) && self.known[*other].seq.is_some());
        prop_assert!(first.is_some(), "event {place} was called a repeat of nothing that is there");
        self.known[first.unwrap()].acknowledged = true;
        Ok(())
    }

    /// The acknowledged event, if any, that makes this one a repeat, be it still there or not.
    fn acknowledged_with(&self, place: usize) -> Option<usize> {
        (0..self.known.len()).find(|other| self.known[*other].acknowledged && self.is_repeat(place, *other))
    }

    fn is_repeat(&self, place: usize, other: usize) -> bool {
        let (event, other_event) = (&self.known[place].event, &self.known[other].event);
        let since = event.received_at / HOUR - (other_event.received_at / HOUR).min(event.received_at / HOUR);
        place != other && event.dedupe.is_some() && event.dedupe == other_event.dedupe && since <= 24
    }

    fn record(&mut self, place: usize, ended: Ended) {
        let journal = self.journal.as_ref().unwrap();
        let open = journal.pending();
        let Some(pending) = open.get(place % open.len().max(1)) else { return };
        let state = match ended {
            Ended::Delivered => DeliveryState::Delivered,
            Ended::Dead => DeliveryState::Dead { reason: "refused".into(), attempts: 1, at_ms: self.now },
            Ended::Retry => DeliveryState::Retry { attempt: pending.attempt + 1, due_ms: 7, failure: None },
        };
        journal.record(pending.seq, pending.bundle, &state);
        self.note((pending.seq, pending.bundle), state, false);
    }

    /// What has been acknowledged for certain is on disk, and with it every state before it, unless one of them could not be written.
    async fn fetch(&mut self, hook: u8, most: usize) -> Checked {
        let (journal, hook) = (self.journal.as_ref().unwrap(), hook.to_string());
        let open: Vec<_> = journal.pending_of(&hook, None, most).iter().map(|pending| (pending.seq, pending.bundle)).collect();
        let acknowledged = journal.acknowledge(&hook, &open).await;
        let all = acknowledged.failure.is_none();
        prop_assert_eq!(all, acknowledged.bundles == open.len() as u64);
        prop_assert!(all || self.disk.troubles() > 0, "refused though nothing was wrong");
        open.iter().for_each(|key| self.note(*key, DeliveryState::Delivered, all));
        if !open.is_empty() {
            self.make_firm();
        }
        Ok(())
    }

    async fn redrive(&mut self) -> Checked {
        let journal = self.journal.as_ref().unwrap();
        let redriven = journal.redrive(&journal.dead_letter_keys(|_| true), self.now).await;
        prop_assert!(redriven.failure.is_none() || self.disk.troubles() > 0, "refused though nothing was wrong");
        let state = DeliveryState::Redriven { at_ms: self.now };
        redriven.bundles.iter().for_each(|bundle| self.note((bundle.seq, bundle.bundle), state.clone(), true));
        if !redriven.bundles.is_empty() {
            self.make_firm();
        }
        Ok(())
    }

    fn note(&mut self, (seq, bundle): BundleKey, state: DeliveryState, firm: bool) {
        if let Some(place) = self.numbers.get(&seq) {
            self.known[*place].recorded.insert(bundle, (state, firm));
        }
    }

    /// All that was recorded is on disk, unless something has gone wrong.
    fn make_firm(&mut self) {
        if self.disk.troubles() == self.troubles {
            self.known.iter_mut().flat_map(|known| known.recorded.values_mut()).for_each(|(_, firm)| *firm = true);
        }
    }

    fn maintain(&mut self) {
        for known in &mut self.known {
            let bundles = 0..known.event.bundles.len() as u32;
            known.removable |= bundles.into_iter().all(|bundle| known.ended(bundle).is_some());
        }
        let everything = Retention { age: Duration::ZERO, bytes: 0 };
        // What it could not remove it removes the next time.
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(self.now) + Duration::from_secs(60);
        let _ = self.journal.as_ref().unwrap().maintain(everything, now, |_| false);
    }

    fn close_in_order(&mut self) {
        self.journal = None;
        self.make_firm();
    }

    fn begin_again(&mut self) -> Checked {
        self.journal = None;
        self.disk.restart();
        self.open();
        self.forget_what_was_not_written();
        self.check()
    }

    /// A delivery state that was not on disk yet when the process ended may be gone: the bundle is open as if nothing had been recorded.
    fn forget_what_was_not_written(&mut self) {
        for Pending { seq, bundle, .. } in self.journal.as_ref().unwrap().pending() {
            if let Some(place) = self.numbers.get(&seq) {
                self.known[*place].recorded.retain(|known, (_, firm)| *known != bundle || *firm);
            }
        }
    }

    /// Opens the journal, at the latest when nothing goes wrong any more.
    fn open(&mut self) {
        while self.journal.is_none() {
            let directory = DataDirectory::open(self.root.path()).unwrap();
            match Journal::open_on(self.disk.clone(), &directory, Settings::default(), SIZES) {
                Ok(journal) => self.journal = Some(journal),
                Err(error) => assert!(self.disk.troubles() > self.troubles, "the journal does not open: {error}"),
            }
            self.disk.restart();
            self.troubles = self.disk.troubles();
        }
    }

    /// Takes note of the events that are there though nobody was told.
    fn see(&mut self) -> Result<BTreeSet<Sequence>, TestCaseError> {
        let scanned: Vec<_> = self.journal.as_ref().unwrap().scan(0).collect::<Result<_, _>>().unwrap();
        prop_assert!(scanned.is_sorted_by(|(one, _), (next, _)| one < next));
        for (seq, event) in &scanned {
            let place: usize = event.id.parse().unwrap();
            prop_assert_eq!(&self.known[place].event, event);
            prop_assert!(self.known[place].seq.is_none_or(|known| known == *seq), "event {} is there twice", place);
            prop_assert_eq!(*self.numbers.entry(*seq).or_insert(place), place, "number {} stands for two events", seq);
            self.known[place].seq = Some(*seq);
        }
        Ok(scanned.into_iter().map(|(seq, _)| seq).collect())
    }

    /// What must hold whenever the journal has been opened.
    fn check(&mut self) -> Checked {
        let present = self.see()?;
        for (place, known) in self.known.iter().enumerate().filter(|(_, known)| known.acknowledged && !known.removable) {
            prop_assert!(present.contains(&known.seq.unwrap()), "event {} was acknowledged and is lost", place);
        }
        self.check_damage()?;
        self.check_pending(&present)
    }

    /// What is called damaged was never acknowledged, or its segment has been removed: no disk here forgets what was synced.
    fn check_damage(&self) -> Checked {
        let is_needed = |known: &Known| known.acknowledged && !known.removable;
        for damage in &self.journal.as_ref().unwrap().recovery().damage {
            let needed = |seq: Sequence| self.numbers.get(&seq).is_some_and(|place| is_needed(&self.known[*place]));
            prop_assert!(!damage.lost.clone().any(needed), "{:?} was acknowledged", damage);
        }
        Ok(())
    }

    fn check_pending(&self, present: &BTreeSet<Sequence>) -> Checked {
        let pending = self.journal.as_ref().unwrap().pending();
        prop_assert!(pending.is_sorted_by(|one, next| (one.seq, one.bundle) < (next.seq, next.bundle)));
        let open: HashSet<_> = pending.iter().map(|pending| (pending.seq, pending.bundle)).collect();
        for seq in present {
            let known = &self.known[self.numbers[seq]];
            for bundle in 0..known.event.bundles.len() as u32 {
                let is_open = open.contains(&(*seq, bundle));
                match known.ended(bundle) {
                    None => prop_assert!(is_open, "bundle {} of {} is forgotten", bundle, seq),
                    Some(firm) => prop_assert!(!is_open || !firm, "bundle {} of {} is delivered again", bundle, seq),
                }
            }
        }
        Ok(())
    }
}

/// No disk is asked for what the simulated one does; where there is no such place, the test only takes longer.
fn directory_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Known {
    /// Whether a bundle was delivered or given up, and whether that is certain to be remembered.
    fn ended(&self, bundle: u32) -> Option<bool> {
        match self.recorded.get(&bundle)? {
            (DeliveryState::Retry { .. } | DeliveryState::Redriven { .. }, _) => None,
            (_, firm) => Some(*firm),
        }
    }
}

impl Arriving {
    /// Who hands it in gives it its id and its time.
    fn event(&self) -> Event {
        let bundle = |hook: &u8| StoredBundle { id: "b".into(), hook: hook.to_string(), json: Bytes::from_static(b"{}") };
        Event {
            id: String::new(),
            received_at: 0,
            service: "s".into(),
            webhook: "w".into(),
            outcome: if self.failed { Outcome::Failed("no such member".into()) } else { Outcome::Accepted },
            request: StoredRequest::default(),
            body: Bytes::from(vec![b'x'; self.size]),
            dedupe: self.dedupe.map(|id| id.to_string()),
            bundles: if self.failed { Vec::new() } else { self.hooks.iter().map(bundle).collect() },
            unmatched: Vec::new(),
            replay_of: None,
        }
    }
}

fn arriving() -> impl Strategy<Value = Arriving> {
    let size = prop_oneof![7 => 0..300_usize, 1 => 1500..4000_usize];
    (prop::collection::vec(0..3_u8, 0..3), prop::option::of(0..12_u8), size, prop::bool::weighted(0.1))
        .prop_map(|(hooks, dedupe, size, failed)| Arriving { hooks, dedupe, size, failed })
}

const TROUBLES: [Trouble; 5] = [Trouble::Kill, Trouble::PowerCut, Trouble::InputOutput, Trouble::NoSpace, Trouble::ErrorAndKill];

fn deed() -> impl Strategy<Value = Deed> {
    let ended = prop_oneof![4 => Just(Ended::Delivered), 1 => Just(Ended::Dead), 1 => Just(Ended::Retry)];
    let directory = prop_oneof![3 => Just("events"), 1 => Just("deliveries")];
    prop_oneof![
        8 => prop::collection::vec(arriving(), 1..6).prop_map(Deed::Append),
        8 => (any::<usize>(), ended).prop_map(|(place, ended)| Deed::Record(place, ended)),
        3 => (1..12_usize).prop_map(Deed::Deliver),
        4 => (0..3_u8, 1..12_usize).prop_map(|(hook, most)| Deed::Fetch(hook, most)),
        1 => Just(Deed::Redrive),
        2 => Just(Deed::Resend),
        1 => Just(Deed::Maintain),
        2 => Just(Deed::Ease),
        1 => (1..30_u64).prop_map(|hours| Deed::Wait { hours }),
        1 => Just(Deed::Reopen),
        1 => Just(Deed::Rot),
        1 => prop_oneof![Just(Trouble::Kill), Just(Trouble::PowerCut)].prop_map(Deed::Strike),
        3 => (directory, 0..12_u64, prop::sample::select(&TROUBLES[..])).prop_map(|(directory, after, trouble)| Deed::Arm { directory, after, trouble }),
    ]
}

/// How many lives are lived. More by hand: `PROPTEST_CASES=20000 cargo test --release -p hookwright --lib journal::model`.
fn cases() -> u32 {
    let asked_for = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    asked_for.unwrap_or(128)
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_is_done_and_goes_wrong_nothing_acknowledged_is_lost(deeds in prop::collection::vec(deed(), 1..40), seed in any::<u64>()) {
        Model::run(&deeds, seed)?;
    }
}

/// A life with all that a journal does: several segments of both logs, a large record, repeats, removal, two openings.
fn life() -> Vec<Deed> {
    let event = |size, dedupe| Arriving { hooks: vec![0, 1, 2], dedupe, size, failed: false };
    let delivered = || std::iter::repeat_n(Deed::Record(0, Ended::Delivered), 8);
    let first = [Deed::Append(vec![event(100, Some(0)), event(0, None)]), Deed::Append(vec![event(200, None), event(100, Some(0))])];
    let second = [Deed::Record(0, Ended::Retry), Deed::Append(vec![event(3000, Some(2))]), Deed::Append(vec![event(0, None)])];
    let third = [Deed::Reopen, Deed::Append(vec![event(100, Some(2)), event(100, None)])];
    let last = [Deed::Reopen, Deed::Maintain, Deed::Append(vec![event(50, Some(0)), event(0, Some(2))])];
    first.into_iter().chain(delivered()).chain(second).chain(third).chain(delivered()).chain(last).collect()
}

#[test]
fn wherever_a_life_is_struck_nothing_acknowledged_is_lost() {
    for (directory, trouble) in ["events", "deliveries"].into_iter().flat_map(|directory| TROUBLES.map(|trouble| (directory, trouble))) {
        let points = (0..).take_while(|after| {
            let deeds: Vec<_> = std::iter::once(Deed::Arm { directory, after: *after, trouble }).chain(life()).collect();
            let run =
                |seed| Model::run(&deeds, seed).unwrap_or_else(|error| panic!("{trouble:?} after {after} in {directory}, {seed}: {error}"));
            (0..u64::from(cases() / 64).max(1)).map(run).sum::<u64>() > 0
        });
        assert!(points.count() > 5, "{trouble:?} in {directory}");
    }
}
