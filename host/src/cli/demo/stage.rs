//! The host of the demo: its services with their plugins, its listeners, in a directory that is gone at the end.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context;
use hookwright_webhook::{Reply, sample};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::checkout::{Checkout, Sample};
use super::receiver::Receiver;
use super::show;
use crate::connections::{Change, Connection, Hook, State, new_id, new_token};
use crate::deliver::{Exception, Guard};
use crate::plugin::Compilation;
use crate::plugin::build::{BuildRequest, build};
use crate::services::Examples;
use crate::{Host, Running, Settings};

/// Services and data of the demo.
pub(super) struct Stage(TempDir);

impl Stage {
    /// Copies the services and builds their plugins.
    pub(super) fn build(checkout: &Checkout, services: &[&str]) -> anyhow::Result<Self> {
        let stage = Self(tempfile::tempdir().context("cannot make a temporary directory")?);
        for service in services {
            stage.add(checkout, service).with_context(|| format!("cannot set up {service}"))?;
        }
        Ok(stage)
    }

    fn add(&self, checkout: &Checkout, service: &str) -> anyhow::Result<()> {
        let directory = self.0.path().join("services").join(service);
        copy_files(&checkout.service(service), &directory)?;
        if let Some(crate_directory) = checkout.plugin(service) {
            show::step(&format!("building the {service} plugin"));
            build(&BuildRequest {
                crate_directory,
                to: Some(directory.join("plugin.wasm")),
                quiet: true,
                compilation: Compilation::default(),
            })?;
        }
        Ok(())
    }

    /// Starts the host as if it stood behind the proxy that the samples were recorded with: Twilio signs the URL.
    pub(super) async fn start(&self, listener: TcpListener) -> anyhow::Result<Running> {
        let (services, data) = (self.0.path().join("services"), self.0.path().join("data"));
        let public_url = Some("https://hooks.example.com".to_owned());
        let mut settings = Settings { public_url, examples: Examples::Accepted, ..Settings::new(vec![services], data) };
        // The demo's receiver is on this machine.
        settings.delivery.http.guard = Guard::new([Exception::Host("127.0.0.1".into())]);
        Host::start(settings, listener).await
    }

    /// Makes the receiver listen for what a sample brings. A dedicated webhook's sample gets a hook of its own, and this
    /// the path to send it to.
    pub(super) async fn listen(&self, running: &Running, sample: &Sample, receiver: &Receiver) -> anyhow::Result<Option<String>> {
        if let Some(parameters) = sample.parameters() {
            let token = new_token();
            let path = format!("/h/{token}");
            let hook = Hook { token: Some(token), parameters, ..hook(&sample.service, receiver) };
            running.host().connections.apply(Change::PutHook(hook)).await?;
            return Ok(Some(path));
        }
        for uid in &sample.uids {
            connect(running, &sample.service, uid, receiver).await?;
        }
        Ok(None)
    }
}

/// Connects a uid, if nobody has yet.
async fn connect(running: &Running, service: &str, uid: &str, receiver: &Receiver) -> anyhow::Result<()> {
    let connections = &running.host().connections;
    if connections.connections().iter().any(|known| known.service == service && known.uid == uid) {
        return Ok(());
    }
    let id = new_id();
    let connection = Connection { id: id.clone(), service: service.to_owned(), uid: uid.to_owned(), name: None, data: Default::default() };
    connections.apply(Change::PutConnection(connection)).await?;
    let hook = Hook { connection: Some(id), ..hook(service, receiver) };
    connections.apply(Change::PutHook(hook)).await?;
    Ok(())
}

fn hook(service: &str, receiver: &Receiver) -> Hook {
    Hook {
        id: new_id(),
        service: service.to_owned(),
        webhook: None,
        connection: None,
        token: None,
        parameters: Default::default(),
        destination: Some(receiver.url()),
        manner: Default::default(),
        failing_since_ms: None,
        state: State::Enabled,
    }
}

/// Copies what stands directly in a service directory; its samples stay where they are.
fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Sends a request on a connection of its own and reads the reply.
pub(super) async fn send(to: SocketAddr, request: &sample::Request) -> anyhow::Result<Reply> {
    let mut stream = TcpStream::connect(to).await.context("cannot reach the host")?;
    let closing = ("connection".to_owned(), "close".to_owned());
    let headers = request.headers.iter().chain([&closing]);
    let headers: String = headers.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{} {} HTTP/1.1\r\n{headers}\r\n", request.method, request.target);
    stream.write_all(&[head.as_bytes(), &request.body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    sample::parse_reply(&answer).context("the host's answer is no reply")
}
