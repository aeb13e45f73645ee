//! `hookwright check`: every mistake in service directories, without serving them.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::printable::{coloured_lines, on_one_line};
use crate::plugin::{self, Engine, Grant};
use crate::services::{Examples, Finding, Loader, Report, Scan, Secrets, Service, State, is_service};

/// Check service directories: specs, expressions, plugins.
///
/// Everything is read as `serve` reads it, and every mistake is shown at once, with its file, line and column. A
/// directory that holds service directories is checked as `serve --services` takes it. Exits with 1 if anything would not be
/// served. (One thing is only a warning here: a common.json that is marked as an example.)
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Service directories, or directories of such.
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,

    /// What the plugin of a service may see, as `serve` is told; may be given several times.
    #[arg(long, value_name = "SERVICE=NAME,NAME")]
    grant: Vec<Grant>,

    /// Print JSON: {"services": [...], "diagnostics": [...]}.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  hookwright check services/slack
  hookwright check services              every service in it
  hookwright check --json services       for editors and scripts";

/// Checks and prints.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { directories, grant, json } = arguments;
    let checked = check(&directories, &loader(None, grant)?)?;
    let text = if json { format!("{}\n", serde_json::to_string_pretty(&Findings::of(&checked))?) } else { said(&checked) };
    anstream::stdout().lock().write_all(text.as_bytes())?;
    if checked.is_empty() && !json {
        let names: Vec<_> = directories.iter().map(|directory| directory.display().to_string()).collect();
        anstream::eprintln!("there is no service in {}", names.join(" or "));
    }
    let failed = checked.iter().any(|service| service.service.is_none());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads services as the host does; `secrets` is the file that goes over their `common.json`.
pub(super) fn loader(secrets: Option<PathBuf>, grants: Vec<Grant>) -> anyhow::Result<Loader> {
    let settings = plugin::Settings { grants: grants.into_iter().collect(), ..plugin::Settings::default() };
    let engine = Engine::new(&settings).context("cannot start the plugin engine")?;
    Ok(Loader { engine: Arc::new(engine), secrets: Secrets::new(secrets), examples: Examples::Accepted })
}

/// The directories that are services themselves, and then what the host finds in the others together.
fn check(directories: &[PathBuf], loader: &Loader) -> anyhow::Result<Vec<Checked>> {
    let named: Vec<_> = directories.iter().map(|directory| named(directory)).collect::<anyhow::Result<_>>()?;
    let (services, roots): (Vec<_>, Vec<_>) = named.into_iter().partition(|directory| is_service(directory));
    for root in &roots {
        fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?;
    }
    let mut scan = Scan::new(roots, loader);
    while scan.refresh(Duration::MAX) {}
    let mut checked: Vec<_> = services.iter().map(|directory| Checked::of(directory, loader)).collect();
    checked.extend(scan.into_states().map(|(directory, state)| Checked::scanned(directory, state)));
    Ok(checked)
}

/// A directory with a name: `.` has none, and a service needs one.
pub(super) fn named(directory: &Path) -> anyhow::Result<PathBuf> {
    ensure!(directory.is_dir(), "{} is not a directory", directory.display());
    if directory.file_name().is_some() {
        return Ok(directory.to_owned());
    }
    fs::canonicalize(directory).with_context(|| format!("cannot read {}", directory.display()))
}

/// One service directory as it was found.
struct Checked {
    directory: PathBuf,
    /// The service, if it can be served.
    service: Option<Arc<Service>>,
    report: Report,
}

impl Checked {
    fn of(directory: &Path, loader: &Loader) -> Self {
        let directory = directory.to_owned();
        match loader.load(&directory) {
            Ok((service, report)) => Self { directory, service: Some(Arc::new(service)), report },
            Err(report) => Self { directory, service: None, report },
        }
    }

    fn scanned(directory: PathBuf, State { service, report, .. }: State) -> Self {
        Self { directory, service, report }
    }

    /// One line: `services/slack: ok, shared webhook 'webhook'`.
    fn summary(&self) -> String {
        let count = |errors: bool| self.report.diagnostics().filter(|found| found.is_error() == errors).count();
        let (errors, warnings) = (count(true), count(false));
        let mut parts: Vec<String> = Vec::new();
        match &self.service {
            Some(service) => {
                parts.extend(service.webhooks.iter().map(|webhook| format!("{} webhook `{}`", webhook.kind(), webhook.name())));
            }
            None => parts.push(counted(errors, "error")),
        }
        if warnings > 0 {
            parts.push(counted(warnings, "warning"));
        }
        let verdict = if self.service.is_some() { "ok, " } else { "" };
        format!("{}: {verdict}{}", self.directory.display(), parts.join(", "))
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn said(checked: &[Checked]) -> String {
    let colour = super::colour_stdout();
    let mut out = String::new();
    for service in checked {
        if !service.report.is_empty() {
            _ = write!(out, "{}\n\n", coloured_lines(service.report.render(colour).trim_end()));
        }
    }
    for service in checked {
        _ = writeln!(out, "{}", on_one_line(&service.summary()));
    }
    out
}

/// What `--json` prints.
#[derive(Serialize)]
struct Findings<'f> {
    services: Vec<ServiceFound<'f>>,
    diagnostics: Vec<Finding>,
}

#[derive(Serialize)]
struct ServiceFound<'f> {
    directory: String,
    ok: bool,
    webhooks: Vec<WebhookFound<'f>>,
}

#[derive(Serialize)]
struct WebhookFound<'f> {
    name: &'f str,
    kind: String,
}

impl<'f> Findings<'f> {
    fn of(checked: &'f [Checked]) -> Self {
        let diagnostics = checked.iter().flat_map(|service| service.report.diagnostics());
        Self { services: checked.iter().map(ServiceFound::of).collect(), diagnostics: diagnostics.map(Finding::from).collect() }
    }
}

impl<'f> ServiceFound<'f> {
    fn of(checked: &'f Checked) -> Self {
        let webhooks = checked.service.iter().flat_map(|service| &service.webhooks);
        let webhooks = webhooks.map(|webhook| WebhookFound { name: webhook.name(), kind: webhook.kind().to_string() });
        let directory = checked.directory.display().to_string();
        Self { directory, ok: checked.service.is_some(), webhooks: webhooks.collect() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn checked(spec: &str) -> Checked {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("shop");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("webhook.json"), spec).unwrap();
        let [service] = check(&[root.path().to_owned()], &loader(None, Vec::new()).unwrap()).unwrap().try_into().ok().unwrap();
        service
    }

    #[test]
    fn a_service_that_can_be_served_is_ok_with_its_warnings() {
        let checked = checked(r#"{"uid": "{{body.id}}", "dedupe": "x"}"#);
        assert!(checked.summary().ends_with("shop: ok, shared webhook `webhook`, 1 warning"), "{}", checked.summary());
    }

    #[test]
    fn every_mistake_is_counted_and_printed_with_its_place() {
        let checked = checked("{\n  \"iterat\": 1,\n  \"condition\": 5\n}");
        assert!(checked.summary().ends_with("shop: 2 errors"), "{}", checked.summary());
        let json = serde_json::to_value(Findings::of(&[checked])).unwrap();
        assert_eq!(json["services"][0]["ok"], false);
        let first = &json["diagnostics"][0];
        assert_eq!((first["line"].as_u64(), first["column"].as_u64()), (Some(2), Some(3)));
        assert_eq!(first["help"], "did you mean `iterate`?");
    }
}
