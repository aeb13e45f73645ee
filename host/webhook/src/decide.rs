//! The whole decision about one request. Its steps bear the names of the spec's own directives.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use hookwright_iml::{Environment, Error, Interrupt, Value};

use crate::budget::{RequestBudget, Stage};
use crate::bundles::{Addressed, Admitted, failed_for};
use crate::condition::Condition;
use crate::scope::Scope;
use crate::{Diagnostic, Kind, Plugin, Reply, Request, Webhook};

/// A request at the moment of its arrival, with the world around it as far as a spec may see it.
pub struct Arrival<'r> {
    /// The request itself.
    pub request: &'r Request<'r>,
    /// The clock, the zone and the limits.
    pub environment: &'r Environment,
    /// What this evaluation is called: `executionId`.
    pub id: &'r str,
    /// The service's own data, such as the app's signing secret.
    pub common: Value<'r>,
    /// The service's plugin, ready for this one request.
    pub plugin: Option<&'r dyn Plugin>,
    /// Who listens.
    pub recipients: &'r dyn Recipients,
    /// What watches over the time and the memory that the decision uses.
    pub budget: &'r dyn RequestBudget,
}

/// Finds who an item is for.
pub trait Recipients {
    /// Every enabled hook on every connection of the service with this uid.
    fn of_uid<'r>(&'r self, uid: &str) -> Vec<Recipient<'r>>;

    /// The hook that a dedicated webhook's URL belongs to.
    fn of_hook<'r>(&'r self) -> Vec<Recipient<'r>>;
}

/// A hook that an item is for.
#[derive(Clone)]
pub struct Recipient<'r> {
    /// The hook's id.
    pub hook: Arc<str>,
    /// The hook's parameters.
    pub parameters: Value<'r>,
}

/// What a spec decides about one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The request was the service's question whether anyone listens: reply, and nothing else.
    pub verification: bool,
    /// Whether `condition` held: for the request, or for at least one recipient where it reads parameters.
    pub accepted: bool,
    /// The answer to the sender.
    pub reply: Reply,
    /// The items, each with its bundles.
    pub items: Vec<Item>,
    /// The id by which a repeat of this delivery is known; only where `condition` held.
    pub dedupe: Option<String>,
    /// Why this event is to be stored as failed: `condition` held, and `iterate`, `uid`, `output` or `dedupe` could not be
    /// evaluated. The event has no items then, so that a replay delivers each bundle once.
    pub failure: Option<Diagnostic>,
    /// What the operator should hear of although nothing is stored of it: `condition` failed for some of the event's recipients,
    /// and so did not hold for those, or it held for nobody and something else failed.
    pub warning: Option<Diagnostic>,
}

/// One item and its bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose it is, in a shared webhook.
    pub uid: Option<String>,
    /// Whether anybody listens for it; an unmatched item with a uid is held for a while.
    pub matched: bool,
    /// One bundle or more for each recipient whose condition held.
    pub bundles: Vec<Bundle>,
}

/// One record of output for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The recipient's hook id.
    pub hook: String,
    /// The bundle as JSON; shared where several recipients get the same.
    pub json: Bytes,
}

/// Why a request gets no reply of the spec's making: `verification`, `condition` (for every recipient that it was asked
/// for and did not turn down) or `respond` could not be evaluated.
/// The sender gets a 500, and nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed, and where in the spec.
    pub diagnostic: Diagnostic,
    /// Set where the spec is not to blame: the decision was ended.
    pub interrupt: Option<Interrupt>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Failure {}

/// What `condition` says before the items are known.
enum Held {
    Yes,
    No,
    /// It reads parameters that only the recipients have.
    AskRecipients,
}

/// What becomes of the event, short of the reply.
#[derive(Default)]
struct Outcome {
    accepted: bool,
    items: Vec<Item>,
    dedupe: Option<String>,
    failure: Option<Error>,
    warning: Option<Error>,
}

impl Webhook {
    /// Decides about one request: who gets which bundles, and what the sender is told. Pure but for the plugin's calls.
    pub fn decide<'r>(&'r self, arrival: &Arrival<'r>) -> Result<Verdict, Failure> {
        let scope = self.scope(arrival);
        let answered = self.steps(&scope).and_then(|verdict| self.answered(&scope, verdict));
        answered.map_err(|error| self.failure(error))
    }

    /// As [`decide`](Self::decide) where no sender waits for an answer any more: the reply is the default one.
    pub fn decide_unanswered<'r>(&'r self, arrival: &Arrival<'r>) -> Result<Verdict, Failure> {
        self.steps(&self.scope(arrival)).map_err(|error| self.failure(error))
    }

    fn answered<'r>(&'r self, scope: &Scope<'_, 'r>, verdict: Verdict) -> Result<Verdict, Error> {
        match &self.respond {
            Some(respond) if !verdict.verification => {
                scope.arrival.budget.begin(Stage::Reply);
                match respond.reply(&scope.with_accepted(verdict.accepted)) {
                    Ok(reply) => Ok(Verdict { reply, ..verdict }),
                    Err(error) if error.interrupt.is_none() || ends_the_request(&error, verdict.accepted) => Err(error),
                    Err(error) => Ok(verdict.failed(self.diagnostic(error))),
                }
            }
            _ => Ok(verdict),
        }
    }

    fn steps<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Verdict, Error> {
        if let Some(reply) = self.verify(scope)? {
            return Ok(Verdict::verification(reply));
        }
        let outcome = match self.condition(scope)? {
            Held::No if !self.has_default() => Outcome::default(),
            held => self.outcome(scope, held)?,
        };
        Ok(Verdict {
            verification: false,
            accepted: outcome.accepted,
            reply: Reply::default(),
            items: outcome.items,
            dedupe: outcome.dedupe,
            failure: outcome.failure.map(|error| self.diagnostic(error)),
            warning: outcome.warning.map(|error| self.source.warning(error.span, error.message)),
        })
    }

    fn scope<'a, 'r>(&self, arrival: &'a Arrival<'r>) -> Scope<'a, 'r> {
        let recipient = match self.kind {
            Kind::Shared => None,
            Kind::Dedicated => arrival.recipients.of_hook().pop(),
        };
        let item = if self.iterate.is_none() { arrival.request.body.clone() } else { Value::Missing };
        Scope { arrival, item, recipient, accepted: None }
    }

    fn verify<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Option<Reply>, Error> {
        self.verification.as_ref().map_or(Ok(None), |verification| verification.reply(scope))
    }

    fn condition<'r>(&'r self, scope: &Scope<'_, 'r>) -> Result<Held, Error> {
        match &self.condition {
            None => Ok(Held::Yes),
            Some(condition) if self.asks_recipients(condition) => Ok(Held::AskRecipients),
            Some(condition) => Ok(if condition.holds(scope)? { Held::Yes } else { Held::No }),
        }
    }

    /// `iterate`, `uid`, the recipients' own conditions, `output`, `dedupe`. What fails here fails the event, but only once the
    /// condition has held for somebody: what it should have kept out must not be stored.
    fn outcome<'r>(&'r self, scope: &Scope<'_, 'r>, held: Held) -> Result<Outcome, Error> {
        let mut outcome = Outcome { accepted: matches!(held, Held::Yes), ..Outcome::default() };
        if outcome.accepted {
            scope.arrival.budget.begin(Stage::Event);
        }
        let addressed = self.addressed(scope, !matches!(held, Held::No));
        let addressed = match (addressed, held, &self.condition) {
            (Ok(addressed), Held::AskRecipients, Some(condition)) => self.ask(condition, scope, addressed, &mut outcome)?,
            (addressed, ..) => addressed,
        };
        match addressed.and_then(|addressed| self.items(scope, addressed, outcome.accepted)) {
            Ok((items, dedupe)) => (outcome.items, outcome.dedupe) = (items, dedupe),
            Err(error) if ends_the_request(&error, outcome.accepted) => return Err(error),
            Err(error) if outcome.accepted => outcome.failure = Some(error),
            Err(error) => outcome.warning = Some(error),
        }
        Ok(outcome)
    }

    /// Has the recipients' own conditions asked. Only where the condition held for nobody is its failure the request's; the
    /// inner error is the event's.
    fn ask<'r>(
        &'r self,
        condition: &'r Condition,
        scope: &Scope<'_, 'r>,
        mut addressed: Vec<Addressed<'r>>,
        outcome: &mut Outcome,
    ) -> Result<Result<Vec<Addressed<'r>>, Error>, Error> {
        let Admitted { accepted, failed } = self.admit(condition, scope, &mut addressed);
        outcome.accepted = accepted;
        match failed {
            Some((_, error)) if !accepted => return Err(error),
            Some((_, error)) if error.interrupt.is_some() => return Ok(Err(error)),
            failed => outcome.warning = failed.map(|(hook, error)| failed_for(&hook, error)),
        }
        Ok(Ok(addressed))
    }

    fn items<'r>(
        &'r self,
        scope: &Scope<'_, 'r>,
        addressed: Vec<Addressed<'r>>,
        accepted: bool,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let items = self.bundles(scope, addressed)?;
        let dedupe = match &self.dedupe {
            Some(dedupe) if accepted => dedupe.id(scope)?,
            _ => None,
        };
        Ok((items, dedupe))
    }

    fn failure(&self, error: Error) -> Failure {
        let interrupt = error.interrupt;
        Failure { diagnostic: self.diagnostic(error), interrupt }
    }

    fn diagnostic(&self, error: Error) -> Diagnostic {
        let diagnostic = self.source.error(error.span, error.message);
        match error.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

/// Whether the request ends here without an event: it was ended before anybody was known to want it, or nobody is there any
/// more who would hear that it was accepted.
fn ends_the_request(error: &Error, accepted: bool) -> bool {
    error.interrupt.is_some_and(|interrupt| !accepted || interrupt == Interrupt::Cancelled)
}

impl Verdict {
    /// The same event as a failed one, with the default reply.
    fn failed(self, failure: Diagnostic) -> Self {
        Self { reply: Reply::default(), items: Vec::new(), dedupe: None, failure: Some(failure), ..self }
    }

    fn verification(reply: Reply) -> Self {
        Self { verification: true, accepted: false, reply, items: Vec::new(), dedupe: None, failure: None, warning: None }
    }
}
