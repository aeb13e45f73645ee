//! How many requests may be at work in plugins: the others wait here, before they take a thread.

use std::fmt;
use std::sync::Arc;

use hookwright_iml::Environment;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::engine::Plugin;
use super::session::Session;

/// A request's place among the instances, for as long as this or the session it begins lives.
pub struct Permit {
    pub(super) plugin: Arc<Plugin>,
    _place: OwnedSemaphorePermit,
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
        let place = timeout(self.shared.settings.patience, self.shared.places.clone().acquire_owned()).await;
        place.map(|place| self.permit(place.expect("the semaphore is never closed"))).map_err(|_| Busy)
    }

    /// A place for one request, if there is one now.
    pub fn try_admit(self: &Arc<Self>) -> Result<Permit, Busy> {
        self.shared.places.clone().try_acquire_owned().map(|place| self.permit(place)).map_err(|_| Busy)
    }

    fn permit(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Permit {
        Permit { plugin: Arc::clone(self), _place: place }
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
