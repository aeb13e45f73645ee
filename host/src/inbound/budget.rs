//! How much memory the bodies of all requests and replies may take together.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::Failure;

/// The bytes that all bodies share.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

/// One request's part of them, and then its reply's; given back when it is dropped, which is to be when the reply has left.
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

    /// Bytes that own the lease, which from now on is for them alone.
    pub fn keep(mut self, bytes: Bytes) -> Result<Bytes, Failure> {
        match bytes.len().checked_sub(self.0.num_permits()) {
            Some(more) => self.grow(more)?,
            None => drop(self.0.split(self.0.num_permits() - bytes.len())),
        }
        Ok(Bytes::from_owner(Kept { bytes, _lease: self }))
    }
}

struct Kept {
    bytes: Bytes,
    _lease: Lease,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn is_left(budget: &Budget, bytes: usize) -> bool {
        budget.lease().grow(bytes).is_ok() && budget.lease().grow(bytes + 1).is_err()
    }

    #[test]
    fn kept_bytes_hold_as_much_as_they_are_until_the_last_part_of_them_goes() {
        let budget = Budget::new(10);
        for before in [0, 4, 9] {
            let mut lease = budget.lease();
            lease.grow(before).unwrap();
            let kept = lease.keep(Bytes::from_static(b"1234")).unwrap();
            assert_eq!(kept, "1234");
            let part = kept.slice(3..);
            drop(kept);
            assert!(is_left(&budget, 6));
            drop(part);
            assert!(is_left(&budget, 10));
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_not_kept() {
        let budget = Budget::new(10);
        let mut other = budget.lease();
        other.grow(7).unwrap();
        assert!(matches!(budget.lease().keep(Bytes::from_static(b"1234")), Err(Failure::Unavailable(_))));
    }
}
