//! How many requests may be at work in plugins: the others wait here, before they take a thread. No plugin can take the places
//! of all.

use std::fmt;
use std::sync::Arc;

use hookwright_iml::Environment;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::breaker::Pass;
use super::caller::Caller;
use super::engine::Plugin;
use super::session::Session;

/// A request's place among the instances, for as long as this or the session it begins lives.
pub struct Permit {
    pub(super) plugin: Arc<Plugin>,
    pub(super) pass: Pass,
    _places: [OwnedSemaphorePermit; 2],
}

/// Why a request cannot call a plugin now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// All instances are in use, and stayed so for as long as a request waits.
    Busy,
    /// The plugin is out of service: why, and until when.
    OutOfService(String),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => out.write_str("no instance of a plugin became free in time"),
            Self::OutOfService(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for Unavailable {}

impl Plugin {
    /// A place for one request; waits for it, but not for longer than the settings' patience.
    pub async fn admit(self: &Arc<Self>, caller: Caller) -> Result<Permit, Unavailable> {
        let pass = self.breaker.admit(caller).map_err(Unavailable::OutOfService)?;
        let places = async {
            let [own, shared] = self.counts();
            Ok([own.acquire_owned().await?, shared.acquire_owned().await?])
        };
        let places: Result<_, AcquireError> = timeout(self.shared.settings.patience, places).await.map_err(|_| Unavailable::Busy)?;
        Ok(self.permit(pass, places.expect("no semaphore is ever closed")))
    }

    /// A place for one request of the operator's, if there is one now.
    pub fn try_admit(self: &Arc<Self>) -> Result<Permit, Unavailable> {
        let pass = self.breaker.admit(Caller::default()).map_err(Unavailable::OutOfService)?;
        let [own, shared] = self.counts().map(Semaphore::try_acquire_owned);
        own.and_then(|own| Ok(self.permit(pass, [own, shared?]))).map_err(|_| Unavailable::Busy)
    }

    /// What is left of its own places, and of all.
    fn counts(&self) -> [Arc<Semaphore>; 2] {
        [&self.places, &self.shared.places].map(Arc::clone)
    }

    fn permit(self: &Arc<Self>, pass: Pass, places: [OwnedSemaphorePermit; 2]) -> Permit {
        Permit { plugin: Arc::clone(self), pass, _places: places }
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
