//! What is stored of a request and of the verdict on it.

use hookwright_webhook::Verdict;

use super::{Arrived, Run, headers, milliseconds};
use crate::journal::{Event, Outcome, StoredBundle, StoredRequest};
use crate::services::Found;

/// The event of an accepted request. The body is shared with it, not copied.
pub(super) fn event(found: &Found, arrived: Arrived, verdict: Verdict, run: Run) -> Event {
    let Run { id, environment } = run;
    let unmatched = verdict.items.iter().filter(|item| !item.matched).filter_map(|item| item.uid.clone()).collect();
    Event {
        received_at: milliseconds(environment.now),
        service: found.service.name.clone(),
        webhook: found.webhook().name().to_owned(),
        outcome: verdict.failure.as_ref().map_or(Outcome::Accepted, |failure| Outcome::Failed(failure.to_string())),
        dedupe: verdict.dedupe.as_deref().map(|delivery| scoped(found, delivery)),
        bundles: bundles(&id, verdict),
        unmatched,
        replay_of: None,
        body: arrived.body.clone(),
        request: stored_request(arrived),
        id,
    }
}

/// A dedicated hook's deliveries are its own: two hooks on one webhook may well see the same id.
fn scoped(found: &Found, delivery: &str) -> String {
    match &found.hook {
        Some(hook) => format!("{} {delivery}", hook.id),
        None => delivery.to_owned(),
    }
}

/// Each bundle's id is the event's with the bundle's place, so that it is the same at every attempt.
fn bundles(event: &str, verdict: Verdict) -> Vec<StoredBundle> {
    let bundles = verdict.items.into_iter().flat_map(|item| item.bundles);
    bundles
        .enumerate()
        .map(|(index, bundle)| StoredBundle { id: format!("{event}-{index}"), hook: bundle.hook, json: bundle.json })
        .collect()
}

fn stored_request(arrived: Arrived) -> StoredRequest {
    let headers = headers(&arrived.parts).pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    StoredRequest {
        method: arrived.parts.method.as_str().to_owned(),
        path_begins: arrived.address.path_begins(),
        url: arrived.address.into_url(),
        headers,
        remote_address: arrived.remote_address,
    }
}
