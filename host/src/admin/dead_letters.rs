//! What can be asked about dead letters: which there are, and that their attempts begin anew.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Asked, Refused};
use super::archive::reading;
use super::operator::Operator;
use super::{bundle_key, hooks, limit};
use crate::connections::{Connections, State};
use crate::journal::{BundleKey, DeadLetter, Journal};

/// What `GET /dead-letters` may be asked with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    /// Only those of this hook.
    hook: Option<String>,
    /// Only those of this service.
    service: Option<String>,
    /// Only those after this one: `next` of the answer before.
    after: Option<String>,
    /// How many are wanted: 100 unless it is said, 1000 at most.
    limit: Option<usize>,
}

/// The answer to `GET /dead-letters`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetters {
    /// The oldest events' first.
    pub dead_letters: Vec<DeadLetterView>,
    /// What `?after=` has to say for the next ones, if there may be more.
    pub next: Option<String>,
}

/// A dead letter as it is shown.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterView {
    /// Names it: its event's number and its place among the event's bundles.
    pub id: String,
    /// The hook that it is for.
    pub hook: String,
    /// The service that sent its event.
    pub service: Option<String>,
    /// The webhook that received it.
    pub webhook: Option<String>,
    /// Its event's id.
    pub event: Option<String>,
    /// Its bundle's id, the receiver's `webhook-id`.
    pub bundle: Option<String>,
    /// When it was given up, in milliseconds since 1970.
    pub at_ms: u64,
    /// How many attempts there had been.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
}

/// `POST /dead-letters/redrive`: exactly one of these says which.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redrive {
    /// These.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// All of one hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// All there are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// The answer to [`Redrive`]: what it says is on disk.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RedriveAnswer {
    /// How many are attempted anew.
    pub redriven: u64,
    /// Those that stay as they are.
    pub left: Vec<DeadLettersLeft>,
}

/// Dead letters that were not redriven because their hook takes nothing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeadLettersLeft {
    /// The hook.
    pub hook: String,
    /// How many of its dead letters were asked for.
    pub dead_letters: u64,
    /// `disabled` or `removed`.
    pub because: String,
}

/// `GET /dead-letters`
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let Query { hook, service, after, limit } = asked.query()?;
    let after = after.map(|id| bundle_key::read(&id)).transpose()?;
    let limit = limit::check(limit)?;
    let (journal, connections) = (operator.archive.journal().await?, operator.connections.clone());
    let listed = reading(move || {
        let mut services = ServicesOfHooks { journal: &journal, connections: &connections, known: HashMap::new() };
        let wanted = |id: &Arc<str>, key| {
            hook.as_deref().is_none_or(|hook| hook == &**id) && service.as_deref().is_none_or(|service| services.is(id, key, service))
        };
        let found = journal.dead_letters(after, limit, wanted);
        let next = (found.len() == limit).then(|| found.last().map(|last| bundle_key::id((last.seq, last.bundle)))).flatten();
        DeadLetters { dead_letters: found.into_iter().map(|found| view(&journal, found)).collect(), next }
    });
    Ok(Answer::ok(listed.await?))
}

/// `POST /dead-letters/redrive`
pub(super) async fn redrive(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let journal = operator.archive.journal().await?;
    let wanted = match asked.json()? {
        Redrive { ids: Some(ids), hook: None, all: false } => {
            let journal = journal.clone();
            reading(move || named(&journal, &ids)).await??
        }
        Redrive { ids: None, hook: Some(hook), all: false } => of_hook(operator, &journal, &hook)?,
        Redrive { ids: None, hook: None, all: true } => journal.dead_letter_keys(|_| true),
        _ => return Err(Refused::bad("say which: `ids`, `hook` or `all`, and only one of them")),
    };
    let (wanted, left) = without_listener(operator, &journal, wanted);
    let redriven = operator.archive.redrive(wanted).await?;
    let count = redriven.bundles.len() as u64;
    if let Some(failure) = redriven.failure {
        return Err(Refused::unavailable(format!("{count} were redriven, and then: {failure}")).with_help("ask again for the rest"));
    }
    Ok(Answer::ok(RedriveAnswer { redriven: count, left }))
}

fn named(journal: &Journal, ids: &[String]) -> Result<Vec<BundleKey>, Refused> {
    let known = |id: &String| match bundle_key::find(journal, id)? {
        Some(key) if journal.dead_letter_hook(key).is_some() => Ok(key),
        _ => Err(Refused::unknown(format!("there is no dead letter `{id}`; nothing was redriven"))
            .with_help("`hookwright dead-letters list` lists them")),
    };
    ids.iter().map(known).collect()
}

/// Those of a hook, also of one that is gone, as long as it has any.
fn of_hook(operator: &Operator, journal: &Journal, hook: &str) -> Result<Vec<BundleKey>, Refused> {
    if journal.dead_letters_of(hook) == 0 {
        hooks::find(operator, hook)?;
    }
    Ok(journal.dead_letter_keys(|of| **of == *hook))
}

/// Sets apart what would only be given up again, since its hook takes nothing.
fn without_listener(operator: &Operator, journal: &Journal, wanted: Vec<BundleKey>) -> (Vec<BundleKey>, Vec<DeadLettersLeft>) {
    let mut left = BTreeMap::new();
    let mut reasons = HashMap::new();
    let listened_to = |key: &BundleKey| {
        let Some(hook) = journal.dead_letter_hook(*key) else { return false };
        let Some(because) = *reasons.entry(hook.clone()).or_insert_with(|| takes_nothing(operator, &hook)) else { return true };
        left.entry(hook).or_insert((because, 0)).1 += 1;
        false
    };
    let wanted = wanted.into_iter().filter(listened_to).collect();
    let left = left.into_iter().map(|(hook, (because, dead_letters))| DeadLettersLeft {
        hook: hook.to_string(),
        dead_letters,
        because: String::from(because),
    });
    (wanted, left.collect())
}

fn takes_nothing(operator: &Operator, hook: &str) -> Option<&'static str> {
    match operator.connections.hook(hook).map(|hook| hook.state) {
        Some(State::Enabled) => None,
        Some(State::Disabled) => Some("disabled"),
        Some(State::Removed) | None => Some("removed"),
    }
}

/// Which service a hook is of, read from an event of its where the hook is gone.
struct ServicesOfHooks<'a> {
    journal: &'a Journal,
    connections: &'a Connections,
    known: HashMap<Arc<str>, Option<String>>,
}

impl ServicesOfHooks<'_> {
    fn is(&mut self, hook: &Arc<str>, (seq, _): BundleKey, service: &str) -> bool {
        let Self { journal, connections, known } = self;
        let look_up = || match connections.hook(hook) {
            Some(hook) => Some(hook.service.clone()),
            None => journal.read(seq).ok().flatten().map(|event| event.service),
        };
        known.entry(hook.clone()).or_insert_with(look_up).as_deref() == Some(service)
    }
}

fn view(journal: &Journal, found: DeadLetter) -> DeadLetterView {
    let DeadLetter { seq, bundle, hook, at_ms, attempts, reason } = found;
    // One whose event is damaged is shown all the same.
    let event = journal.read(seq).ok().flatten();
    let stored = event.as_ref().and_then(|event| event.bundles.get(bundle as usize));
    DeadLetterView {
        id: bundle_key::id((seq, bundle)),
        hook: hook.to_string(),
        bundle: stored.map(|stored| stored.id.clone()),
        service: event.as_ref().map(|event| event.service.clone()),
        webhook: event.as_ref().map(|event| event.webhook.clone()),
        event: event.map(|event| event.id),
        at_ms,
        attempts,
        reason,
    }
}
