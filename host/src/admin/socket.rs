//! The control interface on its unix socket.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::exchange::exchange;
use super::operator::Operator;
use super::route::Caller;
use crate::data_directory::DataDirectory;

/// How long a request's headers may take, and how long answers may go on once the host stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after an error of accept, which is usually that there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The control interface at work.
pub struct Admin {
    path: PathBuf,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Where the server that holds a data directory is spoken to.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

/// Serves the control interface in a data directory. To be called on a runtime.
///
/// Whoever holds the directory is alone in it, so a socket that is there was left behind by a server that died.
pub fn serve(directory: &DataDirectory, operator: Arc<Operator>) -> io::Result<Admin> {
    let path = path(directory.path());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let owner = fs::metadata(&path)?.uid();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(accept(listener, owner, operator, stopped));
    Ok(Admin { path, stop, task })
}

impl Admin {
    /// Takes no new connections, lets answers end, removes the socket.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the control interface did not end by itself");
        }
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the control socket could not be removed");
        }
    }
}

async fn accept(listener: UnixListener, owner: u32, operator: Arc<Operator>, mut stopped: oneshot::Receiver<()>) {
    let (closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if is_trusted(&stream, owner) => {
                    connections.spawn(converse(stream, operator.clone(), closed.clone()));
                }
                Ok(_) => tracing::warn!("another user's process was turned away from the control socket"),
                Err(error) => {
                    tracing::error!(%error, "the control socket cannot accept connections, trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(closing);
    let ended = timeout(PATIENCE, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        connections.shutdown().await;
    }
}

/// The socket's mode says the same; this holds in the moment before that is set, too.
fn is_trusted(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0)
}

/// One request a connection: nothing idles here that shutting down would have to wait for.
async fn converse(stream: UnixStream, operator: Arc<Operator>, closing: watch::Receiver<()>) {
    let service = service_fn(|request| {
        let (operator, closing) = (operator.clone(), closing.clone());
        async move { Ok::<_, Infallible>(exchange(&operator, Caller::Local, request, closing).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a conversation on the control socket broke off");
    }
}
