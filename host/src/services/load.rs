//! One service directory from files to a [`Service`]: whole, or not at all and with every mistake named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookwright_iml::json::Document;
use hookwright_webhook::{Exports, LoadOptions, Source, Webhook};
use serde_json::{Map, Value};

use super::report::Report;
use super::{Secrets, Service, makecomapp, zip_export};
use crate::plugin::{Engine, Plugin};

/// The name of a service's only webhook, and of its file without `.json`.
pub const ONLY_WEBHOOK: &str = "webhook";

/// The first part of a dedicated hook's path, so no service can have it.
pub(super) const DEDICATED: &str = "h";

/// What turns a directory into a service besides its files.
#[derive(Clone)]
pub struct Loader {
    /// Compiles plugins.
    pub engine: Arc<Engine>,
    /// What the operator sets over `common.json`.
    pub secrets: Secrets,
}

impl Loader {
    /// Reads a service directory. An `Ok` comes with the warnings there are, an `Err` with every mistake at once.
    ///
    /// Compiling a plugin takes up to seconds of processor time: never call this where requests are answered.
    pub fn load(&self, directory: &Path) -> Result<(Service, Report), Report> {
        let mut report = Report::default();
        let service = self.read(directory, &mut report);
        match service {
            Some(service) if !report.has_errors() => Ok((service, report)),
            _ => Err(report),
        }
    }

    fn read(&self, directory: &Path, report: &mut Report) -> Option<Service> {
        let name = service_name(directory, report)?;
        if directory.join(makecomapp::MARKER).exists() {
            makecomapp::refuse(directory, report);
            return None;
        }
        if directory.join(zip_export::MARKER).exists() {
            zip_export::refuse(directory, report);
            return None;
        }
        let plugin = self.plugin(&name, &directory.join("plugin.wasm"), report);
        let common = self.common(&name, &directory.join("common.json"), report);
        // Without the plugin every one of its functions would be reported once more, as unknown.
        let plugin = plugin?;
        let webhooks = webhooks(directory, plugin.as_deref(), report);
        Some(Service { name, directory: directory.to_owned(), webhooks, common: common?, plugin })
    }

    /// `Some(None)` where there is no plugin, `None` where there is one that cannot be used.
    fn plugin(&self, service: &str, path: &Path, report: &mut Report) -> Option<Option<Arc<Plugin>>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(None),
            Err(error) => return report.unreadable(path, &error),
        };
        match self.engine.load(service, &bytes) {
            Ok(plugin) => Some(Some(plugin)),
            Err(error) => {
                report.add_error(path.display().to_string(), error.to_string(), error.help(service).as_deref());
                None
            }
        }
    }

    fn common(&self, service: &str, path: &Path, report: &mut Report) -> Option<Map<String, Value>> {
        let own = common_file(path, report);
        let set = self.secrets.of(service).map_err(|error| {
            let file = self.secrets.path().unwrap_or(Path::new("secrets"));
            report.add_error(file.display().to_string(), format!("the operator's secrets cannot be read: {error}"), None);
        });
        let mut common = own?;
        common.extend(set.ok()?);
        Some(common)
    }
}

impl Report {
    fn unreadable<T>(&mut self, path: &Path, error: &io::Error) -> Option<T> {
        self.add_error(path.display().to_string(), format!("cannot be read: {error}"), None);
        None
    }
}

/// The directory's name, which is the service's and stands in URLs.
fn service_name(directory: &Path, report: &mut Report) -> Option<String> {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Err(message) = check_name(&name) {
        report.add_error(
            directory.display().to_string(),
            format!("the directory's name is the service's name, and {message}"),
            Some("rename the directory"),
        );
        return None;
    }
    if name == DEDICATED {
        report.add_error(
            directory.display().to_string(),
            "a service cannot be called `h`: `/h/...` is where dedicated hooks have their URLs",
            None,
        );
        return None;
    }
    Some(name)
}

/// Whether a name of a service or webhook can stand in a URL; the error is the end of a sentence.
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match name.chars().find(|c| !allowed(*c)) {
        _ if name.is_empty() => Err("it is empty".into()),
        Some(c) => Err(format!("`{name}` has `{c}` in it: only a-z, 0-9 and - are allowed")),
        None => Ok(()),
    }
}

/// Every webhook whose spec could be loaded; what is wrong with the others goes into the report.
fn webhooks(directory: &Path, plugin: Option<&Plugin>, report: &mut Report) -> Vec<Webhook> {
    let files = spec_files(directory, report);
    files.into_iter().filter_map(|(name, path)| webhook(&name, &path, plugin, report)).collect()
}

fn webhook(name: &str, path: &Path, plugin: Option<&Plugin>, report: &mut Report) -> Option<Webhook> {
    let source = read_source(path, report)?;
    let exports = plugin.map(|plugin| plugin.description() as &dyn Exports);
    match Webhook::load(&source, LoadOptions { name, plugin: exports, shared: false }) {
        Ok((webhook, warnings)) => {
            report.add(&source, warnings);
            Some(webhook)
        }
        Err(diagnostics) => {
            report.add(&source, diagnostics);
            None
        }
    }
}

/// The specs of a directory by their webhooks' names: `webhook.json`, or `webhooks/<name>.json`.
fn spec_files(directory: &Path, report: &mut Report) -> Vec<(String, PathBuf)> {
    let only = directory.join("webhook.json");
    let several = directory.join("webhooks");
    match (only.exists(), several.is_dir()) {
        (true, false) => vec![(ONLY_WEBHOOK.to_owned(), only)],
        (false, true) => named_specs(&several, report),
        (true, true) => {
            let message = "there are both `webhook.json` and a `webhooks` directory";
            report.add_error(
                directory.display().to_string(),
                message,
                Some("keep the one file, or move it into `webhooks` under the name it is to have"),
            );
            Vec::new()
        }
        (false, false) => {
            let message = "there is no `webhook.json` and no `webhooks` directory in it";
            report.add_error(directory.display().to_string(), message, None);
            Vec::new()
        }
    }
}

fn named_specs(directory: &Path, report: &mut Report) -> Vec<(String, PathBuf)> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => return report.unreadable(directory, &error).unwrap_or_default(),
    };
    let mut specs: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| is_spec(path)).collect();
    specs.sort_unstable();
    if specs.is_empty() {
        report.add_error(directory.display().to_string(), "there is no `<name>.json` in it", None);
    }
    specs.into_iter().filter_map(|path| Some((spec_name(&path, report)?, path))).collect()
}

/// Whether a file is meant as a spec: editors leave hidden and half-named ones beside it.
fn is_spec(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|extension| extension == "json")
}

fn spec_name(path: &Path, report: &mut Report) -> Option<String> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match check_name(&name) {
        Ok(()) => Some(name),
        Err(message) => {
            report.add_error(
                path.display().to_string(),
                format!("the file's name is the webhook's name, and {message}"),
                Some("rename the file"),
            );
            None
        }
    }
}

fn read_source(path: &Path, report: &mut Report) -> Option<Arc<Source>> {
    match fs::read_to_string(path) {
        Ok(text) => Some(Arc::new(Source::new(path.display().to_string(), text))),
        Err(error) => report.unreadable(path, &error),
    }
}

/// The values of `common.json`; none where there is no such file.
fn common_file(path: &Path, report: &mut Report) -> Option<Map<String, Value>> {
    if !path.exists() {
        return Some(Map::new());
    }
    let source = read_source(path, report)?;
    let mut compact = Vec::new();
    match Document::parse_with_comments(&source.text) {
        Ok(document) => document.root().write_compact(&mut compact),
        Err(error) => {
            report.add(&source, [source.error(error.offset..error.offset, error.message)]);
            return None;
        }
    }
    match serde_json::from_slice(&compact) {
        Ok(Value::Object(values)) => Some(values),
        _ => {
            report.add(&source, [source.error(0..source.text.len(), "`common.json` is not an object of names and values")]);
            None
        }
    }
}
