//! `hookwright try`: a recorded request through a service's spec and plugin, without a server.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use hookwright_iml::{Date, Environment};
use hookwright_webhook::sample::{self, Refusal, Request, Surroundings};
use hookwright_webhook::{Diagnostic, Item, Plugin, Reply, Verdict, Webhook};

use super::check;
use super::printable::{coloured_lines, printable};
use super::sample::{Sample, choose};
use crate::environment;
use crate::evaluate::{self, Meter};
use crate::failure::Failure;
use crate::plugin::Grant;
use crate::services::{Report, Service};
use crate::trace::{self, Trace, TracedItem, TracedReply};

/// Run a recorded request through a service, without a server.
///
/// Prints the reply and the bundles, and stores and delivers nothing. REQUEST is an HTTP message in a file; or a sample,
/// which is a directory with a `request.http` and what is expected of it in `reply.http` and `bundles.json`: then the
/// differences are printed, and the exit code is 1 if there are any.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The service directory.
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The request, or a sample directory.
    #[arg(value_name = "REQUEST")]
    request: PathBuf,

    /// Which of the service's webhooks it is for, where there are several.
    #[arg(long, value_name = "NAME")]
    webhook: Option<String>,

    /// The hook that listens: {"uid": ..., "parameters": {...}} or its parameters alone. Without a uid it listens for all.
    #[arg(long, value_name = "JSON")]
    hook: Option<String>,

    /// A JSON file, {"SERVICE": {"NAME": "VALUE"}}, whose values go over the service's common.json.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,

    /// What the plugin may see, as `serve` is told; may be given several times.
    #[arg(long, value_name = "SERVICE=NAME,NAME")]
    grant: Vec<Grant>,

    /// Print JSON: {"verification", "accepted", "reply": {"status", "headers", "body"}, "items": [{"uid", "bundles"}], "dedupe",
    /// "diagnostics"}.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = r#"Examples:
  hookwright try services/shop order.http
  hookwright try services/shop order.http --hook '{"parameters": {"secret": "s"}}'
  hookwright try services/slack services/slack/samples/slash-command

A request file is the message as it is sent, with lines above it for what surrounds it:
  # now: 2026-01-31T12:00:00Z
  # common: {"signingSecret": "s"}
  POST /shop HTTP/1.1
  content-type: application/json

  {"id": 7}"#;

/// Runs the request and prints what came of it.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { directory, request, webhook, hook, secrets, grant, json } = arguments;
    let sample = Sample::read(&request)?;
    let loader = check::loader(secrets, grant)?;
    let tried = match loader.load(&check::named(&directory)?) {
        Err(report) => Tried::not_loaded(report),
        Ok((service, report)) => {
            let name = webhook.or_else(|| sample.request.given.webhook.clone());
            let webhook = choose(&service, name.as_deref(), &sample.request)?;
            Tried::of(webhook, &service, report, &sample.request, hook.as_deref())?
        }
    };
    let differences = tried.differences(&sample)?;
    if json {
        // Not through anstream, which takes control characters out of texts.
        std::io::stdout().write_all(&tried.json()?)?;
    } else {
        let mut stdout = anstream::stdout().lock();
        write!(stdout, "{}{}", printable(&String::from_utf8_lossy(&tried.text())), coloured_lines(&tried.rendered()))?;
    }
    for difference in &differences {
        anstream::eprintln!("{}", coloured_lines(difference));
    }
    Ok(if tried.failed || !differences.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The plugin's clock is the spec's: where the request says when it came, both stand there.
fn environment_of(request: &Request) -> Environment {
    let mut environment = environment::now();
    let given = request.given.now.as_deref().and_then(|now| Date::parse(now, &environment.zone));
    environment.now = given.unwrap_or(environment.now);
    environment
}

/// What came of a request.
pub(super) struct Tried {
    verification: bool,
    accepted: bool,
    /// None where the service cannot be loaded.
    reply: Option<Reply>,
    items: Vec<Item>,
    dedupe: Option<String>,
    report: Report,
    /// The spec's mistake while the request ran, with the text to show it in.
    mistake: Option<(Diagnostic, String)>,
    pub(super) failed: bool,
}

impl Tried {
    /// How it is not as the sample says.
    pub(super) fn differences(&self, sample: &Sample) -> anyhow::Result<Vec<String>> {
        sample.differences(self.reply.as_ref(), &self.items)
    }

    fn not_loaded(report: Report) -> Self {
        Self { failed: true, ..Self::nothing(report) }
    }

    fn nothing(report: Report) -> Self {
        Self { verification: false, accepted: false, reply: None, items: Vec::new(), dedupe: None, report, mistake: None, failed: false }
    }

    pub(super) fn of(webhook: &Webhook, service: &Service, report: Report, request: &Request, hook: Option<&str>) -> anyhow::Result<Self> {
        let environment = environment_of(request);
        let permit = service.plugin.as_ref().map(|plugin| plugin.try_admit()).transpose()?;
        let session = permit.map(|permit| permit.begin(&environment));
        let common = serde_json::to_string(&service.common)?;
        let plugin = session.as_ref().map(|session| session as &dyn Plugin);
        let run = |budget: &Meter<'_>| {
            sample::run(webhook, request, Surroundings { environment: &environment, common: Some(&common), hook, plugin, budget })
        };
        match evaluate::alone(run) {
            Ok(verdict) => Ok(Self::decided(webhook, report, verdict)),
            Err(Refusal::Malformed(error)) => bail!(error),
            Err(refusal) => Ok(Self::refused(webhook, report, &refusal)),
        }
    }

    fn decided(webhook: &Webhook, report: Report, verdict: Verdict) -> Self {
        let failed = verdict.failure.is_some();
        let mistake = verdict.failure.clone().map(|diagnostic| (diagnostic, webhook.source().text.clone()));
        let Verdict { verification, accepted, reply, items, dedupe, .. } = verdict;
        Self { verification, accepted, reply: Some(reply), items, dedupe, report, mistake, failed }
    }

    /// What the host answers in the spec's place.
    fn refused(webhook: &Webhook, report: Report, refusal: &Refusal) -> Self {
        let failure = match refusal {
            Refusal::Failure(failure) => Failure::from(failure),
            Refusal::BadBody(bad) => Failure::from(bad),
            Refusal::Malformed(malformed) => Failure::Malformed(malformed.to_string()),
        };
        let reply = Reply { status: failure.status().as_u16(), body: failure.line().as_bytes().to_vec(), ..Reply::default() };
        let mistake = refusal.diagnostic().map(|diagnostic| (diagnostic.clone(), webhook.source().text.clone()));
        Self { reply: Some(reply), failed: mistake.is_some(), mistake, ..Self::nothing(report) }
    }

    /// For a person: the reply as a message, then what is delivered.
    fn text(&self) -> Vec<u8> {
        self.reply.as_ref().map_or_else(Vec::new, |reply| trace::text(reply, &self.items, self.verification))
    }

    pub(super) fn rendered(&self) -> String {
        let colour = super::colour_stdout();
        let mistake = self.mistake.iter().map(|(diagnostic, text)| diagnostic.render(text, colour));
        let report = (!self.report.is_empty()).then(|| self.report.render(colour));
        report.into_iter().chain(mistake).map(|rendered| format!("\n{}\n", rendered.trim_end())).collect()
    }

    fn json(&self) -> anyhow::Result<Vec<u8>> {
        let mistakes = self.report.diagnostics().chain(self.mistake.iter().map(|(diagnostic, _)| diagnostic));
        let trace = Trace {
            verification: self.verification,
            accepted: self.accepted,
            reply: self.reply.as_ref().map(TracedReply::from),
            items: self.items.iter().map(TracedItem::of).collect::<Result<_, _>>()?,
            dedupe: self.dedupe.clone(),
            diagnostics: trace::findings(mistakes),
        };
        let mut out = serde_json::to_vec_pretty(&trace)?;
        out.push(b'\n');
        Ok(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    const SPEC: &str = r#"{
        "verification": {"condition": "{{body.challenge}}", "respond": {"headers": {"X-Twice": [1, 2]}, "body": "{{body.challenge}}"}},
        "uid": "{{body.shop}}",
        "output": {"price": "{{body.price}}", "for": "{{parameters.name}}"},
        "respond": {"type": "text", "status": "{{body.status}}", "body": "ok"}
    }"#;

    fn service() -> (tempfile::TempDir, Service, Report) {
        let root = tempfile::tempdir().unwrap();
        let webhooks = root.path().join("shop/webhooks");
        fs::create_dir_all(&webhooks).unwrap();
        fs::write(webhooks.join("orders.json"), SPEC).unwrap();
        fs::write(webhooks.join("stock.json"), "{}").unwrap();
        let (service, report) =
            check::loader(None, Vec::new()).unwrap().load(&root.path().join("shop")).unwrap_or_else(|report| panic!("{report}"));
        (root, service, report)
    }

    fn request(body: &str) -> Request {
        let message = format!("POST /shop/orders HTTP/1.1\ncontent-type: application/json\n\n{body}");
        Request::parse(message.as_bytes()).unwrap()
    }

    fn tried(body: &str) -> Tried {
        let (_root, service, report) = service();
        let request = request(body);
        let webhook = choose(&service, None, &request).unwrap();
        Tried::of(webhook, &service, report, &request, Some(r#"{"parameters": {"name": "Ada"}}"#)).unwrap()
    }

    fn json(body: &str) -> String {
        let json = String::from_utf8(tried(body).json().unwrap()).unwrap();
        json.split_whitespace().collect()
    }

    #[test]
    fn the_json_has_reply_items_and_diagnostics_and_keeps_every_digit() {
        let expected = concat!(
            r#"{"verification":false,"accepted":true,"reply":{"status":200,"headers":{"content-type":"text/plain;charset=utf-8"},"body":"ok"},"#,
            r#""items":[{"uid":"7","bundles":[{"price":1.00,"for":"Ada"}]}],"diagnostics":[]}"#
        );
        assert_eq!(json(r#"{"shop": 7, "price": 1.00}"#), expected);
    }

    #[test]
    fn a_verification_is_answered_and_a_repeated_header_is_an_array() {
        let expected = concat!(
            r#"{"verification":true,"accepted":false,"reply":{"status":200,"headers":{"content-type":"application/json","x-twice":["1","2"]},"body":"\"c\""},"#,
            r#""items":[],"diagnostics":[]}"#
        );
        assert_eq!(json(r#"{"challenge": "c"}"#), expected);
    }

    #[test]
    fn what_the_spec_cannot_answer_the_host_answers() {
        let refused = tried("{");
        assert_eq!((refused.reply.map(|reply| reply.status), refused.failed), (Some(400), false));
        let failed = tried(r#"{"status": 7}"#);
        assert_eq!((failed.reply.map(|reply| reply.status), failed.failed), (Some(500), true));
        assert_eq!(failed.mistake.unwrap().0.line, 5);
    }

    #[test]
    fn the_webhook_is_chosen_by_its_name_or_by_the_path() {
        let (_root, service, _) = service();
        let request = request("{}");
        assert_eq!(choose(&service, None, &request).ok().map(Webhook::name), Some("orders"));
        assert_eq!(choose(&service, Some("stock"), &request).ok().map(Webhook::name), Some("stock"));
        let error = choose(&service, Some("none"), &request).err().unwrap().to_string();
        assert_eq!(error, "there is no webhook `none`: the service has orders, stock");
    }

    #[test]
    fn a_sample_says_what_is_not_as_expected() {
        let (root, _service, _) = service();
        fs::write(root.path().join("request.http"), "GET / HTTP/1.1\n\n").unwrap();
        fs::write(root.path().join("reply.http"), "HTTP/1.1 200\n\nok").unwrap();
        fs::write(root.path().join("bundles.json"), r#"[{"price": 1.00, "for": "Ada"}]"#).unwrap();
        let sample = Sample::read(root.path()).unwrap();
        assert!(tried(r#"{"shop": 7, "price": 1.00}"#).differences(&sample).unwrap().is_empty());
        let differences = tried(r#"{"shop": 7, "price": 2, "status": 201}"#).differences(&sample).unwrap();
        assert_eq!(differences.len(), 2);
        assert!(differences[1].contains("-     \"price\": 1.00"), "{}", differences[1]);
    }
}
