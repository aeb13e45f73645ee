//! Runs one spec on one request and says the verdict in one line.

use std::sync::Arc;

use hookwright_iml::json::Document;
use hookwright_iml::{Date, Environment, Limits, Unbounded, Value, Zone};
use hookwright_webhook::{
    Arrival, Exports, Failure, Form, Headers, Item, LoadOptions, Plugin, Recipient, Recipients, Reply, Request, RequestBudget, Source,
    Verdict, Webhook, body, sample,
};

/// Hooks of every test: id, the uid of their connection, parameters. A dedicated webhook's hook is the first.
const HOOKS: [(&str, &str, &str); 3] =
    [("h1", "T1", r#"{"n": 1, "secret": "s1"}"#), ("h2", "T1", r#"{"n": 2}"#), ("h3", "7", r#"{"n": 3}"#)];

const COMMON: &str = r#"{"secret": "key"}"#;

/// Runs a table of rule, spec, request, verdict, and names every line that is not as expected.
pub(crate) fn check(rows: &[(&str, &str, &str, &str)]) {
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(rule, spec, request, expected)| {
            let got = verdict(spec, request, None);
            (got != *expected).then(|| format!("{rule}\n  expected {expected}\n  got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A plugin at work, and what it offers.
pub(crate) type Offer<'p> = (&'p dyn Exports, &'p dyn Plugin);

/// The verdict in one line: `200 text/plain "Accepted" => T1:h1={"a":1}`.
pub(crate) fn verdict(spec: &str, request: &str, plugin: Option<Offer<'_>>) -> String {
    verdict_within(spec, request, plugin, &Unbounded)
}

/// The same within a budget; `ended: ...` where that ended it.
pub(crate) fn verdict_within(spec: &str, request: &str, plugin: Option<Offer<'_>>, budget: &dyn RequestBudget) -> String {
    let source = Source::new("webhook.json", spec);
    let options = LoadOptions { name: "events", plugin: plugin.map(|(exports, _)| exports), shared: false };
    match Webhook::load(&source, options) {
        Ok((webhook, _)) => decide(&webhook, &recorded(request), plugin.map(|(_, plugin)| plugin), budget),
        Err(diagnostics) => format!("does not load: {}", diagnostics[0]),
    }
}

/// A body alone is a JSON request; anything else is a whole message.
fn recorded(request: &str) -> sample::Request {
    if request.contains(" HTTP/1.1") {
        return sample::Request::parse(request.as_bytes()).unwrap();
    }
    let message = format!("POST /service?q=1 HTTP/1.1\nhost: hooks.test\ncontent-type: application/json\n\n{request}");
    sample::Request::parse(message.as_bytes()).unwrap()
}

fn decide(webhook: &Webhook, recorded: &sample::Request, plugin: Option<&dyn Plugin>, budget: &dyn RequestBudget) -> String {
    let url = recorded.url();
    let query = Form::parse(recorded.query().as_bytes(), budget).unwrap_or_default();
    let headers = Headers::new(recorded.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    let decoded = match body::decode(recorded.header("content-type"), &recorded.body, budget) {
        Ok(decoded) => decoded,
        Err(bad) => return format!("400 {bad}"),
    };
    let request = Request {
        method: &recorded.method,
        url: &url,
        path: recorded.path(),
        query: query.value(),
        headers: &headers,
        raw_body: &recorded.body,
        body: decoded.value(),
        remote_address: "192.0.2.7",
    };
    let parameters = HOOKS.map(|(_, _, parameters)| Document::parse(parameters).unwrap());
    let common = Document::parse(COMMON).unwrap();
    let arrival = Arrival {
        request: &request,
        environment: &environment(),
        id: "event-1",
        common: Value::from_json(common.root()),
        plugin,
        recipients: &Known(&parameters),
        budget,
    };
    match webhook.decide(&arrival) {
        Ok(verdict) => line(&verdict),
        Err(Failure { interrupt: Some(interrupt), .. }) => format!("ended: {interrupt}"),
        Err(failure) => format!("500 {}", failure.diagnostic.message),
    }
}

pub(crate) fn environment() -> Environment {
    let now = Date::parse("2026-01-31T12:00:00Z", &Zone::UTC).unwrap();
    Environment { now, zone: Zone::UTC, random: || 4, limits: Limits::default() }
}

struct Known<'k>(&'k [Document<'k>; 3]);

impl Known<'_> {
    fn matching(&self, matches: impl Fn(&str) -> bool) -> Vec<Recipient<'_>> {
        let hooks = HOOKS.iter().zip(self.0).filter(|((_, uid, _), _)| matches(uid));
        let recipient = |hook: &str, parameters| Recipient { hook: Arc::from(hook), parameters };
        hooks.map(|((hook, _, _), parameters)| recipient(hook, Value::from_json(parameters.root()))).collect()
    }
}

impl Recipients for Known<'_> {
    fn of_uid<'r>(&'r self, uid: &str) -> Vec<Recipient<'r>> {
        self.matching(|known| known == uid)
    }

    fn of_hook<'r>(&'r self) -> Vec<Recipient<'r>> {
        self.matching(|_| true).into_iter().take(1).collect()
    }
}

fn line(verdict: &Verdict) -> String {
    let mut out = reply(&verdict.reply);
    out.push_str(if verdict.verification { " verification" } else { "" });
    out.push_str(if verdict.accepted || verdict.verification { "" } else { " declined" });
    if let Some(id) = &verdict.dedupe {
        out.push_str(&format!(" id {id}"));
    }
    if let Some(failure) = &verdict.failure {
        out.push_str(&format!(" failed in line {}: {}", failure.line, failure.message));
    }
    if let Some(warning) = &verdict.warning {
        out.push_str(&format!(" warned of {}", warning.message.trim_start_matches("`condition` failed for the hook ")));
    }
    let items: Vec<_> = verdict.items.iter().map(item).collect();
    out.push_str(&if items.is_empty() { " => nothing".to_owned() } else { format!(" => {}", items.join(" ")) });
    out
}

/// The reply: status, its headers in braces where they are not the default, the body.
fn reply(reply: &Reply) -> String {
    if *reply == Reply::default() {
        return "default".to_owned();
    }
    let headers: Vec<_> = reply.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} {{{}}} {}", reply.status, headers.join(","), String::from_utf8_lossy(&reply.body)).trim_end().to_owned()
}

fn item(item: &Item) -> String {
    let uid = item.uid.as_ref().map(|uid| format!("{uid}:")).unwrap_or_default();
    if !item.matched {
        return format!("{uid}unmatched");
    }
    if item.bundles.is_empty() {
        return format!("{uid}none");
    }
    let bundles = item.bundles.iter().map(|bundle| format!("{uid}{}={}", bundle.hook, String::from_utf8_lossy(&bundle.json)));
    bundles.collect::<Vec<_>>().join(" ")
}
