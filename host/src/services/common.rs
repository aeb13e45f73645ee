//! A service's `common` values: its own `common.json`, over which the operator's secrets have the last word.
//!
//! Nothing that stands in it is ever shown: a mistake is told by its position and kind.

use std::path::Path;

use hookwright_iml::json::Document;
use hookwright_webhook::Source;
use serde_json::{Map, Value};

use super::files::{COMMON_BYTES, FileError, Read, ServiceFiles};
use super::report::Report;
use super::secrets::{Secrets, is_for_others};

/// The file in a service directory.
pub(super) const FILE: &str = "common.json";

/// The key that says of a `common.json` that everybody knows what is in it; templates do not see it.
pub(super) const EXAMPLE: &str = "$example";

/// What is said of secrets with that mark.
pub(super) const KNOWN_TO_ALL: &str = "these secrets are an example that everybody knows: anybody could sign requests with them";

/// What becomes of a service whose `common.json` is marked as an example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Examples {
    /// It is not served: whoever knows the example can sign requests.
    #[default]
    Refused,
    /// It is loaded, with a warning.
    Accepted,
}

/// The values for one service, or `None` where they cannot be had, for the reasons in the report.
pub(super) fn read(
    files: &ServiceFiles,
    service: &str,
    secrets: &Secrets,
    examples: Examples,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    let path = files.path().join(FILE);
    let own = own(files, secrets, &path, report);
    let set = secrets.of(service).map_err(|error| {
        let file = secrets.path().unwrap_or(Path::new("secrets"));
        report.add_error(file.display().to_string(), format!("the operator's secrets cannot be used: {error}"), None);
    });
    let (mut own, set) = (own?, set.ok()?);
    let marked = is_marked(&mut own, &path, report)?;
    if marked && own.keys().any(|name| !set.contains_key(name)) {
        judge_example(&path, examples, report);
    }
    own.extend(set);
    Some(own)
}

fn own(files: &ServiceFiles, secrets: &Secrets, path: &Path, report: &mut Report) -> Option<Map<String, Value>> {
    let place = path.display().to_string();
    let Read { bytes, state } = match files.read(FILE, COMMON_BYTES) {
        Ok(read) => read,
        Err(FileError::Missing) => return Some(Map::new()),
        Err(error) => return report.refuse(place, error),
    };
    if secrets.is_file(state.id) {
        return report.refuse(place, "is the operator's file with the secrets of all services");
    }
    let Ok(text) = String::from_utf8(bytes) else { return report.refuse(place, "is not text in UTF-8") };
    let values = parse(&Source::new(place.clone(), text), report)?;
    if is_for_others(state.mode) && values.get(EXAMPLE) != Some(&Value::Bool(true)) && !values.is_empty() {
        let message = format!("others than its owner and group can read the secrets in it (mode {:o})", state.mode & 0o777);
        report.add_warning(place, message, Some(&format!("`chmod 600 {}` ends that", path.display())));
    }
    Some(values)
}

fn parse(source: &Source, report: &mut Report) -> Option<Map<String, Value>> {
    let mut compact = Vec::new();
    match Document::parse_with_comments(&source.text) {
        Ok(document) => document.root().write_compact(&mut compact),
        Err(error) => {
            report.add_without_text([source.error(error.offset..error.offset, "this is not JSON")]);
            return None;
        }
    }
    match serde_json::from_slice(&compact) {
        Ok(Value::Object(values)) => Some(values),
        _ => {
            report.add_without_text([source.error(0..0, "this is not an object of names and values")]);
            None
        }
    }
}

/// Takes the mark out; `None` if it is none.
fn is_marked(values: &mut Map<String, Value>, path: &Path, report: &mut Report) -> Option<bool> {
    match values.remove(EXAMPLE) {
        None => Some(false),
        Some(Value::Bool(marked)) => Some(marked),
        Some(_) => {
            report.add_error(path.display().to_string(), format!("`{EXAMPLE}` must be true or false"), None);
            None
        }
    }
}

fn judge_example(path: &Path, examples: Examples, report: &mut Report) {
    let help = format!("put your own values there and remove `{EXAMPLE}`, or set every one of them in `--secrets FILE`");
    match examples {
        Examples::Refused => report.add_error(path.display().to_string(), KNOWN_TO_ALL, Some(&help)),
        Examples::Accepted => report.add_warning(path.display().to_string(), format!("{KNOWN_TO_ALL}; `serve` refuses them"), Some(&help)),
    }
}
