//! How much memory the bodies of all requests may take together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;

/// The bytes that all bodies share.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// One request's part of them; given back when it is dropped, which is to be when the request is answered.
#[derive(Debug)]
pub struct Lease(OwnedSemaphorePermit);

impl Budget {
    /// A budget of this many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// Nothing yet, for a request that begins.
    pub fn lease(&self) -> Lease {
        Lease(self.0.clone().try_acquire_many_owned(0).expect("the semaphore is never closed"))
    }
}

impl Lease {
    /// Takes so many bytes more. There is no waiting: bodies that wait for each other would all stay half read.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        let more = u32::try_from(bytes).ok().and_then(|bytes| self.0.semaphore().clone().try_acquire_many_owned(bytes).ok());
        self.0.merge(more.ok_or_else(|| Failure::Unavailable("the bodies of the requests in flight take all the memory they may".into()))?);
        Ok(())
    }
}
