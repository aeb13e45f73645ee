//! The specs of a service directory: `webhook.json`, or `webhooks/<name>.json`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookwright_webhook::Source;

use super::ONLY_WEBHOOK;
use super::files::{FileError, SPEC_BYTES, ServiceFiles};
use super::load::check_name;
use super::report::Report;

/// The file of a service's only webhook.
pub(super) const ONLY: &str = "webhook.json";

/// The directory of several.
pub(super) const SEVERAL: &str = "webhooks";

/// How many entries that directory may have, whatever they are.
pub(super) const ENTRIES: usize = 1_000;

/// Bytes that all specs of a service may have together.
const ALL_BYTES: u64 = 4 << 20;

/// A spec by its webhook's name.
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) source: Arc<Source>,
}

/// Every spec that can be read; what is wrong with the others goes into the report.
pub(super) fn read(files: &ServiceFiles, report: &mut Report) -> Vec<Spec> {
    let mut left = ALL_BYTES;
    let mut specs = Vec::new();
    for (name, file) in named(files, report) {
        let Some(source) = source(files, &file, left.min(SPEC_BYTES), report) else { continue };
        left = left.saturating_sub(source.text.len() as u64);
        specs.push(Spec { name, source });
    }
    specs
}

fn source(files: &ServiceFiles, file: &Path, limit: u64, report: &mut Report) -> Option<Arc<Source>> {
    let path = files.path().join(file).display().to_string();
    match files.read(file, limit) {
        Ok(read) => match String::from_utf8(read.bytes) {
            Ok(text) => Some(Arc::new(Source::new(path, text))),
            Err(_) => report.refuse(path, "is not text in UTF-8"),
        },
        Err(error) if limit < SPEC_BYTES && matches!(error, FileError::TooLarge { .. }) => {
            report.refuse(path, format!("is one too many: all specs of a service may have {ALL_BYTES} bytes together"))
        }
        Err(error) => report.refuse(path, error),
    }
}

/// The files of the specs by their webhooks' names.
fn named(files: &ServiceFiles, report: &mut Report) -> Vec<(String, PathBuf)> {
    let place = files.path().display().to_string();
    match (files.has(ONLY), files.has_directory(SEVERAL)) {
        (true, false) => vec![(ONLY_WEBHOOK.to_owned(), ONLY.into())],
        (false, true) => several(files, report),
        (true, true) => {
            let help = "keep the one file, or move it into `webhooks` under the name it is to have";
            report.add_error(place, "there are both `webhook.json` and a `webhooks` directory", Some(help));
            Vec::new()
        }
        (false, false) if files.has(SEVERAL) => {
            // It is there, but leads elsewhere or is no directory.
            let problem = files.names(SEVERAL, ENTRIES).err().unwrap_or(FileError::Missing);
            report.refuse::<()>(files.path().join(SEVERAL).display().to_string(), problem);
            Vec::new()
        }
        (false, false) => {
            report.add_error(place, "there is no `webhook.json` and no `webhooks` directory in it", None);
            Vec::new()
        }
    }
}

fn several(files: &ServiceFiles, report: &mut Report) -> Vec<(String, PathBuf)> {
    let place = files.path().join(SEVERAL).display().to_string();
    let names = match files.names(SEVERAL, ENTRIES) {
        Ok(names) => names,
        Err(error) => {
            report.refuse::<()>(place, error);
            return Vec::new();
        }
    };
    let specs: Vec<_> = names.into_iter().filter(|name| is_spec(name)).map(|name| Path::new(SEVERAL).join(name)).collect();
    if specs.is_empty() {
        report.add_error(place, "there is no `<name>.json` in it", None);
    }
    specs.into_iter().filter_map(|file| Some((name_of(files, &file, report)?, file))).collect()
}

/// Whether a file is meant as a spec: editors leave hidden and half-named ones beside it.
fn is_spec(file: &Path) -> bool {
    let hidden = file.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && file.extension().is_some_and(|extension| extension == "json")
}

fn name_of(files: &ServiceFiles, file: &Path, report: &mut Report) -> Option<String> {
    let name = file.file_stem().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
    let Err(message) = check_name(&name) else { return Some(name) };
    let path = files.path().join(file).display().to_string();
    report.add_error(path, format!("the file's name is the webhook's name, and {message}"), Some("rename the file"));
    None
}
