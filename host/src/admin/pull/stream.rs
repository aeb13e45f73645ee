//! Bundles as they arrive, as server-sent events.

use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::{Wanted, fetch, pulled_hook};
use crate::admin::answer::{Answer, Asked, Refused};
use crate::admin::bundle_key;
use crate::admin::event_stream::{self, SIGN_OF_LIFE};
use crate::admin::operator::Operator;
use crate::journal::Journal;

/// Bundles that are read from the journal at once.
const BATCH: usize = 100;
/// Events that wait for the reader.
const WAITING: usize = 16;

/// What `GET /hooks/{id}/bundles/stream` may be asked with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::admin) struct Query {
    /// Only those after this cursor, which is the `id` of the last event that was read.
    after: Option<String>,
}

/// `GET /hooks/{id}/bundles/stream`: what waits, and then what arrives, until the reader goes.
pub(in crate::admin) async fn stream(operator: &Operator, asked: Asked<'_>) -> Result<Answer, Refused> {
    let hook = pulled_hook(operator, asked.id)?;
    let after = asked.query::<Query>()?.after.map(|cursor| bundle_key::read(&cursor)).transpose()?;
    let journal = operator.archive.journal().await?;
    let Some(arrivals) = operator.archive.arrivals() else {
        return Err(Refused::unavailable("no server runs, so that there is nothing to follow").with_help("start the server first"));
    };
    let (events, reader) = mpsc::channel(WAITING);
    let wanted = Wanted { hook: hook.id.clone(), after, most: BATCH };
    tokio::spawn(follow(journal, wanted, arrivals, events));
    Ok(Answer::events(reader))
}

/// A slow reader keeps nobody waiting but itself: what it has not read stays in the journal.
async fn follow(journal: Arc<Journal>, mut wanted: Wanted, mut arrivals: watch::Receiver<()>, events: mpsc::Sender<Bytes>) {
    loop {
        // Whatever arrives from here on wakes us below.
        arrivals.mark_unchanged();
        let Ok(bundles) = fetch(&journal, &wanted).await else { return };
        let Some(last) = bundles.last() else {
            let sign = tokio::select! {
                () = events.closed() => return,
                changed = arrivals.changed() => if changed.is_ok() { continue } else { return },
                () = sleep(SIGN_OF_LIFE) => event_stream::comment(),
            };
            if events.send(sign).await.is_err() {
                return;
            }
            continue;
        };
        wanted.after = bundle_key::read(&last.cursor).ok();
        for bundle in &bundles {
            // Its id is the cursor to go on after, and to acknowledge.
            if events.send(event_stream::event_with_id(&bundle.cursor, bundle)).await.is_err() {
                return;
            }
        }
    }
}
