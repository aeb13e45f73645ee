//! The table of what can be asked, one handler each.

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Asked, Refused};
use super::backup::{self, Backup, BackupMade};
use super::compact::{self, CompactAnswer};
use super::dead_letters::{self, DeadLetters, Redrive, RedriveAnswer};
use super::definitions::ExportLine;
use super::deliveries::{self, DeliveriesView};
use super::events::{
    self, EventDetail, EventPage, PreviewPage, ReplayEvents, ReplayManner, ReplayPage, ReplayPreview, Replayed, Selection, TailLine,
};
use super::health::{self, Health};
use super::operator::Operator;
use super::pull::{self, Acknowledge, AcknowledgeAnswer, PulledBundle, PulledBundles};
use super::route::{Access, Caller, Route, schema_of};
use super::services::ServedWebhook;
use super::tokens::{self, NewToken, TokenAdded, TokenView};
use super::transfer::{self, ExportQuery, Import, Imported, PreviewImport};
use super::update::{self, HookUpdated, UpdateHook};
use super::wire::{
    ConnectionAdded, ConnectionView, Disabled, HookAdded, HookEnabled, HookView, NewConnection, NewHook, Removed, RotateSecret,
    SecretRotated, ServiceView, Show,
};
use super::{connections, hooks, metrics, openapi, services};
use crate::trace::Trace;

/// Everything that can be asked. Of two that match the first is meant.
pub(super) static ROUTES: &[Route] = &[
    Route::get("/connections", "List the connections", schema_of::<Vec<ConnectionView>>, |operator, asked| {
        Box::pin(connections::list(operator, asked))
    })
    .query(schema_of::<Show>),
    Route::post(
        "/connections",
        "Add a connection, and a hook on it for every shared webhook of its service",
        schema_of::<ConnectionAdded>,
        |operator, asked| Box::pin(connections::add(operator, asked)),
    )
    .takes(schema_of::<NewConnection>)
    .creates(),
    Route::get("/connections/{id}", "Show a connection", schema_of::<ConnectionView>, |operator, asked| {
        Box::pin(connections::show(operator, asked))
    })
    .query(schema_of::<Show>),
    Route::delete("/connections/{id}", "Remove a connection and the hooks on it", schema_of::<Removed>, |operator, asked| {
        Box::pin(connections::remove(operator, asked))
    }),
    Route::get("/hooks", "List the hooks", schema_of::<Vec<HookView>>, |operator, asked| Box::pin(hooks::list(operator, asked)))
        .query(schema_of::<Show>),
    Route::post("/hooks", "Add a hook", schema_of::<HookAdded>, |operator, asked| Box::pin(hooks::add(operator, asked)))
        .takes(schema_of::<NewHook>)
        .creates(),
    Route::get("/hooks/{id}", "Show a hook", schema_of::<HookView>, |operator, asked| Box::pin(hooks::show(operator, asked)))
        .query(schema_of::<Show>),
    Route::patch(
        "/hooks/{id}",
        "Change a hook; what waits for it goes the new way at once",
        schema_of::<HookUpdated>,
        |operator, asked| Box::pin(update::update(operator, asked)),
    )
    .takes(schema_of::<UpdateHook>),
    Route::post("/hooks/{id}/enable", "Let a hook listen again", schema_of::<HookEnabled>, |operator, asked| {
        Box::pin(hooks::enable(operator, asked))
    }),
    Route::post("/hooks/{id}/disable", "Stop a hook from listening", schema_of::<Disabled>, |operator, asked| {
        Box::pin(hooks::disable(operator, asked))
    }),
    Route::post(
        "/hooks/{id}/rotate-secret",
        "Sign a hook's deliveries with a new secret",
        schema_of::<SecretRotated>,
        |operator, asked| Box::pin(hooks::rotate_secret(operator, asked)),
    )
    .takes(schema_of::<RotateSecret>),
    Route::delete("/hooks/{id}", "Remove a hook", schema_of::<Removed>, |operator, asked| Box::pin(hooks::remove(operator, asked))),
    Route::get(
        "/hooks/{id}/bundles",
        "Fetch the bundles that wait at a hook without a destination, or the next that comes",
        schema_of::<PulledBundles>,
        |operator, asked| Box::pin(pull::list(operator, asked)),
    )
    .query(schema_of::<pull::Query>),
    Route::get(
        "/hooks/{id}/bundles/stream",
        "Follow the bundles that wait at a hook without a destination, as server-sent events: `id` is the cursor, `data` the bundle",
        schema_of::<PulledBundle>,
        |operator, asked| Box::pin(pull::stream::stream(operator, asked)),
    )
    .query(schema_of::<pull::stream::Query>)
    .in_events(),
    Route::post(
        "/hooks/{id}/bundles/ack",
        "Acknowledge bundles that were fetched, so that they wait no longer",
        schema_of::<AcknowledgeAnswer>,
        |operator, asked| Box::pin(pull::acknowledge(operator, asked)),
    )
    .takes(schema_of::<Acknowledge>),
    Route::get("/export", "Export all connections and hooks, a line of JSON each", schema_of::<ExportLine>, |operator, asked| {
        Box::pin(transfer::export(operator, asked))
    })
    .query(schema_of::<ExportQuery>)
    .line_by_line()
    // It can show what signs deliveries, which nothing else does twice.
    .access(Access::Write),
    Route::post("/import", "Import connections and hooks: all of these, or none", schema_of::<Imported>, |operator, asked| {
        Box::pin(transfer::import(operator, asked))
    })
    .takes(schema_of::<Import>),
    Route::post("/import/preview", "Show what importing would do", schema_of::<Imported>, |operator, asked| {
        Box::pin(transfer::preview(operator, asked))
    })
    .takes(schema_of::<PreviewImport>),
    Route::post("/backup", "Copy all data into a directory on the server's machine", schema_of::<BackupMade>, |operator, asked| {
        Box::pin(backup::make(operator, asked))
    })
    .takes(schema_of::<Backup>)
    .access(Access::Local),
    Route::post(
        "/compact",
        "Write connections and hooks anew, without what was changed or removed",
        schema_of::<CompactAnswer>,
        |operator, asked| Box::pin(compact::compact(operator, asked)),
    ),
    Route::get("/deliveries", "List what is on its way, hook by hook", schema_of::<Vec<DeliveriesView>>, |operator, asked| {
        Box::pin(deliveries::list(operator, asked))
    })
    .query(schema_of::<deliveries::Query>),
    Route::get("/dead-letters", "List the dead letters, those of the oldest events first", schema_of::<DeadLetters>, |operator, asked| {
        Box::pin(dead_letters::list(operator, asked))
    })
    .query(schema_of::<dead_letters::Query>),
    Route::post("/dead-letters/redrive", "Let the attempts of dead letters begin anew", schema_of::<RedriveAnswer>, |operator, asked| {
        Box::pin(dead_letters::redrive(operator, asked))
    })
    .takes(schema_of::<Redrive>),
    Route::get("/events", "List events, newest first", schema_of::<EventPage>, |operator, asked| Box::pin(events::list(operator, asked)))
        .query(schema_of::<Selection>),
    Route::get(
        "/events/tail",
        "Follow events as they come, a line of JSON each, or as server-sent events where `Accept` names these",
        schema_of::<TailLine>,
        |operator, asked| Box::pin(events::tail(operator, asked)),
    )
    .query(schema_of::<Selection>)
    .in_lines_or_events(),
    Route::get("/events/{id}", "Show an event with its request, bundles and deliveries", schema_of::<EventDetail>, |operator, asked| {
        Box::pin(events::show(operator, asked))
    })
    .query(schema_of::<Show>),
    Route::get("/events/{id}/trace", "Evaluate an event's request with the spec as it is now", schema_of::<Trace>, |operator, asked| {
        Box::pin(events::trace(operator, asked))
    }),
    Route::post("/events/{id}/replay", "Replay an event", schema_of::<Replayed>, |operator, asked| {
        Box::pin(events::replay::one(operator, asked))
    })
    .takes(schema_of::<ReplayManner>),
    Route::post(
        "/events/{id}/replay/preview",
        "Show what replaying an event would deliver",
        schema_of::<ReplayPreview>,
        |operator, asked| Box::pin(events::replay::preview_one(operator, asked)),
    )
    .takes(schema_of::<ReplayManner>)
    .access(Access::Read),
    Route::post("/events/replay", "Replay events, oldest first", schema_of::<ReplayPage>, |operator, asked| {
        Box::pin(events::replay::many(operator, asked))
    })
    .takes(schema_of::<ReplayEvents>),
    Route::post("/events/replay/preview", "Show what replaying events would deliver", schema_of::<PreviewPage>, |operator, asked| {
        Box::pin(events::replay::preview_many(operator, asked))
    })
    .takes(schema_of::<ReplayEvents>)
    .access(Access::Read),
    Route::get("/services", "List the services, with what is wrong with them", schema_of::<Vec<ServiceView>>, |operator, asked| {
        Box::pin(services::list(operator, asked))
    }),
    Route::get("/webhooks", "List the webhooks that are served", schema_of::<Vec<ServedWebhook>>, |operator, asked| {
        Box::pin(services::webhooks(operator, asked))
    }),
    Route::get("/tokens", "List the tokens", schema_of::<Vec<TokenView>>, |operator, asked| Box::pin(tokens::list(operator, asked)))
        .access(Access::Local),
    Route::post("/tokens", "Add a token", schema_of::<TokenAdded>, |operator, asked| Box::pin(tokens::add(operator, asked)))
        .takes(schema_of::<NewToken>)
        .creates()
        .access(Access::Local),
    Route::delete("/tokens/{id}", "Remove a token", schema_of::<Removed>, |operator, asked| Box::pin(tokens::remove(operator, asked)))
        .access(Access::Local),
    Route::get("/healthz", "Whether the process answers", schema_of::<Health>, |operator, asked| Box::pin(health::alive(operator, asked)))
        .access(Access::Open),
    Route::get("/readyz", "Whether webhooks would be stored", schema_of::<Health>, |operator, asked| {
        Box::pin(health::ready(operator, asked))
    })
    .access(Access::Open),
    Route::get("/metrics", "Figures for Prometheus, as OpenMetrics text", schema_of::<String>, |operator, asked| {
        Box::pin(metrics::show(operator, asked))
    })
    .in_text(),
    Route::get("/openapi.json", "This description (OpenAPI 3.1)", schema_of::<serde_json::Value>, |operator, asked| {
        Box::pin(openapi::show(operator, asked))
    }),
];

/// One request.
pub(super) struct Call<'a> {
    /// Who asks.
    pub caller: Caller,
    pub method: &'a Method,
    /// The path with its query.
    pub target: &'a str,
    /// The header `Accept`; empty where there is none.
    pub accept: &'a str,
    pub body: &'a [u8],
}

/// Answers one request. Every failure is an answer too.
pub(super) async fn answer(operator: &Operator, call: Call<'_>) -> Answer {
    answer_or_refuse(operator, call).await.unwrap_or_else(Answer::from)
}

async fn answer_or_refuse(operator: &Operator, Call { caller, method, target, accept, body }: Call<'_>) -> Result<Answer, Refused> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (route, id) = find(caller, method, path)?;
    let id = percent_decode_str(id).decode_utf8();
    let id = id.map_err(|_| Refused::bad("the id in the path is no text").with_help("write it in UTF-8, percent-encoded"))?;
    (route.handler)(operator, Asked { caller, id: &id, query, accept, body }).await
}

/// Whether somebody may ask for this: what is found out before a body is read.
pub(super) fn judge(caller: Caller, method: &Method, path: &str) -> Result<(), Refused> {
    find(caller, method, path).map(|_| ())
}

/// The route that is asked for, and what stands for `{id}`. A stranger does not hear what there is.
fn find<'p>(caller: Caller, method: &Method, path: &'p str) -> Result<(&'static Route, &'p str), Refused> {
    let mut found = ROUTES.iter().filter_map(|route| Some((route, route.matched(path)?))).peekable();
    let (status, what) = match found.peek() {
        Some(_) => (StatusCode::METHOD_NOT_ALLOWED, format!("{path} cannot be asked with {method}")),
        None => (StatusCode::NOT_FOUND, format!("there is nothing at {path}")),
    };
    match found.find(|(route, _)| route.method == *method) {
        Some((route, id)) => caller.may(route.access).map(|()| (route, id)),
        None => caller.may(Access::Read).and_then(|()| Err(Refused::new(status, what))),
    }
}
