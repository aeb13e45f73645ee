//! `hookwright plugin test`: a service's samples and its plugin's examples through the very component that will serve.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use hookwright_webhook::sample::check_example;

use super::super::check;
use super::super::sample::{Sample, choose};
use super::super::try_request::Tried;
use crate::environment;
use crate::plugin::{Engine, Grants, Plugin, Settings};
use crate::services::{Examples, Loader, Report, Secrets, Service};

/// What came of the tests of one service.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// One line for each test that passed, several for each that did not.
    pub(super) lines: String,
    /// How many passed.
    pub(super) passed: usize,
    /// How many did not.
    pub(super) failed: usize,
}

impl Outcome {
    fn note(&mut self, test: &str, problems: &[String]) {
        if problems.is_empty() {
            self.passed += 1;
            self.lines.push_str(&format!("ok    {test}\n"));
        } else {
            self.failed += 1;
            self.lines.push_str(&format!("FAIL  {test}\n{}\n", problems.join("\n").trim_end()));
        }
    }
}

/// Runs the samples of a service directory and the examples of its plugin, under the limits of `serve`. The plugin gets
/// whatever it asks for: the secrets of these samples are no secrets.
pub(super) fn run(directory: &Path) -> Result<Outcome> {
    let directory = check::named(directory)?;
    let engine = Engine::new(&Settings { grants: Grants::everything(), ..Settings::default() })?;
    let loader = Loader { engine: Arc::new(engine), secrets: Secrets::new(None), examples: Examples::Accepted };
    let (service, _) = loader.load(&directory).map_err(|report| anyhow::anyhow!("{}", report.render(false).trim_end().to_owned()))?;
    let mut outcome = Outcome::default();
    for sample in samples(&directory)? {
        outcome.note(&format!("sample {}", name(&sample)), &of_sample(&service, &sample)?);
    }
    if let Some(plugin) = &service.plugin {
        examples(plugin, &mut outcome)?;
    }
    if outcome.passed + outcome.failed == 0 {
        bail!("there is nothing to test in {}: no samples, and no plugin with examples", directory.display());
    }
    Ok(outcome)
}

fn samples(directory: &Path) -> Result<Vec<PathBuf>> {
    let samples = directory.join("samples");
    if !samples.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&samples).with_context(|| format!("cannot read {}", samples.display()))?;
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.join("request.http").is_file()).collect();
    found.sort_unstable();
    Ok(found)
}

fn name(sample: &Path) -> String {
    sample.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What is wrong with one sample.
fn of_sample(service: &Service, path: &Path) -> Result<Vec<String>> {
    let sample = Sample::read(path)?;
    let webhook = choose(service, sample.request.given.webhook.as_deref(), &sample.request)?;
    let tried = Tried::of(webhook, service, Report::default(), &sample.request, None)?;
    let mut problems = tried.differences(&sample)?;
    if tried.failed {
        problems.push(tried.rendered());
    }
    Ok(problems)
}

/// Runs the examples of the plugin's functions, each in an instance of its own.
fn examples(plugin: &Arc<Plugin>, outcome: &mut Outcome) -> Result<()> {
    let environment = environment::now();
    for function in &plugin.description().functions {
        for example in &function.examples {
            let session = plugin.try_admit()?.begin(&environment);
            let problem = check_example(&example.expression, &example.result, plugin.description(), &session, &environment);
            outcome.note(&format!("example {}", example.expression), &Vec::from_iter(problem));
        }
    }
    Ok(())
}
