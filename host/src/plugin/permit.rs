//! How many requests may be at work in plugins: the others wait here, before they take a thread. No plugin can take the places
//! of all.

use std::fmt;
use std::sync::Arc;

use hookwright_iml::Environment;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::engine::Plugin;
use super::session::Session;

/// A request's place among the instances, for as long as this or the session it begins lives.
pub struct Permit {
    pub(super) plugin: Arc<Plugin>,
    _places: [OwnedSemaphorePermit; 2],
}

/// All instances are in use, and stayed so for as long as a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no instance of a plugin became free in time")
    }
}

impl std::error::Error for Busy {}

impl Plugin {
    /// A place for one request; waits for it, but not for longer than the settings' patience.
    pub async fn admit(self: &Arc<Self>) -> Result<Permit, Busy> {
        let places = async {
            let [own, shared] = self.counts();
            Ok([own.acquire_owned().await?, shared.acquire_owned().await?])
        };
        let places: Result<_, AcquireError> = timeout(self.shared.settings.patience, places).await.map_err(|_| Busy)?;
        Ok(self.permit(places.expect("no semaphore is ever closed")))
    }

    /// A place for one request, if there is one now.
    pub fn try_admit(self: &Arc<Self>) -> Result<Permit, Busy> {
        let [own, shared] = self.counts().map(Semaphore::try_acquire_owned);
        own.and_then(|own| Ok(self.permit([own, shared?]))).map_err(|_| Busy)
    }

    /// What is left of its own places, and of all.
    fn counts(&self) -> [Arc<Semaphore>; 2] {
        [&self.places, &self.shared.places].map(Arc::clone)
    }

    fn permit(self: &Arc<Self>, places: [OwnedSemaphorePermit; 2]) -> Permit {
        Permit { plugin: Arc::clone(self), _places: places }
    }
}

impl Permit {
    /// The plugin's calls during one request.
    pub fn begin(self, environment: &Environment) -> Session {
        Session::new(self, environment.clone())
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Permit").field(&self.plugin).finish()
    }
}
