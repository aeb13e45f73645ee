//! `hookwright serve`: receive webhooks, store them, deliver them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::delivery_options::DeliveryOptions;
use super::evaluation_limits::EvaluationLimits;
use super::journal_options::JournalOptions;
use super::logging;
use super::plugin_limits::PluginLimits;
use super::printable::on_one_line;
use super::{address_space, open_files};
use crate::admin::Remote;
use crate::key_file::Key;
use crate::server::{self, Limits};
use crate::services::Secrets;
use crate::size::{Size, size};
use crate::telemetry;
use crate::{Host, Running, Settings};

/// Receive webhooks, store them, deliver them.
///
/// Every option can also be set by the environment variable that is named with it.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A directory whose directories are services; may be given several times, or with commas between.
    #[arg(long, env = "HOOKWRIGHT_SERVICES", value_name = "DIR", value_delimiter = ',', default_value = "services")]
    services: Vec<PathBuf>,

    /// Where connections, hooks and events are kept.
    #[arg(long = "data-dir", alias = "data", env = "HOOKWRIGHT_DATA", value_name = "DIR", default_value = "data")]
    data: PathBuf,

    /// A file with a key (`hookwright keys new FILE`): connections and hooks are encrypted with it on the disk.
    #[arg(long, env = "HOOKWRIGHT_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// The address that senders reach.
    #[arg(long, env = "HOOKWRIGHT_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// A PEM file with the certificate and its chain: serve HTTPS.
    #[arg(long, env = "HOOKWRIGHT_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// A PEM file with the certificate's key.
    #[arg(long, env = "HOOKWRIGHT_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// An address on which operators with a token (`hookwright tokens`) reach the host from afar; HTTPS where --tls-cert is given.
    #[arg(long, env = "HOOKWRIGHT_OPERATORS", value_name = "ADDR")]
    operators: Option<SocketAddr>,

    /// Host names by which operators reach it, besides addresses and localhost.
    #[arg(long, env = "HOOKWRIGHT_OPERATORS_NAME", value_name = "NAME", value_delimiter = ',', requires = "operators")]
    operators_name: Vec<String>,

    /// What senders see before the path, where a proxy stands before this host, such as `https://hooks.example.org`
    #[arg(long, env = "HOOKWRIGHT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// A JSON file, {"SERVICE": {"NAME": "VALUE"}}, whose values go over each service's common.json.
    #[arg(long, env = "HOOKWRIGHT_SECRETS", value_name = "FILE")]
    secrets: Option<PathBuf>,

    /// How to write the log, which goes to standard error.
    #[arg(long, env = "HOOKWRIGHT_LOG", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    log: LogFormat,

    /// Bytes that a request's body may have.
    #[arg(long, env = "HOOKWRIGHT_MAX_BODY", value_name = "BYTES", default_value_t = Limits::default().body_bytes)]
    max_body: usize,

    /// Memory that all requests share: their bodies, what is made of them, their replies. No sender has more than half of it,
    /// unless --public-url is given, and no service all of it.
    #[arg(long, env = "HOOKWRIGHT_REQUEST_MEMORY", value_name = "SIZE", default_value_t = Size(Limits::default().memory_bytes as u64), value_parser = size)]
    request_memory: Size,

    /// Seconds that a request's headers, and then its body, may take to arrive.
    #[arg(long, env = "HOOKWRIGHT_READ_TIMEOUT", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    read_timeout: u64,

    /// Seconds within which a sender has to take some more of its reply; a connection on which one is left lying is closed.
    #[arg(long, env = "HOOKWRIGHT_WRITE_TIMEOUT", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    write_timeout: u64,

    /// Connections that are served at once; more have to wait. No address has more than half of them, unless --public-url is given.
    #[arg(long, env = "HOOKWRIGHT_MAX_CONNECTIONS", value_name = "N", default_value_t = Limits::default().connections)]
    max_connections: usize,

    /// Seconds that requests in flight get to finish when the host is told to stop.
    #[arg(long, env = "HOOKWRIGHT_DRAIN_TIMEOUT", value_name = "SECONDS", default_value_t = 20)]
    drain_timeout: u64,

    /// An OpenTelemetry collector, such as `http://127.0.0.1:4318`, to which each event's way is exported as a trace (OTLP over HTTP).
    #[arg(long, env = "HOOKWRIGHT_OTLP", value_name = "URL")]
    otlp: Option<String>,

    /// The part of all events that is traced, from 0 to 1.
    #[arg(long, env = "HOOKWRIGHT_OTLP_SHARE", value_name = "SHARE", default_value_t = 1.0, value_parser = share, requires = "otlp")]
    otlp_share: f64,

    #[command(flatten)]
    delivery: DeliveryOptions,

    #[command(flatten)]
    journal: JournalOptions,

    #[command(flatten)]
    evaluation: EvaluationLimits,

    #[command(flatten)]
    plugins: PluginLimits,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line to read.
    Text,
    /// A JSON object a line.
    Json,
}

/// Serves until a signal says to stop.
pub fn run(arguments: Arguments, verbose: u8) -> anyhow::Result<ExitCode> {
    address_space::check()?;
    let _flushed_at_the_end = logging::start(arguments.log, verbose).context("cannot start the log")?;
    let listener = server::bind(arguments.listen)?;
    let settings = settings(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        // Whoever reads where it listens may stop it at once.
        let mut signals = StopSignals::listen()?;
        let running = tokio::select! {
            running = Host::start(settings, listener) => running?,
            () = signals.next() => {
                tracing::info!("stopped before everything was loaded");
                return Ok(ExitCode::SUCCESS);
            }
        };
        running.host().connections.stay_in_memory();
        announce(&running);
        signals.next().await;
        tracing::info!("stopping: no new connections, finishing what is in flight");
        tokio::select! {
            () = running.shutdown() => Ok(ExitCode::SUCCESS),
            () = signals.next() => {
                tracing::error!("told to stop a second time, stopped at once");
                Ok(ExitCode::FAILURE)
            }
        }
    });
    // A start that was broken off may still be reading services.
    runtime.shutdown_background();
    ended
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "write a number from 0 to 1".into())
}

fn settings(arguments: Arguments) -> anyhow::Result<Settings> {
    for directory in &arguments.services {
        ensure!(directory.is_dir(), "there is no services directory at {}", directory.display());
    }
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificates), Some(key)) => Some(server::acceptor(certificates, key)?),
        _ => None,
    };
    if let Some(url) = &arguments.public_url {
        ensure!(
            url.starts_with("https://") || url.starts_with("http://"),
            "--public-url must begin with https:// or http://, but is `{url}`"
        );
    }
    let operators = usize::from(arguments.operators.is_some()) * Remote::CONNECTIONS;
    let connections = connections(arguments.max_connections, operators);
    let limits = Limits {
        connections,
        // All that a proxy passes on comes from its address.
        connections_per_address: if arguments.public_url.is_some() { connections } else { connections.div_ceil(2) },
        body_bytes: arguments.max_body,
        memory_bytes: usize::try_from(arguments.request_memory.0).unwrap_or(usize::MAX),
        header_time: Duration::from_secs(arguments.read_timeout),
        body_time: Duration::from_secs(arguments.read_timeout),
        write_time: Duration::from_secs(arguments.write_timeout),
        drain_time: Duration::from_secs(arguments.drain_timeout),
        ..Limits::default()
    };
    if let Some(address) = arguments.operators.filter(|address| tls.is_none() && !address.ip().is_loopback()) {
        tracing::warn!(%address, "operators' tokens travel unencrypted: give --tls-cert, or let a proxy encrypt");
    }
    let operators = match arguments.operators {
        Some(address) => Some(Remote { listener: server::bind(address)?, names: arguments.operators_name }),
        None => None,
    };
    let key = arguments.key_file.as_deref().map(Key::read).transpose()?;
    if let Some(path) = &arguments.secrets {
        let wanted = || format!("cannot use the secrets in {}, a JSON file with {{\"SERVICE\": {{\"NAME\": \"VALUE\"}}}}", path.display());
        Secrets::new(Some(path.clone())).check().with_context(wanted)?;
    }
    let (public_url, secrets) = (arguments.public_url, arguments.secrets);
    let mut settings = Settings { tls, key, operators, public_url, secrets, limits, ..Settings::new(arguments.services, arguments.data) };
    if let Some(list) = arguments.plugins.trust_list() {
        ensure!(list.is_file(), "there is no list of trusted plugins at {}", list.display());
    }
    settings.telemetry = arguments.otlp.map(|endpoint| telemetry::Settings { endpoint, share: arguments.otlp_share });
    settings.file_destinations = arguments.delivery.file_destinations();
    for directory in &settings.file_destinations {
        ensure!(directory.is_dir(), "there is no directory for files at {}", directory.display());
    }
    settings.delivery = arguments.delivery.settings();
    settings.evaluation = arguments.evaluation.limits();
    settings.journal = arguments.journal.settings();
    settings.retention = arguments.journal.retention();
    settings.plugins = arguments.plugins.settings(settings.plugins.cache.take());
    Ok(settings)
}

/// How many connections to serve at once; fewer than are wanted, with a warning, where the system has no room for them.
fn connections(wanted: usize, operators: usize) -> usize {
    let limit = open_files::raise();
    let room = open_files::room(wanted.max(1), operators, limit);
    if let Some(files) = limit.filter(|_| room < wanted) {
        tracing::warn!(
            files,
            "at most {room} connections are served at once, not {wanted}, because so few files may be open: \
             raise that limit (`ulimit -n`, `LimitNOFILE=`), or give a smaller --max-connections"
        );
    }
    room
}

/// What is served and where, for the person who started it.
fn announce(running: &Running) {
    let (base, address) = (running.base_url(), running.address().to_string());
    let place = if base.ends_with(&address) { base.to_owned() } else { format!("{address} for {base}") };
    anstream::eprintln!("hookwright {} listens on {place}", env!("CARGO_PKG_VERSION"));
    for service in running.host().services.snapshot().values() {
        for webhook in &service.webhooks {
            match service.path(webhook) {
                Some(path) => anstream::eprintln!("  {base}{path}"),
                None => anstream::eprintln!("  {base}/h/<token>  {}/{}, a token for each hook", service.name, webhook.name()),
            }
        }
    }
    if let Some(address) = running.operators_address() {
        anstream::eprintln!("  operators reach it at {address}, with a token");
    }
    announce_refused(running);
    if running.host().services.looks().is_empty() {
        anstream::eprintln!("  no services yet: drop a directory into {}", roots(running));
    }
}

fn announce_refused(running: &Running) {
    let looks = running.host().services.looks();
    let named = |loading: bool| {
        looks.iter().filter(move |look| look.service.is_none() && look.is_loading == loading).map(|look| look.name.as_str())
    };
    let (refused, loading): (Vec<_>, Vec<_>) = (named(false).collect(), named(true).collect());
    if !loading.is_empty() {
        anstream::eprintln!("  still loading: {}", loading.join(", "));
    }
    if !refused.is_empty() {
        anstream::eprintln!("  refused: {} of {} services ({})", refused.len(), looks.len(), on_one_line(&refused.join(", ")));
        anstream::eprintln!("  `hookwright services` says why; each is loaded as soon as it is mended");
    }
}

fn roots(running: &Running) -> String {
    let roots: Vec<_> = running.host().services.roots().iter().map(|root| root.display().to_string()).collect();
    roots.join(" or ")
}

/// The signals that tell the host to stop.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on none of them ends the process by itself.
    fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        Ok(Self { terminate, interrupt })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
