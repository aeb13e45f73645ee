//! One service directory from files to a [`Service`]: whole, or not at all and with every mistake named.

use std::path::Path;
use std::sync::Arc;

use hookwright_webhook::{LoadOptions, Webhook};

use super::common::{self, Examples};
use super::files::{FileError, ServiceFiles};
use super::fingerprint::Fingerprint;
use super::first_party::Offered;
use super::report::Report;
use super::specs::{self, Spec};
use super::{Secrets, Service, makecomapp, zip_export};
use crate::plugin::{Engine, LoadError, Plugin};

/// The file of a service's plugin.
pub(super) const PLUGIN: &str = "plugin.wasm";

/// The first part of a dedicated hook's path, so no service can have it.
pub(super) const DEDICATED: &str = "h";

/// What turns a directory into a service besides its files.
#[derive(Clone)]
pub struct Loader {
    /// Compiles plugins.
    pub engine: Arc<Engine>,
    /// What the operator sets over `common.json`.
    pub secrets: Secrets,
    /// Whether a service may have secrets that everybody knows.
    pub examples: Examples,
}

impl Loader {
    /// Reads a service directory. An `Ok` comes with the warnings there are, an `Err` with every mistake at once.
    ///
    /// Compiling a plugin takes up to seconds of processor time: never call this where requests are answered.
    pub fn load(&self, directory: &Path) -> Result<(Service, Report), Report> {
        match ServiceFiles::open(directory) {
            Ok(files) => self.load_files(&files),
            Err(error) => {
                let mut report = Report::default();
                report.refuse::<()>(directory.display().to_string(), FileError::from(error));
                Err(report)
            }
        }
    }

    /// As [`load`](Self::load), of a directory that is open.
    pub(super) fn load_files(&self, files: &ServiceFiles) -> Result<(Service, Report), Report> {
        let mut report = Report::default();
        let service = self.read(files, &mut report);
        match service {
            Some(service) if !report.has_errors() => Ok((service, report)),
            _ => Err(report),
        }
    }

    /// What has to change so that loading the directory could come to something else.
    pub(super) fn fingerprint(&self, files: &ServiceFiles) -> Fingerprint {
        Fingerprint::of(files).with_file(self.secrets.path()).with_file(self.engine.trust_list())
    }

    fn read(&self, files: &ServiceFiles, report: &mut Report) -> Option<Service> {
        let directory = files.path();
        let name = service_name(directory, report)?;
        if makecomapp::is_one(files) {
            makecomapp::refuse(directory, report);
            return None;
        }
        if zip_export::is_one(files) {
            zip_export::refuse(directory, report);
            return None;
        }
        let plugin = self.plugin(&name, files, report);
        let common = common::read(files, &name, &self.secrets, self.examples, report);
        // Without the plugin every one of its functions would be reported once more, as unknown.
        let plugin = plugin?;
        let specs = specs::read(files, report);
        let webhooks = specs.iter().filter_map(|spec| webhook(spec, plugin.as_deref(), directory, report)).collect();
        Some(Service { name, directory: directory.to_owned(), webhooks, common: common?, plugin })
    }

    /// `Some(None)` where there is no plugin, `None` where there is one that cannot be used.
    fn plugin(&self, service: &str, files: &ServiceFiles, report: &mut Report) -> Option<Option<Arc<Plugin>>> {
        let path = files.path().join(PLUGIN).display().to_string();
        let loaded = match files.read(PLUGIN, self.engine.file_size() as u64) {
            Ok(read) => self.engine.load(service, &read.bytes),
            Err(FileError::Missing) => return Some(None),
            Err(FileError::TooLarge { size, .. }) => Err(self.too_large(size)),
            Err(error) => return report.refuse(path, error),
        };
        match loaded {
            Ok(plugin) => Some(Some(plugin)),
            Err(error) => {
                report.add_error(path, error.to_string(), error.help(service).as_deref());
                None
            }
        }
    }

    fn too_large(&self, size: u64) -> LoadError {
        LoadError::TooLarge { size: usize::try_from(size).unwrap_or(usize::MAX), limit: self.engine.file_size() }
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
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match name.chars().find(|c| !allowed(*c)) {
        _ if name.is_empty() => Err("it is empty".into()),
        Some(c) => Err(format!("`{name}` has `{c}` in it: only a-z, 0-9 and - are allowed")),
        None => Ok(()),
    }
}

fn webhook(spec: &Spec, plugin: Option<&Plugin>, directory: &Path, report: &mut Report) -> Option<Webhook> {
    let offered = Offered { plugin: plugin.map(Plugin::description), directory };
    let Spec { name, source } = spec;
    match Webhook::load(source, LoadOptions { name, plugin: Some(&offered), shared: false }) {
        Ok((webhook, warnings)) => {
            report.add(source, warnings);
            Some(webhook)
        }
        Err(diagnostics) => {
            report.add(source, diagnostics);
            None
        }
    }
}
