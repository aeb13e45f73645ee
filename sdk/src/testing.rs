//! Run a service directory's spec and samples natively, with the plugin's own functions.
//!
//! Everything goes through the code that the host runs, values through the encoding that they cross
//! the border in; what is missing is WebAssembly, and the time it takes to build.
//!
//! ```no_run
//! use hookwright_sdk::testing::Service;
//!
//! # hookwright_sdk::plugin! {}
//! # fn main() {
//! Service::open("services/cards", &PLUGIN).check_samples();
//! # }
//! ```

mod adapter;
mod request;

use std::fs;
use std::path::{Path, PathBuf};

use hookwright_iml::{Environment, Limits, Unbounded, Zone};
use hookwright_webhook::sample::{self, Surroundings};
use hookwright_webhook::{LoadOptions, Source, Webhook};

pub use hookwright_webhook::sample::Refusal;
pub use hookwright_webhook::{Bundle, Item, Reply, Verdict};

pub(crate) use adapter::iml;
pub use request::request;

use crate::host::native::{CONFIDED, Confided, FROZEN, LOOKED_AT_DATA};
use crate::{Date, Plugin, Value};
use adapter::Native;

/// Sets the time that plugin functions see on this thread, and `now` in specs. A sample that says when it came
/// (`# now: ...`) is run at that time all the same.
pub fn freeze(now: Date) {
    FROZEN.set(Some(now));
}

/// Sets what plugin functions that a test calls itself see of the service's secrets and of a hook's parameters, on this
/// thread. What [`Service`] runs sees those of its directory and its samples.
///
/// ```
/// use hookwright_sdk::{host, testing};
///
/// testing::confide(serde_json::json!({ "key": "k" }), serde_json::json!({}));
/// assert_eq!(host::secret("key").unwrap().as_text(), Some("k"));
/// ```
pub fn confide(secrets: impl Into<Value>, connection_data: impl Into<Value>) {
    CONFIDED.set(Confided { secrets: secrets.into(), connection_data: connection_data.into() });
}

/// Runs the examples in the doc comments of the plugin's functions.
///
/// # Panics
/// With every example that does not give what it says.
pub fn check_examples(plugin: &'static Plugin) {
    let native = Native::new(plugin);
    let environment = environment();
    let examples = plugin.functions.iter().flat_map(|function| function.examples);
    let wrong: Vec<String> =
        examples.filter_map(|example| sample::check_example(example.expression, example.result, &native, &native, &environment)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A service directory with the plugin under test.
#[derive(Debug)]
pub struct Service {
    directory: PathBuf,
    common: Option<String>,
    plugin: Native,
}

impl Service {
    /// The service in `directory`. A relative path is looked for from the crate's directory, where
    /// cargo runs tests.
    pub fn open(directory: impl AsRef<Path>, plugin: &'static Plugin) -> Self {
        let directory = directory.as_ref().to_owned();
        assert!(directory.is_dir(), "there is no directory {}", directory.display());
        let common = fs::read_to_string(directory.join("common.json")).ok();
        Self { directory, common, plugin: Native::new(plugin) }
    }

    /// Runs a request, in the form of a sample's `request.http`, through the service's only webhook,
    /// or through the one that the request names.
    ///
    /// # Panics
    /// Where the spec cannot be loaded; the message is its diagnostics.
    pub fn run(&self, request: &[u8]) -> Result<Verdict, Refusal> {
        let request = sample::Request::parse(request).map_err(Refusal::Malformed)?;
        let knew = LOOKED_AT_DATA.get();
        let verdict = self.decide(&request);
        // The host asks every recipient where the plugin may look at its data; now it is known that it does.
        if LOOKED_AT_DATA.get() && !knew { self.decide(&request) } else { verdict }
    }

    fn decide(&self, request: &sample::Request) -> Result<Verdict, Refusal> {
        let webhook = self.webhook(request.given.webhook.as_deref());
        let environment = environment();
        let surroundings = Surroundings {
            environment: &environment,
            common: self.common.as_deref(),
            hook: None,
            plugin: Some(&self.plugin),
            budget: &Unbounded,
        };
        at_its_time(request, || sample::run(&webhook, request, surroundings))
    }

    /// Runs every folder in `samples`: its `request.http` must give its `reply.http` and `bundles.json`.
    ///
    /// # Panics
    /// With every difference there is, or where there are no samples.
    pub fn check_samples(&self) {
        let samples = self.samples();
        assert!(!samples.is_empty(), "there are no samples in {}", self.directory.display());
        let wrong: Vec<String> = samples.iter().flat_map(|sample| self.check(sample)).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    fn samples(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.join("samples")).into_iter().flatten().flatten();
        let mut samples: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.join("request.http").is_file()).collect();
        samples.sort();
        samples
    }

    /// What is wrong with one sample.
    fn check(&self, sample: &Path) -> Vec<String> {
        let verdict = match self.run(&read(&sample.join("request.http"))) {
            Ok(verdict) => verdict,
            Err(refusal) => return vec![format!("{}: {refusal}", sample.display())],
        };
        let reply = sample.join("reply.http");
        let reply =
            reply.is_file().then(|| sample::parse_reply(&read(&reply)).map(|expected| sample::compare_reply(&expected, &verdict.reply)));
        let bundles = fs::read_to_string(sample.join("bundles.json")).ok().map(|expected| sample::compare_items(&expected, &verdict.items));
        let failure = verdict.failure.as_ref().map(|failure| Ok(Some(failure.to_string())));
        let outcomes = [failure, reply, bundles].into_iter().flatten();
        let problems = outcomes.filter_map(|outcome| outcome.unwrap_or_else(|malformed| Some(malformed.to_string())));
        problems.map(|problem| format!("{}: {problem}", sample.display())).collect()
    }

    fn webhook(&self, name: Option<&str>) -> Webhook {
        let path = match name {
            Some(name) => self.directory.join("webhooks").join(format!("{name}.json")),
            None => self.directory.join("webhook.json"),
        };
        let text = String::from_utf8(read(&path)).unwrap_or_else(|_| panic!("{} is not UTF-8", path.display()));
        let source = Source::new(path.display().to_string(), text);
        let service = self.directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let options = LoadOptions { name: name.unwrap_or(&service), plugin: Some(&self.plugin), shared: false };
        match Webhook::load(&source, options) {
            Ok((webhook, _)) => webhook,
            Err(diagnostics) => {
                let rendered: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.render(&source.text, false)).collect();
                panic!("\n{}", rendered.join("\n"));
            }
        }
    }
}

/// Runs `run` while plugin functions see the time that the request says it came at, as they would in the host.
fn at_its_time<T>(request: &sample::Request, run: impl FnOnce() -> T) -> T {
    let given = request.given.now.as_deref().and_then(|now| hookwright_iml::Date::parse(now, &Zone::UTC));
    let Some(given) = given else {
        return run();
    };
    let before = FROZEN.replace(Some(Date::from_milliseconds(given.milliseconds())));
    let result = run();
    FROZEN.set(before);
    result
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The environment of a test: frozen where [`freeze`] said so, with no randomness.
fn environment() -> Environment {
    let now = hookwright_iml::Date::from_milliseconds(crate::host::now().milliseconds());
    Environment {
        now: now.expect("the machine's clock is within the calendar"),
        zone: Zone::UTC,
        random: || 0x9e37_79b9_7f4a_7c15,
        limits: Limits::default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn plugin_functions_see_the_time_that_a_sample_says() {
        let request = sample::Request::parse(b"# now: 2026-01-31T12:00:00Z\nGET / HTTP/1.1\n\n").unwrap();
        freeze(Date::from_milliseconds(0));
        assert_eq!(at_its_time(&request, crate::host::now).to_string(), "2026-01-31T12:00:00.000Z");
        assert_eq!(crate::host::now(), Date::from_milliseconds(0));
    }
}
