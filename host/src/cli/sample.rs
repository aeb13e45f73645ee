//! A recorded request on disk, and what is expected of it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use hookwright_webhook::sample::{self, Request};
use hookwright_webhook::{Item, Reply, Webhook};

use crate::services::{SAMPLE_BYTES, Service, ServiceFiles};

/// The webhook by its name, by being the only one, or by the last part of the request's path.
pub(super) fn choose<'s>(service: &'s Service, name: Option<&str>, request: &Request) -> anyhow::Result<&'s Webhook> {
    let chosen = match name {
        Some(_) => service.webhook(name),
        None => service.webhook(None).or_else(|| service.webhook(request.path().rsplit('/').next())),
    };
    chosen.ok_or_else(|| {
        let names: Vec<_> = service.webhooks.iter().map(Webhook::name).collect();
        let known = format!("the service has {}", names.join(", "));
        match name {
            Some(name) => anyhow!("there is no webhook `{name}`: {known}"),
            None => anyhow!("say with --webhook which webhook the request is for: {known}"),
        }
    })
}

/// A request, and what is expected of it.
pub(super) struct Sample {
    pub(super) request: Request,
    reply: Option<Reply>,
    bundles: Option<String>,
}

impl Sample {
    /// A sample directory, or a file that is a request of which nothing is expected.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        if !path.is_dir() {
            let request = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            return Ok(Self { request: parsed(&request, path)?, reply: None, bundles: None });
        }
        let files = ServiceFiles::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let request = parsed(&file(&files, "request.http")?, &path.join("request.http"))?;
        let (reply, bundles) = (optional(&files, "reply.http")?, optional(&files, "bundles.json")?);
        let reply = reply.map(|reply| sample::parse_reply(&reply).with_context(|| format!("in {}", path.join("reply.http").display())));
        let bundles =
            bundles.map(|bundles| String::from_utf8(bundles).with_context(|| format!("in {}", path.join("bundles.json").display())));
        Ok(Self { request, reply: reply.transpose()?, bundles: bundles.transpose()? })
    }

    /// How a reply and items are not as expected, each with what it is about.
    pub(super) fn differences(&self, reply: Option<&Reply>, items: &[Item]) -> anyhow::Result<Vec<String>> {
        let reply = self.reply.as_ref().zip(reply);
        let reply = reply.and_then(|(expected, got)| sample::compare_reply(expected, got));
        let bundles = match &self.bundles {
            Some(expected) => sample::compare_items(expected, items)?,
            None => None,
        };
        let reply = reply.map(|difference| format!("the reply is not as in reply.http:\n{difference}"));
        let bundles = bundles.map(|difference| format!("the bundles are not as in bundles.json:\n{difference}"));
        Ok(reply.into_iter().chain(bundles).collect())
    }
}

fn parsed(request: &[u8], path: &Path) -> anyhow::Result<Request> {
    Request::parse(request).with_context(|| format!("in {}", path.display()))
}

fn optional(files: &ServiceFiles, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
    if files.has(name) { file(files, name).map(Some) } else { Ok(None) }
}

fn file(files: &ServiceFiles, name: &str) -> anyhow::Result<Vec<u8>> {
    match files.read(name, SAMPLE_BYTES) {
        Ok(read) => Ok(read.bytes),
        Err(problem) => bail!("{} {problem}", files.path().join(name).display()),
    }
}
