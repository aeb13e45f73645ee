//! What can be asked about the bundles of a hook without a destination: which wait, and that somebody has them.

pub(super) mod stream;

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, Asked, Refused};
use super::archive::reading;
use super::operator::Operator;
use super::{bundle_key, hooks, limit};
use crate::connections::Hook;
use crate::deliver;
use crate::duration::duration;
use crate::journal::{BundleKey, Event, Journal, Pending, Sequence};

/// Bytes of bundles in one answer, but for the first.
const MOST_BYTES: usize = 8 << 20;
/// The longest that an answer waits for a bundle.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// What `GET /hooks/{id}/bundles` may be asked with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    /// Only those after this cursor.
    after: Option<String>,
    /// How long to wait for one if there is none, such as 30s: not at all unless it is said, five minutes at most.
    wait: Option<String>,
    /// How many are wanted: 100 unless it is said, 1000 at most.
    limit: Option<usize>,
}

/// The answer to `GET /hooks/{id}/bundles`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PulledBundles {
    /// The oldest first.
    pub bundles: Vec<PulledBundle>,
}

/// A bundle that waits to be fetched.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PulledBundle {
    /// Names it for ever: what repeats are dropped by.
    pub id: String,
    /// Its place among all that wait: what `?after=` says for the next ones, and what is acknowledged.
    pub cursor: String,
    /// The id of the event that it came from.
    pub event: String,
    /// The service that sent the event.
    pub service: String,
    /// The webhook that received it.
    pub webhook: String,
    /// The bundle itself, as it is.
    #[schemars(with = "serde_json::Value")]
    pub body: Box<RawValue>,
}

/// `POST /hooks/{id}/bundles/ack`: one of these says which.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// All up to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// These, by cursor or by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
}

/// The answer to [`Acknowledge`]: what it says is on disk.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AcknowledgeAnswer {
    /// How many waited until now.
    pub acknowledged: u64,
}

/// `GET /hooks/{id}/bundles`
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = pulled_hook(operator, asked.id)?;
    let Query { after, wait, limit } = asked.query()?;
    let after = after.map(|cursor| bundle_key::read(&cursor)).transpose()?;
    let wait = wait.map_or(Ok(Duration::ZERO), |wait| read_wait(&wait))?;
    let most = limit::check(limit)?;
    let bundles = wait_for(operator, &Wanted { hook: hook.id.clone(), after, most }, wait).await?;
    Ok(Answer::ok(PulledBundles { bundles }))
}

/// `POST /hooks/{id}/bundles/ack`
pub(super) async fn acknowledge(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = pulled_hook(operator, asked.id)?;
    let journal = operator.archive.journal().await?;
    let keys = match asked.json()? {
        Acknowledge { cursor: Some(cursor), ids: None } => {
            let (journal, hook, last) = (journal.clone(), hook.clone(), bundle_key::read(&cursor)?);
            reading(move || up_to(&journal, &hook, last)).await?
        }
        Acknowledge { cursor: None, ids: Some(ids) } => {
            let journal = journal.clone();
            reading(move || ids.iter().filter_map(|id| bundle_key::find(&journal, id).transpose()).collect::<Result<_, _>>()).await??
        }
        _ => return Err(Refused::bad("say which: `cursor` or `ids`, and only one of them")),
    };
    let done = journal.acknowledge(&hook.id, &keys).await;
    match done.failure {
        None => Ok(Answer::ok(AcknowledgeAnswer { acknowledged: done.bundles })),
        Some(failure) => {
            let what = format!("{} were acknowledged, and then: {failure}", done.bundles);
            Err(Refused::unavailable(what).with_help("acknowledge them again: what is done stays done"))
        }
    }
}

fn pulled_hook(operator: &Operator, id: &str) -> Result<Arc<Hook>, Refused> {
    let hook = hooks::find(operator, id)?;
    match &hook.destination {
        None => Ok(hook),
        Some(destination) => {
            let to = deliver::mask(destination);
            Err(Refused::bad(format!("the hook `{id}` delivers to {to}: only bundles of a hook without a destination wait to be fetched")))
        }
    }
}

/// What waits up to a certain one. What cannot be read waits on: nobody can have fetched it.
fn up_to(journal: &Journal, hook: &Hook, last: BundleKey) -> Vec<BundleKey> {
    let mut bundles = Bundles::of(journal);
    let all = journal.pending_of(&hook.id, None, usize::MAX).into_iter();
    let all = all.map(|pending| (pending.seq, pending.bundle)).take_while(|key| *key <= last);
    all.filter(|key| bundles.read(*key).is_ok()).collect()
}

/// Which bundles are asked for.
struct Wanted {
    hook: String,
    after: Option<BundleKey>,
    most: usize,
}

/// The bundles that wait, or the first that arrive within a time.
async fn wait_for(operator: &Operator, wanted: &Wanted, wait: Duration) -> Result<Vec<PulledBundle>, Refused> {
    let journal = operator.archive.journal().await?;
    let deadline = Instant::now() + wait;
    let mut arrivals = operator.archive.arrivals();
    loop {
        let bundles = fetch(&journal, wanted).await?;
        if !bundles.is_empty() || wait.is_zero() {
            return Ok(bundles);
        }
        let Some(arrivals) = &mut arrivals else {
            return Err(Refused::unavailable("no bundle waits, and no server runs that could receive one"));
        };
        // The server is about to stop, or nothing came: whoever asks again gets what there is then.
        if !matches!(timeout_at(deadline, arrivals.changed()).await, Ok(Ok(()))) {
            return Ok(Vec::new());
        }
    }
}

/// The first bundles that can be read.
async fn fetch(journal: &Arc<Journal>, wanted: &Wanted) -> Result<Vec<PulledBundle>, Refused> {
    let mut after = wanted.after;
    loop {
        let pending = journal.pending_of(&wanted.hook, after, wanted.most);
        let Some(last) = pending.last() else { return Ok(Vec::new()) };
        after = Some((last.seq, last.bundle));
        let journal = journal.clone();
        let bundles = reading(move || read(&journal, pending)).await?;
        if !bundles.is_empty() {
            return Ok(bundles);
        }
    }
}

/// Reads bundles, as many as an answer may carry. One that cannot be read waits on, since the disk may give it another time, and
/// keeps no other waiting.
fn read(journal: &Journal, pending: Vec<Pending>) -> Vec<PulledBundle> {
    let (mut bundles, mut bytes) = (Vec::new(), 0);
    let mut stored = Bundles::of(journal);
    for Pending { seq, bundle, .. } in pending {
        match stored.read((seq, bundle)) {
            Ok(view) => {
                bytes += view.body.get().len();
                if bytes > MOST_BYTES && !bundles.is_empty() {
                    break;
                }
                bundles.push(view);
            }
            Err(reason) => tracing::warn!(event = seq, bundle, %reason, "a bundle that waits to be fetched is left out"),
        }
    }
    bundles
}

/// Bundles in the journal, read in the events' order: each event once.
struct Bundles<'j> {
    journal: &'j Journal,
    event: (Sequence, std::io::Result<Option<Event>>),
}

impl<'j> Bundles<'j> {
    fn of(journal: &'j Journal) -> Self {
        Self { journal, event: (0, Ok(None)) }
    }

    fn read(&mut self, key: BundleKey) -> Result<PulledBundle, String> {
        if self.event.0 != key.0 {
            self.event = (key.0, self.journal.read(key.0));
        }
        view(&self.event.1, key)
    }
}

fn view(event: &std::io::Result<Option<Event>>, key: BundleKey) -> Result<PulledBundle, String> {
    let event = event.as_ref().map_err(|error| format!("the event could not be read: {error}"))?;
    let event = event.as_ref().ok_or("the event is no longer in the journal")?;
    let stored = event.bundles.get(key.1 as usize).ok_or("the event has no such bundle")?;
    Ok(PulledBundle {
        id: stored.id.clone(),
        cursor: bundle_key::id(key),
        event: event.id.clone(),
        service: event.service.clone(),
        webhook: event.webhook.clone(),
        body: serde_json::from_slice(&stored.json).map_err(|error| format!("the bundle is not JSON: {error}"))?,
    })
}

fn read_wait(text: &str) -> Result<Duration, Refused> {
    let wait = duration(text).map_err(|error| Refused::bad(format!("`wait={text}`: {error}")))?;
    match wait <= LONGEST_WAIT {
        true => Ok(wait),
        false => Err(Refused::bad(format!("`wait={text}` is longer than five minutes: ask again instead"))),
    }
}
