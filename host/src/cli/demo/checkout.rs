//! The source checkout that the demo is played from: its examples, their samples, its plugins.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use hookwright_iml::{Date, Zone};
use hookwright_webhook::sample;
use serde_json::{Map, Value};

use super::sign;
use crate::Host;

/// A checkout's root.
#[derive(Debug)]
pub(super) struct Checkout(PathBuf);

/// A recorded request and what the demo needs to know about it.
pub(super) struct Sample {
    pub(super) service: String,
    pub(super) request: sample::Request,
    /// The first comment in its file.
    pub(super) remark: Option<String>,
    /// How many bundles it makes.
    pub(super) bundles: usize,
    /// The uids they are for.
    pub(super) uids: Vec<String>,
}

impl Checkout {
    /// The checkout around the working directory, else the one that this program was built in.
    pub(super) fn find() -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("the working directory is gone")?;
        Self::around(&[&here, Path::new(env!("CARGO_MANIFEST_DIR"))])
    }

    fn around(places: &[&Path]) -> anyhow::Result<Self> {
        let is_checkout = |path: &&Path| path.join("spec-examples").is_dir() && path.join("plugins").is_dir();
        match places.iter().flat_map(|place| place.ancestors()).find(is_checkout) {
            Some(root) => Ok(Self(root.to_owned())),
            None => bail!(
                "the demo plays the spec-examples of a source checkout, and there is none around {}; run `cargo demo` in one",
                places.first().map_or("here".into(), |place| place.display().to_string())
            ),
        }
    }

    /// A service directory among the examples.
    pub(super) fn service(&self, name: &str) -> PathBuf {
        self.0.join("spec-examples").join(name)
    }

    /// The crate of a service's plugin, if it has one.
    pub(super) fn plugin(&self, service: &str) -> Option<PathBuf> {
        Some(self.0.join("plugins").join(service)).filter(|path| path.is_dir())
    }

    /// One recorded request of a service.
    pub(super) fn sample(&self, service: &str, name: &str) -> anyhow::Result<Sample> {
        let directory = self.service(service).join("samples").join(name);
        let read = |file: &str| fs::read(directory.join(file)).with_context(|| format!("cannot read {file} in {}", directory.display()));
        let file = read("request.http")?;
        let expected: Vec<Value> = serde_json::from_slice(&read("bundles.json")?).context("bundles.json is not an array")?;
        let bundles = |item: &Value| item.get("bundles").and_then(Value::as_array).map_or(1, Vec::len);
        Ok(Sample {
            service: service.to_owned(),
            request: sample::Request::parse(&file)?,
            remark: remark(&file),
            bundles: expected.iter().map(bundles).sum(),
            uids: expected.iter().filter_map(|item| Some(item.get("uid")?.as_str()?.to_owned())).collect(),
        })
    }
}

fn remark(file: &[u8]) -> Option<String> {
    let first = file.split(|byte| *byte == b'\n').next()?;
    Some(String::from_utf8_lossy(first.strip_prefix(b"# ")?).into_owned())
}

impl Sample {
    /// The parameters of the hook that listens, where the webhook is a dedicated one.
    pub(super) fn parameters(&self) -> Option<Map<String, Value>> {
        let hook: Value = serde_json::from_str(self.request.given.hook.as_deref()?).ok()?;
        Some(hook.get("parameters")?.as_object()?.clone())
    }

    /// The request as its provider would send it now: signed again where the time is part of the signature.
    pub(super) fn at_present(&self, host: &Host, target: Option<String>) -> sample::Request {
        let mut request = self.request.clone();
        request.target = target.unwrap_or(request.target);
        if let (Some(secret), Some(age)) = (self.secret(host), self.age()) {
            sign::shift(&mut request.headers, &request.body, &secret, age);
        }
        request
    }

    /// What it was signed with: the hook's `secret`, else the service's `signingSecret`.
    fn secret(&self, host: &Host) -> Option<String> {
        let of_the_hook = self.parameters().and_then(|parameters| Some(parameters.get("secret")?.as_str()?.to_owned()));
        let of_the_service = || Some(host.services.snapshot().get(&self.service)?.common.get("signingSecret")?.as_str()?.to_owned());
        of_the_hook.or_else(of_the_service)
    }

    /// How many seconds ago it was recorded.
    fn age(&self) -> Option<i64> {
        let recorded = Date::parse(self.request.given.now.as_deref()?, &Zone::UTC)?.milliseconds() / 1000;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Some(i64::try_from(now.as_secs()).ok()? - recorded)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_found_from_anywhere_inside_it() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Checkout::around(&[&here.join("src")]).unwrap().0, here.parent().unwrap());
    }

    #[test]
    fn elsewhere_the_message_says_what_is_missing() {
        let elsewhere = tempfile::tempdir().unwrap();
        let message = Checkout::around(&[elsewhere.path()]).unwrap_err().to_string();
        assert!(message.contains("spec-examples") && message.contains(elsewhere.path().to_str().unwrap()), "{message}");
    }
}
