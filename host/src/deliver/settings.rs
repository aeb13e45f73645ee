//! What an operator can set about delivery.

use std::time::Duration;

use super::breaker::Patience;
use super::file_guard::FileGuard;
use super::guard::Guard;
use super::proxies::Proxies;
use crate::telemetry::Telemetry;

/// How deliveries are attempted. [`Settings::default`] is what `serve` uses where nothing else is said.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long to wait before each attempt, the first included; one attempt for each entry, then the bundle is a dead letter.
    pub retry: Vec<Duration>,
    /// The part by which a wait is lengthened at random at most, in percent, so that retries of one outage do not arrive together.
    pub jitter_percent: u32,
    /// A hook whose every attempt has failed for so long is disabled.
    pub give_up_after: Duration,
    /// When a hook has failed for so long, that is written down, so that a restart does not make it forgotten.
    pub note_failing_after: Duration,
    /// When a server or a destination that does not answer is left alone.
    pub patience: Patience,
    /// Attempts at one time for one hook.
    pub per_hook: usize,
    /// Attempts at one time to one server, whatever destinations it has; a destination gets as many as are left besides, so
    /// half at most.
    pub per_origin: usize,
    /// Attempts at one time in all. When half of them are taken, each server gets one.
    pub in_flight: usize,
    /// Bundles of one hook that wait in memory, by reference; those beyond stay in the journal until there is room.
    pub waiting_per_hook: usize,
    /// Bytes of fresh bundles held in memory, so that the usual delivery need not read the journal.
    pub fresh_bytes: usize,
    /// How long attempts in flight may go on at shutdown; what has not ended then is made again after the next start.
    pub drain: Duration,
    /// What an HTTP attempt may take.
    pub http: HttpSettings,
    /// Which files may be appended to.
    pub files: FileGuard,
    /// What each attempt is told to.
    pub telemetry: Telemetry,
}

/// Limits of the `http` sink.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Which addresses may be connected to.
    pub guard: Guard,
    /// What stands between.
    pub proxies: Proxies,
    /// For the TCP connection.
    pub connect_timeout: Duration,
    /// For the whole attempt: connection, TLS, request and the reply's head.
    pub timeout: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let (connect_timeout, timeout) = (Duration::from_secs(10), Duration::from_secs(30));
        Self { guard: Guard::default(), proxies: Proxies::default(), connect_timeout, timeout }
    }
}

impl Default for Settings {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let schedule = [0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
        Self {
            retry: schedule.map(Duration::from_secs).to_vec(),
            jitter_percent: 20,
            give_up_after: Duration::from_hours(5 * 24),
            note_failing_after: Duration::from_hours(1),
            patience: Patience { misses: 5, first_probe: Duration::from_secs(1), longest: Duration::from_secs(30) },
            per_hook: 8,
            per_origin: 32,
            in_flight: 512,
            waiting_per_hook: 10_000,
            fresh_bytes: 64 << 20,
            drain: Duration::from_secs(10),
            http: HttpSettings::default(),
            files: FileGuard::default(),
            telemetry: Telemetry::default(),
        }
    }
}
