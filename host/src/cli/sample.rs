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
    pub(super) fn parsed(request: &[u8], path: &Path) -> anyhow::Result<Request> {
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
