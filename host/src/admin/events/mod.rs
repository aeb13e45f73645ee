//! What can be asked about events: the requests that were accepted, and what became of them.

mod bundle_ids;
mod mask;
mod page;
pub(super) mod replay;
mod select;
mod tail;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod trace;
mod wire;
mod wire_replay;

use std::sync::Arc;

use super::answer::{Answer, Asked, Refused};
use super::archive::reading;
use super::operator::Operator;
use crate::journal::{Event, Journal, Sequence};
use mask::Secrets;
use page::{BOUNDS, newest_first};
use select::Matcher;

pub use bundle_ids::BundleIds;
pub use select::Selection;
pub use tail::TailLine;
pub(super) use tail::tail;
pub(super) use trace::trace;
pub use wire::{BundleState, BundleView, EventDetail, EventOutcome, EventPage, EventView, HeaderView, RequestView};
pub use wire_replay::{PreviewPage, ReplayEvents, ReplayManner, ReplayOutcome, ReplayPage, ReplayPreview, Replayed, ReplayedBundle};

/// `GET /events`: newest first.
pub(super) async fn list(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let selection: Selection = asked.query()?;
    let (matcher, limit) = (Matcher::new(&selection)?, selection.limit());
    let before = selection.cursor()?.map_or(Sequence::MAX, |[before]| before);
    let page = looking(operator, move |journal| newest_first(&journal, &matcher, before, limit, BOUNDS)).await?;
    Ok(Answer::ok(page))
}

/// `GET /events/{id}[?show=secrets]`
pub(super) async fn show(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let secrets = if asked.shows("secrets")? { Secrets::Shown } else { Secrets::Masked };
    let id = asked.id.to_owned();
    let detail = looking(operator, move |journal| {
        let (seq, event) = find(&journal, &id)?;
        Ok::<_, Refused>(EventDetail::new(&journal, seq, &event, secrets))
    });
    Ok(Answer::ok(detail.await??))
}

/// Looks at the journal where waiting for the disk keeps nobody else waiting.
async fn looking<T: Send + 'static>(operator: &Operator, look: impl FnOnce(Arc<Journal>) -> T + Send + 'static) -> Result<T, Refused> {
    let journal = operator.archive.journal().await?;
    reading(move || look(journal)).await
}

/// An event by its id or its number.
fn find(journal: &Journal, id: &str) -> Result<(Sequence, Event), Refused> {
    let found = journal.find(id).map_err(|error| Refused::unavailable(format!("the event `{id}` cannot be read: {error}")))?;
    found.ok_or_else(|| {
        Refused::unknown(format!("there is no event `{id}`"))
            .with_help("`hookwright events list` lists them; delivered ones are kept as long as the server's retention says")
    })
}
