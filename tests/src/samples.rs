//! The samples of spec-examples, as they are recorded and as they would be sent now.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use hookwright_iml::json::Document;
use hookwright_webhook::Reply;
use hookwright_webhook::sample::{self, parse_reply};
use serde_json::Value;

use crate::client::Request;
use crate::host::Installation;
use crate::{key_pair, plugins, sign};

/// One directory in a service's `samples`.
pub struct Case {
    /// The directory's name.
    pub name: String,
    /// What is sent.
    pub request: sample::Request,
    /// What is answered.
    pub reply: Reply,
    /// What is delivered: the bundles, each with the uid it is for.
    pub bundles: Vec<(Option<String>, Value)>,
    /// The `signingSecret` in the service's `common.json`, if it has one.
    signing_secret: Option<String>,
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the repository")
}

/// The service directories of spec-examples.
///
/// # Panics
/// When they cannot be read.
pub fn services() -> Vec<PathBuf> {
    directories(&root().join("spec-examples"))
}

/// Copies one of spec-examples into an installation, with its plugin if it has one, and puts secrets of its own into it: the
/// samples' are used, and the mark that they are an example is gone.
///
/// # Panics
/// When it cannot be copied.
pub fn install(installation: &Installation, service: &str) {
    let example = root().join("spec-examples").join(service);
    installation.copy(&example);
    if let Ok(common) = fs::read_to_string(example.join("common.json")) {
        installation.write(service, "common.json", common.replace("\"$example\": true,", ""));
    }
    if let Some(plugin) = plugins::first_party(service) {
        installation.write(service, "plugin.wasm", fs::read(plugin).expect("what was built can be read"));
    }
}

/// The samples of a service.
///
/// # Panics
/// When one of their files is missing or malformed.
pub fn cases(service: &Path) -> Vec<Case> {
    directories(&service.join("samples")).iter().map(|directory| Case::read(directory)).collect()
}

/// One sample of one of spec-examples.
pub fn case(service: &str, name: &str) -> Case {
    Case::read(&root().join("spec-examples").join(service).join("samples").join(name))
}

/// A value in the `common.json` of one of spec-examples.
///
/// # Panics
/// When it has no such text.
pub fn common(service: &str, name: &str) -> String {
    let directory = root().join("spec-examples").join(service);
    common_in(&directory, name).unwrap_or_else(|| panic!("the common.json of {} has no {name}", directory.display()))
}

fn common_in(service: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(service.join("common.json")).ok()?;
    let document = Document::parse_with_comments(&text).expect("common.json is JSON");
    document.root().get(name)?.as_text().map(Cow::into_owned)
}

/// Seconds since 1970, now.
///
/// # Panics
/// When the clock stands before that.
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    i64::try_from(elapsed.as_secs()).expect("the clock is right")
}

impl Case {
    fn read(directory: &Path) -> Self {
        let file = |name: &str| fs::read(directory.join(name)).unwrap_or_else(|error| panic!("{}/{name}: {error}", directory.display()));
        Self {
            name: directory.file_name().expect("a sample has a name").to_string_lossy().into_owned(),
            request: sample::Request::parse(&file("request.http")).expect("request.http is a request"),
            reply: parse_reply(&file("reply.http")).expect("reply.http is a reply"),
            bundles: bundles(&serde_json::from_slice(&file("bundles.json")).expect("bundles.json is JSON")),
            signing_secret: common_in(directory.ancestors().nth(2).expect("a sample stands in its service"), "signingSecret"),
        }
    }

    /// The request as its sender would make it now: where the time is part of the signature, signed again.
    pub fn at_present(&self) -> Request {
        let mut headers = self.request.headers.clone();
        if let (Some(secret), Some(recorded)) = (self.secret(), self.recorded_at()) {
            sign::shift(&mut headers, &self.request.body, &secret, now() - recorded);
            key_pair::sign_again(&mut headers, &self.request.body);
        }
        Request { method: self.request.method.clone(), target: self.request.target.clone(), headers, body: self.request.body.clone() }
    }

    /// What it was signed with: the hook's `secret`, else the service's `signingSecret`.
    fn secret(&self) -> Option<String> {
        let of_the_hook = self.hook().and_then(|hook| Some(hook["parameters"]["secret"].as_str()?.to_owned()));
        of_the_hook.or_else(|| self.signing_secret.clone())
    }

    fn hook(&self) -> Option<Value> {
        serde_json::from_str(self.request.given.hook.as_deref()?).ok()
    }

    /// When it was recorded, in seconds since 1970.
    fn recorded_at(&self) -> Option<i64> {
        let text = self.request.given.now.as_deref()?;
        let utc = hookwright_iml::Zone::UTC;
        hookwright_iml::Date::parse(text, &utc).map(|date| date.milliseconds() / 1000)
    }

    /// The parameters of the hook that listens, where the webhook is a dedicated one.
    pub fn parameters(&self) -> Option<Vec<String>> {
        let hook = self.hook()?;
        let parameters = hook.get("parameters")?.as_object()?;
        Some(parameters.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect())
    }
}

/// The bundles of a `bundles.json`, which is an array of them or of items with them.
fn bundles(file: &Value) -> Vec<(Option<String>, Value)> {
    let elements = file.as_array().expect("bundles.json is an array");
    elements
        .iter()
        .flat_map(|element| match element.get("bundles").and_then(Value::as_array) {
            Some(bundles) => {
                let uid = element.get("uid").and_then(Value::as_str).map(str::to_owned);
                bundles.iter().map(|bundle| (uid.clone(), bundle.clone())).collect()
            }
            None => vec![(None, element.clone())],
        })
        .collect()
}

fn directories(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths
}
