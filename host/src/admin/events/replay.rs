//! Replaying events: their requests are evaluated with the spec as it is now, and what that gives is stored and delivered.
//!
//! A replay is an event of its own, which names the one that it is a replay of. It is stored before it is answered for, and
//! it is never taken for a repeat: whoever asks for it knows that the request is not new.

use std::sync::Arc;

use hookwright_webhook::sample::compare_items;
use hookwright_webhook::{Bundle, Item};

use super::bundle_ids::BundleIds;
use super::page::{BOUNDS, Bounds, Looked};
use super::select::Matcher;
use super::trace::{host, reconsidered};
use super::wire::{EventOutcome, raw};
use super::wire_replay::{PreviewPage, ReplayEvents, ReplayManner, ReplayOutcome, ReplayPage, ReplayPreview, Replayed, ReplayedBundle};
use super::{find, looking};
use crate::Host;
use crate::admin::answer::{Answer, Asked, Refused};
use crate::admin::operator::Operator;
use crate::deliver::now_ms;
use crate::journal::{Event, Journal, Original, Outcome, Sequence, StoredBundle, new_id};
use crate::receive::{self, Reconsidered, keep};

/// Events that one request replays at most: each is evaluated and waits for the disk.
const MOST: usize = 100;

/// `POST /events/{id}/replay`
pub(in crate::admin) async fn one(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let (host, plan) = plan_one(operator, &asked).await?;
    Ok(Answer::ok(plan.carry_out(host).await?))
}

/// `POST /events/{id}/replay/preview`
pub(in crate::admin) async fn preview_one(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let (_, plan) = plan_one(operator, &asked).await?;
    Ok(Answer::ok(plan.preview()))
}

/// `POST /events/replay`: the oldest first, as they came.
pub(in crate::admin) async fn many(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let (chosen, manner) = choose(operator, &asked).await?;
    let (host, mut replayed) = (host(operator)?, Vec::new());
    for subject in chosen.subjects {
        let seq = subject.seq;
        let done = match Plan::make(host, subject, &manner).await {
            Ok(plan) => plan.carry_out(host).await,
            Err(refused) => Err(refused),
        };
        match done {
            Ok(done) => replayed.push(done),
            // What is done is done and has to be told; the rest can be asked for again.
            Err(refused) => {
                let next = Some(format!("{seq}-{}", chosen.end));
                return Ok(Answer::ok(ReplayPage { replayed, next, looked_at: chosen.looked.events, stopped: Some(refused.to_string()) }));
            }
        }
    }
    Ok(Answer::ok(ReplayPage { replayed, next: chosen.next, looked_at: chosen.looked.events, stopped: None }))
}

/// `POST /events/replay/preview`
pub(in crate::admin) async fn preview_many(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let (chosen, manner) = choose(operator, &asked).await?;
    let (host, mut previews) = (host(operator)?, Vec::new());
    for subject in chosen.subjects {
        previews.push(Plan::make(host, subject, &manner).await?.preview());
    }
    Ok(Answer::ok(PreviewPage { previews, next: chosen.next, looked_at: chosen.looked.events }))
}

async fn plan_one<'o>(operator: &'o Operator, asked: &Asked<'_>) -> Result<(&'o Arc<Host>, Plan), Refused> {
    let (manner, id) = (asked.json_or_default::<ReplayManner>()?, asked.id.to_owned());
    let host = host(operator)?;
    let subject = looking(operator, move |journal| find(&journal, &id).map(|(seq, event)| Subject::new(&journal, seq, event)));
    Ok((host, Plan::make(host, subject.await??, &manner).await?))
}

/// An event that is to be replayed.
struct Subject {
    seq: Sequence,
    event: Event,
    /// What was stored of it, then what was of its earlier replays: what receivers may have.
    earlier: Vec<StoredBundle>,
}

impl Subject {
    /// Blocks for a disk read for each earlier replay.
    fn new(journal: &Journal, seq: Sequence, event: Event) -> Self {
        let replays = journal.replays(seq).into_iter().filter_map(|replay| journal.read(replay).ok().flatten());
        let earlier = event.bundles.iter().cloned().chain(replays.flat_map(|replay| replay.bundles)).collect();
        Self { seq, event, earlier }
    }
}

/// The events that one request is about.
#[derive(Default)]
struct Chosen {
    subjects: Vec<Subject>,
    /// Where the replays begin that are themselves made meanwhile, so that none is replayed again.
    end: Sequence,
    next: Option<String>,
    looked: Looked,
}

async fn choose(operator: &Operator, asked: &Asked<'_>) -> Result<(Chosen, ReplayManner), Refused> {
    let ReplayEvents { select, manner } = asked.json()?;
    let (matcher, limit, cursor) = (Matcher::new(&select)?, select.limit().min(MOST), select.cursor()?);
    let chosen = looking(operator, move |journal| {
        let [from, end] = cursor.unwrap_or_else(|| [0, journal.end()]);
        oldest_first(&journal, &matcher, from, end, limit, BOUNDS)
    });
    Ok((chosen.await?, manner))
}

/// The events that are meant, oldest first; those that are replays themselves are left out, since their originals are there.
fn oldest_first(journal: &Journal, matcher: &Matcher, from: Sequence, end: Sequence, limit: usize, bounds: Bounds) -> Chosen {
    let mut chosen = Chosen { end, ..Chosen::default() };
    for read in journal.oldest_first(from, end, matcher.times()) {
        let Ok((seq, event)) = read else {
            chosen.looked.at_unreadable();
            continue;
        };
        chosen.looked.at(&event);
        let meant = event.replay_of.is_none() && matcher.outcome(&event, || EventOutcome::of(journal, seq, &event)).is_some();
        if meant {
            chosen.subjects.push(Subject::new(journal, seq, event));
        }
        if chosen.subjects.len() == limit || chosen.looked.is_enough(bounds) {
            chosen.next = Some(format!("{}-{end}", seq + 1));
            break;
        }
    }
    chosen
}

/// What a replay will store and deliver.
struct Plan {
    original: Event,
    earlier: Vec<StoredBundle>,
    outcome: ReplayOutcome,
    reason: Option<String>,
    /// The event that is stored, if it has bundles.
    replay: Event,
    /// What differs from what was stored.
    difference: Option<String>,
}

impl Plan {
    /// Evaluates the request. An error: it cannot be evaluated now, which says nothing about the request.
    async fn make(host: &Arc<Host>, subject: Subject, manner: &ReplayManner) -> Result<Self, Refused> {
        let Subject { seq, event: original, earlier } = subject;
        let (outcome, reason, bundles) = match reconsidered(host, &original).await {
            Ok(reconsidered) => {
                let (outcome, reason) = said(&reconsidered);
                let bundles = reconsidered.verdict.items.into_iter().flat_map(|item| item.bundles);
                (outcome, reason, bundles.filter(|bundle| manner.wants(&bundle.hook)).collect())
            }
            Err(refused) if refused.is_unavailable() => return Err(refused),
            Err(refused) => (ReplayOutcome::Impossible, Some(refused.to_string()), Vec::new()),
        };
        let difference = difference(&original, manner, &bundles);
        let replay = replay(seq, &original, manner.ids, &earlier, bundles);
        Ok(Self { original, earlier, outcome, reason, replay, difference })
    }

    /// Stores the replay and hands it on for delivery.
    async fn carry_out(self, host: &Arc<Host>) -> Result<Replayed, Refused> {
        let (bundles, id) = (self.replay.bundles.len(), self.replay.id.clone());
        let stored = bundles > 0;
        if stored {
            keep(host, self.replay).await.map_err(|error| Refused::unavailable(error.to_string()))?;
        }
        let replay = stored.then_some(id);
        Ok(Replayed { event: self.original.id, outcome: self.outcome, reason: self.reason, replay, bundles })
    }

    fn preview(self) -> ReplayPreview {
        let known = |id: &String| self.earlier.iter().any(|bundle| bundle.id == *id);
        let bundles = self.replay.bundles.into_iter().map(|bundle| ReplayedBundle {
            repeat: known(&bundle.id),
            json: raw(&bundle.json),
            id: bundle.id,
            hook: bundle.hook,
        });
        let bundles = bundles.collect();
        ReplayPreview { event: self.original.id, outcome: self.outcome, reason: self.reason, bundles, difference: self.difference }
    }
}

/// What was decided, and why nothing is delivered where nothing is.
fn said(reconsidered: &Reconsidered) -> (ReplayOutcome, Option<String>) {
    let verdict = &reconsidered.verdict;
    match reconsidered.outcome {
        receive::Outcome::Verification => (ReplayOutcome::Verification, Some("the spec takes it for a verification".into())),
        receive::Outcome::Rejected => (ReplayOutcome::Rejected, Some("`condition` does not hold".into())),
        receive::Outcome::Failed => (ReplayOutcome::Failed, verdict.failure.as_ref().map(ToString::to_string)),
        receive::Outcome::Unmatched => {
            let uids: Vec<_> = verdict.items.iter().filter_map(|item| item.uid.as_deref()).collect();
            (ReplayOutcome::Unmatched, Some(format!("nobody has its uids: {}", uids.join(", "))))
        }
        receive::Outcome::Accepted | receive::Outcome::Repeated => (ReplayOutcome::Accepted, None),
    }
}

fn replay(seq: Sequence, original: &Event, ids: BundleIds, earlier: &[StoredBundle], bundles: Vec<Bundle>) -> Event {
    let id = new_id(now_ms());
    Event {
        bundles: ids.name(&id, earlier, bundles),
        replay_of: Some(Original { seq, id: original.id.clone(), uid: None }),
        id,
        outcome: Outcome::Accepted,
        dedupe: None,
        unmatched: Vec::new(),
        ..original.clone()
    }
}

/// How the bundles differ from those that were stored, line by line.
fn difference(original: &Event, manner: &ReplayManner, bundles: &[Bundle]) -> Option<String> {
    let stored = original.bundles.iter().filter(|bundle| manner.wants(&bundle.hook)).map(|bundle| String::from_utf8_lossy(&bundle.json));
    let stored = format!("[{}]", stored.collect::<Vec<_>>().join(","));
    let item = Item { uid: None, matched: true, bundles: bundles.to_vec() };
    compare_items(&stored, &[item]).unwrap_or_else(|error| Some(error.to_string()))
}
