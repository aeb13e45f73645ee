//! How an operator reaches a host's events: through the server that has them, or by opening them where none runs.

use std::sync::Arc;

use tokio::sync::{OnceCell, watch};
use tokio::task::spawn_blocking;

use super::answer::Refused;
use crate::data_directory::DataDirectory;
use crate::deliver::{self, Deliveries};
use crate::journal::{BundleKey, Journal, Redriven, Settings};

/// The events of a host.
pub struct Archive(Way);

enum Way {
    /// A server's, which delivers them.
    Served(Arc<Deliveries>),
    /// Nobody delivers them. Opening takes a while where there are many, so it waits until somebody asks.
    Stored(DataDirectory, OnceCell<Arc<Journal>>),
}

impl Archive {
    /// The events of a server that runs.
    pub fn served(deliveries: Arc<Deliveries>) -> Self {
        Self(Way::Served(deliveries))
    }

    /// The events in a data directory that no server has.
    pub fn stored(directory: DataDirectory) -> Self {
        Self(Way::Stored(directory, OnceCell::new()))
    }

    /// The journal.
    pub(super) async fn journal(&self) -> Result<Arc<Journal>, Refused> {
        match &self.0 {
            Way::Served(deliveries) => Ok(deliveries.journal().clone()),
            Way::Stored(directory, journal) => journal.get_or_try_init(|| open(directory.clone())).await.cloned(),
        }
    }

    /// What changes whenever a bundle arrives that waits to be fetched. `None`: no server runs, so that none does.
    pub(super) fn arrivals(&self) -> Option<watch::Receiver<()>> {
        self.deliveries().map(|deliveries| deliveries.arrivals())
    }

    /// What delivers the bundles, where a server runs.
    pub(super) fn deliveries(&self) -> Option<&Arc<Deliveries>> {
        match &self.0 {
            Way::Served(deliveries) => Some(deliveries),
            Way::Stored(..) => None,
        }
    }

    /// Lets what waits for a hook be delivered as the hook says now: at once where a server runs, otherwise once one does.
    pub(super) fn hook_changed(&self, hook: &str) {
        if let Way::Served(deliveries) = &self.0 {
            deliveries.hook_changed(hook);
        }
    }

    /// Lets the attempts of dead letters begin anew: at once where a server runs, otherwise once one does.
    pub(super) async fn redrive(&self, wanted: Vec<BundleKey>) -> Result<Redriven, Refused> {
        match &self.0 {
            Way::Served(deliveries) => Ok(deliveries.redrive(wanted).await),
            Way::Stored(..) => Ok(self.journal().await?.redrive(&wanted, deliver::now_ms()).await),
        }
    }
}

/// Does what reads the disk.
pub(super) async fn reading<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    spawn_blocking(read).await.map_err(|error| Refused::unavailable(format!("reading the disk broke off: {error}")))
}

async fn open(directory: DataDirectory) -> Result<Arc<Journal>, Refused> {
    let opened = spawn_blocking(move || Journal::open(&directory, Settings::default())).await;
    let opened = opened.unwrap_or_else(|broken_off| Err(std::io::Error::other(broken_off)));
    opened.map(Arc::new).map_err(|error| Refused::unavailable(format!("cannot open the event journal: {error}")))
}
