//! A service directory as it was last read, and what is said of it in the log.

use std::path::Path;
use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::{Finding, Report, Service};

/// One service directory as it was last read.
pub(crate) struct State {
    pub(super) fingerprint: Arc<Fingerprint>,
    /// There is nothing in it.
    pub(super) is_empty: bool,
    /// What was last said about it, so that it is said once.
    pub(crate) report: Report,
    pub(super) findings: Vec<Finding>,
    /// What is served of it. Where the report has errors, the last good version.
    pub(crate) service: Option<Arc<Service>>,
}

impl State {
    /// A directory with nothing in it.
    pub(super) fn empty(fingerprint: Fingerprint) -> Self {
        Self { fingerprint: fingerprint.into(), is_empty: true, report: Report::default(), findings: Vec::new(), service: None }
    }

    /// The new state of a directory: the new service, or the old one if the new one is broken. Says what is new to say.
    pub(super) fn take_up(
        directory: &Path,
        fingerprint: Fingerprint,
        read: Result<(Service, Report), Report>,
        before: Option<Self>,
    ) -> Self {
        let (old, said) = before.map_or((None, String::new()), |state| (state.service, state.report.to_string()));
        let (service, report) = match read {
            Ok((service, warnings)) => {
                tracing::info!(
                    service = service.name,
                    webhooks = service.webhooks.len(),
                    plugin = service.plugin.is_some(),
                    "service loaded"
                );
                (Some(Arc::new(service)), warnings)
            }
            Err(report) => (None, report),
        };
        if !report.is_empty() && report.to_string() != said {
            complain(directory, &report, service.is_some(), old.is_some());
        }
        let findings = report.diagnostics().map(Finding::from).collect();
        Self { fingerprint: fingerprint.into(), is_empty: false, report, findings, service: service.or(old) }
    }
}

fn complain(directory: &Path, report: &Report, loaded: bool, had_one: bool) {
    let text = report.render(false);
    let what = match (loaded, had_one) {
        (true, _) => return tracing::warn!("service in {} loaded with warnings\n{text}", directory.display()),
        (false, true) => "refused, its last good version keeps serving",
        (false, false) => "refused",
    };
    tracing::error!("service in {} {what}\n{text}", directory.display());
}
