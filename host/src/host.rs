//! A whole host: its parts, put together, started and stopped in order.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use hookwright_webhook::Webhook;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_rustls::TlsAcceptor;

use crate::admin::{self, Admin, Archive, KnownPlugin, KnownService, KnownWebhook, Operator, Remote, RemoteAdmin, ServiceState, Tokens};
use crate::connections::Connections;
use crate::data_directory::DataDirectory;
use crate::deliver::{self, Deliveries, FileGuard, Guard};
use crate::evaluate::{self, Evaluations};
use crate::inbound::MemoryPool;
use crate::journal::{self, Journal, JournalError, Removed, Retention};
use crate::key_file::Key;
use crate::network::Network;
use crate::plugin::{self, Plugin};
use crate::release;
use crate::server::{self, Limits};
use crate::services::{Examples, Finding, Loader, Look, Pace, Scan, Secrets, Service, Services, Watch};
use crate::shares::Holder;
use crate::telemetry::{self, Telemetry};

/// What a host is started with.
pub struct Settings {
    /// The directories whose directories are services.
    pub services: Vec<PathBuf>,
    /// Where connections, hooks and events are kept.
    pub data: PathBuf,
    /// What connections and hooks are encrypted with.
    pub key: Option<Key>,
    /// The operator's values over the services' `common.json`.
    pub secrets: Option<PathBuf>,
    /// Whether services are served whose secrets everybody knows.
    pub examples: Examples,
    /// What senders see before the path, where a proxy stands before the host.
    pub public_url: Option<String>,
    /// Encrypts the listeners.
    pub tls: Option<TlsAcceptor>,
    /// Where operators with a token reach the host from afar.
    pub operators: Option<Remote>,
    /// The directories below which they may have bundles written to files.
    pub file_destinations: Vec<PathBuf>,
    /// What a sender may ask of the host.
    pub limits: Limits,
    /// What decoding and evaluating requests may use.
    pub evaluation: evaluate::Limits,
    /// How soon changed services are taken up.
    pub pace: Pace,
    /// How bundles are delivered.
    pub delivery: deliver::Settings,
    /// Where traces go, if anywhere.
    pub telemetry: Option<telemetry::Settings>,
    /// How much the journal takes before it says no.
    pub journal: journal::Settings,
    /// How long delivered events are kept.
    pub retention: Retention,
    /// What plugins may use.
    pub plugins: plugin::Settings,
}

impl Settings {
    /// The defaults, over these services and this data directory.
    pub fn new(services: Vec<PathBuf>, data: PathBuf) -> Self {
        let plugins = plugin::Settings { cache: Some(data.join("plugins")), ..plugin::Settings::default() };
        Self {
            services,
            data,
            key: None,
            secrets: None,
            examples: Examples::default(),
            public_url: None,
            tls: None,
            operators: None,
            file_destinations: Vec::new(),
            limits: Limits::default(),
            evaluation: evaluate::Limits::default(),
            pace: Pace::default(),
            delivery: deliver::Settings::default(),
            telemetry: None,
            journal: journal::Settings::default(),
            retention: Retention::default(),
            plugins,
        }
    }
}

/// Everything that a request needs.
pub struct Host {
    /// The live services.
    pub services: Arc<Services>,
    /// Connections and hooks.
    pub connections: Arc<Connections>,
    /// What is on disk before a reply leaves.
    pub journal: Arc<Journal>,
    /// What takes bundles to their destinations.
    pub deliveries: Arc<Deliveries>,
    /// What a sender may ask.
    pub limits: Arc<Limits>,
    /// The memory that all requests share.
    pub memory: MemoryPool,
    /// Where requests are evaluated that may take long.
    pub evaluations: Arc<Evaluations>,
    /// What takes traces to a collector.
    pub telemetry: Telemetry,
    /// What is measured of the public listener.
    pub meters: server::Meters,
    /// What is measured of held events.
    pub releases: release::Meters,
    /// What senders see before the path, if that is not this listener's own address.
    pub public_url: Option<String>,
}

/// A host at work.
pub struct Running {
    host: Arc<Host>,
    address: SocketAddr,
    base_url: String,
    admin: Admin,
    remote_admin: Option<RemoteAdmin>,
    watch: Watch,
    upkeep: [JoinHandle<()>; 3],
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Host {
    /// Opens what is stored, loads the services, and serves `listener` until [`Running::shutdown`].
    pub async fn start(mut settings: Settings, listener: TcpListener) -> anyhow::Result<Running> {
        let address = listener.local_addr().context("the public listener has no address")?;
        let listener = tokio::net::TcpListener::from_std(listener).context("cannot wait for connections")?;
        let (tls, pace, retention, base_url) = (settings.tls.clone(), settings.pace, settings.retention, base_url(&settings, address));
        let (guard, remote) = (settings.delivery.http.guard.clone(), settings.operators.take());
        let files = FileGuard::new(&settings.data, &settings.services, std::mem::take(&mut settings.file_destinations));
        settings.delivery.files = files.clone();
        let (host, directory, scan) = open(settings).await?;
        let operator = Arc::new(operator(&host, Tokens::open(&directory)?, base_url.clone(), guard, files));
        let remote_admin = remote.map(|remote| admin::serve_remote(remote, tls.clone(), &host.limits, operator.clone())).transpose()?;
        let admin = admin::serve(&directory, operator).context("cannot open the control socket")?;
        let watch = Watch::start(scan, pace);
        let upkeep = [
            tokio::spawn(keep_up(host.journal.clone(), host.connections.clone(), retention)),
            tokio::spawn(probe(host.journal.clone())),
            tokio::spawn(release::run(host.clone())),
        ];
        let (stop, stopped) = oneshot::channel();
        let answer = {
            let host = host.clone();
            move |request, peer| server::answer(host.clone(), request, peer)
        };
        let server = tokio::spawn(server::run(listener, tls, host.limits.clone(), host.meters.clone(), answer, async {
            let _ = stopped.await;
        }));
        Ok(Running { host, address, base_url, admin, remote_admin, watch, upkeep, stop, server })
    }
}

impl Host {
    /// For whom a request takes its part of what all requests share. Behind a proxy all come from one address, which says nothing.
    pub fn holder(&self, sender: IpAddr, service: &str) -> Holder {
        Holder { network: self.public_url.is_none().then(|| Network::from(sender)), service: service.into() }
    }
}

/// How often the journal gives back the space of what need not be kept, at least.
const UPKEEP: Duration = Duration::from_secs(60);

async fn keep_up(journal: Arc<Journal>, connections: Arc<Connections>, retention: Retention) {
    let mut turns = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = turns.tick() => {}
            () = journal.wants_upkeep() => {}
        }
        let (journal, connections) = (journal.clone(), connections.clone());
        let is_pulled = move |hook: &str| connections.hook(hook).is_some_and(|hook| hook.is_pulled());
        match spawn_blocking(move || journal.maintain(retention, SystemTime::now(), is_pulled)).await {
            Ok(Ok(removed)) if removed.segments == 0 => {}
            Ok(Ok(Removed { segments, bytes, dead_letters, unfetched, crowded_out })) => {
                tracing::info!(segments, bytes, dead_letters, unfetched, "the journal gave back space");
                if unfetched > 0 {
                    tracing::warn!(unfetched, "bundles were dropped that nobody had fetched for as long as they are kept");
                }
                for (service, events) in crowded_out {
                    let text = "failed events, or events for a uid that nobody has yet, had more than their share of the journal: the oldest are gone";
                    tracing::warn!(service = &*service, events, "{text}");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the journal could not give back space; it is tried again"),
            Err(_) => tracing::error!("the journal's upkeep broke off; it is tried again"),
        }
    }
}

/// How soon a journal that can be written again after a failure says so: behind a load balancer no webhook comes to find out.
const PROBE: Duration = Duration::from_secs(5);

async fn probe(journal: Arc<Journal>) {
    let mut turns = tokio::time::interval(PROBE);
    loop {
        turns.tick().await;
        let journal = journal.clone();
        // What fails is known already, and is tried again.
        let _ = spawn_blocking(move || journal.probe()).await;
    }
}

/// What stands before the path in the URLs that senders use.
fn base_url(settings: &Settings, address: SocketAddr) -> String {
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let own = || format!("{scheme}://{address}");
    settings.public_url.as_ref().map_or_else(own, |url| url.trim_end_matches('/').to_owned())
}

/// The parts that block while they open: files are read, plugins compiled.
struct Stored {
    directory: DataDirectory,
    connections: Arc<Connections>,
    journal: Arc<Journal>,
    scan: Scan,
}

async fn open(settings: Settings) -> anyhow::Result<(Arc<Host>, DataDirectory, Scan)> {
    let Settings {
        services,
        data,
        key,
        secrets,
        examples,
        public_url,
        limits,
        evaluation,
        delivery,
        telemetry,
        journal,
        retention,
        plugins,
        ..
    } = settings;
    let secrets = Secrets::new(secrets);
    let scan = move || Ok(Scan::new(services, &Loader { engine: Arc::new(plugin::Engine::new(&plugins)?), secrets, examples }));
    let stored = spawn_blocking(move || open_stored(&data, key.as_ref(), (journal, retention), scan));
    let Stored { directory, connections, journal, scan } = stored.await.context("opening the host's parts broke off")??;
    let services = scan.services();
    let telemetry = telemetry.as_ref().map(Telemetry::start).transpose()?.unwrap_or_default();
    let delivery = deliver::Settings { telemetry: telemetry.clone(), ..delivery };
    let deliveries = Deliveries::start(journal.clone(), connections.clone(), delivery);
    let memory = MemoryPool::new(shared_memory(&limits, evaluation));
    let evaluations = Arc::new(Evaluations::new(evaluation));
    let limits = Arc::new(limits);
    let (meters, releases) = (server::Meters::default(), release::Meters::default());
    let host = Host { services, connections, journal, deliveries, limits, memory, evaluations, telemetry, meters, releases, public_url };
    Ok((Arc::new(host), directory, scan))
}

/// One request alone may have what one may have at all, and that is half of what all share.
fn shared_memory(limits: &Limits, evaluation: evaluate::Limits) -> usize {
    let of_one = limits.body_bytes.saturating_add(server::USUAL_REPLY).saturating_add(evaluation.allowance.memory);
    limits.memory_bytes.max(of_one.saturating_mul(2))
}

/// How long the start waits for services to be read. The others answer 503 until they are.
const LOADING: Duration = Duration::from_secs(20);

fn open_stored(
    data: &Path,
    key: Option<&Key>,
    (journal, retention): (journal::Settings, Retention),
    scan: impl FnOnce() -> anyhow::Result<Scan>,
) -> anyhow::Result<Stored> {
    let directory = DataDirectory::open(data)?;
    let journal = Arc::new(Journal::open(&directory, journal).context("cannot open the event journal")?);
    make_room(&journal, retention);
    let connections = Connections::open_with(&directory, key).context("cannot open the connections")?;
    let mut scan = scan()?;
    scan.refresh(LOADING);
    Ok(Stored { directory, connections, journal, scan })
}

/// Gives back what a full disk has of the journal before anything else is to be written to it.
fn make_room(journal: &Journal, retention: Retention) {
    if matches!(journal.check(), Err(JournalError::DiskFull { .. }))
        && let Err(error) = journal.maintain(retention, SystemTime::now(), |_| false)
    {
        tracing::warn!(%error, "the disk is full, and the journal could not give back space");
    }
}

fn operator(host: &Arc<Host>, tokens: Tokens, base_url: String, guard: Guard, files: FileGuard) -> Operator {
    let services = host.services.clone();
    let known = move || services.looks().iter().map(known).collect();
    Operator {
        connections: host.connections.clone(),
        archive: Archive::served(host.deliveries.clone()),
        tokens,
        public_url: Some(base_url),
        destinations: Some(guard),
        files,
        services: Some(Box::new(known)),
        host: Some(host.clone()),
    }
}

fn known(look: &Look) -> KnownService {
    let service = look.service.as_deref();
    let webhook = |service: &Service, webhook: &Webhook| KnownWebhook { name: webhook.name().to_owned(), path: service.path(webhook) };
    let webhooks = service.into_iter().flat_map(|service| service.webhooks.iter().map(move |known| webhook(service, known)));
    let refused = look.findings.iter().any(Finding::is_error);
    KnownService {
        name: look.name.clone(),
        webhooks: webhooks.collect(),
        plugin: service.and_then(|service| service.plugin.as_deref()).map(known_plugin),
        state: match service {
            None => ServiceState::Refused,
            Some(_) if refused => ServiceState::Outdated,
            Some(_) => ServiceState::Served,
        },
        findings: look.findings.clone(),
    }
}

fn known_plugin(plugin: &Plugin) -> KnownPlugin {
    let description = plugin.description();
    KnownPlugin {
        name: description.name.clone(),
        version: description.version.clone(),
        sha256: plugin.digest().to_owned(),
        asks: plugin.asks().iter().map(ToString::to_string).collect(),
        out_of_service: plugin.out_of_service(),
    }
}

impl Running {
    /// The parts.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Where the public listener listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators reach the host from afar, if they do.
    pub fn operators_address(&self) -> Option<SocketAddr> {
        self.remote_admin.as_ref().map(RemoteAdmin::address)
    }

    /// What stands before the path in the URLs that senders use.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Stops in order: no new connections, requests in flight to their end, then deliveries, then what operators use.
    pub async fn shutdown(self) {
        let Self { host, admin, remote_admin, watch, upkeep, stop, server, .. } = self;
        upkeep.iter().for_each(JoinHandle::abort);
        let _ = stop.send(());
        let _ = server.await;
        host.deliveries.shutdown().await;
        if let Some(remote) = remote_admin {
            remote.shutdown().await;
        }
        admin.shutdown().await;
        // The thread may be compiling a plugin, which ends here.
        host.services.engine().stop();
        // What is queued for the disk is written when the last part goes.
        let end = move || {
            host.telemetry.shutdown();
            drop((watch, host));
        };
        let _ = spawn_blocking(end).await;
    }
}
