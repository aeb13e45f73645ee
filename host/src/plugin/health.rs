//! Whether requests keep ending in the middle of a plugin, so that it is not called any more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tracing::error;

/// What became of a plugin's requests. A loaded plugin has one for its life: a changed file is another plugin, which
/// begins in health.
pub(super) struct Health {
    service: String,
    /// Requests in a row that may be stopped; 0: any number.
    limit: u32,
    in_a_row: AtomicU32,
    /// Why it is out of service, for the spec's author. Once set, it stays.
    out: OnceLock<String>,
}

impl Health {
    pub(super) fn new(service: &str, limit: u32) -> Self {
        Self { service: service.to_owned(), limit, in_a_row: AtomicU32::new(0), out: OnceLock::new() }
    }

    /// Whose plugin it is.
    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// Why the plugin is not called any more, if it is not.
    pub(super) fn out_of_service(&self) -> Option<&str> {
        self.out.get().map(String::as_str)
    }

    /// Whether the last request that called it was stopped.
    pub(super) fn is_ailing(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) > 0
    }

    /// Takes note of a request that called the plugin: whether it was stopped, and why. Says once, in the log, that the
    /// plugin is taken out of service.
    pub(super) fn note(&self, stopped: Option<&str>) {
        let Some(cause) = stopped else { return self.in_a_row.store(0, Ordering::Relaxed) };
        let in_a_row = self.in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.limit == 0 || in_a_row < self.limit || self.out.set(sentence(in_a_row, cause)).is_err() {
            return;
        }
        let service = &*self.service;
        error!(service, in_a_row, cause, "the plugin is taken out of service until its file changes: it was stopped in every request");
    }
}

fn sentence(in_a_row: u32, cause: &str) -> String {
    format!("the plugin is out of service until its file changes: it was stopped in {in_a_row} requests in a row, at last because {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(limit: u32, requests: &[Option<&str>]) -> Option<String> {
        let health = Health::new("slack", limit);
        requests.iter().for_each(|stopped| health.note(*stopped));
        health.out_of_service().map(str::to_owned)
    }

    const TRAP: Option<&str> = Some("it crashed");

    #[test]
    fn so_many_in_a_row_take_a_plugin_out_of_service_for_good() {
        assert_eq!(after(3, &[TRAP, TRAP]), None);
        let expected =
            "the plugin is out of service until its file changes: it was stopped in 3 requests in a row, at last because it crashed";
        assert_eq!(after(3, &[TRAP, TRAP, TRAP]).as_deref(), Some(expected));
        assert_eq!(after(3, &[TRAP, TRAP, TRAP, None, TRAP]).as_deref(), Some(expected), "one that was under way and ended well");
    }

    #[test]
    fn one_that_ends_well_begins_the_count_anew() {
        assert_eq!(after(3, &[TRAP, TRAP, None, TRAP, TRAP]), None);
    }

    #[test]
    fn without_a_limit_any_number_may_be_stopped() {
        assert_eq!(after(0, &[TRAP; 1000]), None);
    }
}
