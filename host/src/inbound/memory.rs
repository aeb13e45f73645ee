//! The memory that all requests share: their bodies, what is made of them while they are decided about, their replies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::failure::Failure;
use crate::shares::{Holder, Shares};

/// The bytes that all requests share, fairly by sender and by service.
#[derive(Clone, Debug)]
pub struct MemoryPool(Arc<Mutex<Shares>>);

/// One request's part of them, and then its reply's; given back when it is dropped, which is to be when the reply has left.
#[derive(Debug)]
pub struct Lease {
    pool: MemoryPool,
    holder: Holder,
    /// Taken for the body and the reply.
    body: usize,
    /// Taken for what is made of the body.
    evaluation: usize,
}

impl MemoryPool {
    /// A pool of this many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Shares::of(bytes))))
    }

    /// Nothing yet, for a request that begins.
    pub fn lease(&self, holder: Holder) -> Lease {
        Lease { pool: self.clone(), holder, body: 0, evaluation: 0 }
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Who holds it.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Takes so many bytes more for the body. There is no waiting: bodies that wait for each other would all stay half read.
    ///
    /// # Errors
    /// All that there is, or all that this sender or this service may have, is in use.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        self.take(bytes)?;
        self.body += bytes;
        Ok(())
    }

    /// What is taken for what is made of the body, in bytes.
    pub fn evaluation(&self) -> usize {
        self.evaluation
    }

    /// Takes so many bytes more for what is made of the body.
    ///
    /// # Errors
    /// As [`grow`](Self::grow).
    pub fn grow_evaluation(&mut self, bytes: usize) -> Result<(), Failure> {
        self.take(bytes)?;
        self.evaluation += bytes;
        Ok(())
    }

    /// What was made of the body is gone, but for so many bytes.
    pub fn shrink_evaluation(&mut self, left: usize) {
        let gone = self.evaluation.saturating_sub(left);
        self.evaluation -= gone;
        self.give_back(gone);
    }

    /// Bytes that own the lease, which from now on is for them alone.
    ///
    /// # Errors
    /// As [`grow`](Self::grow), where they are more than the lease was for.
    pub fn keep(mut self, bytes: Bytes) -> Result<Bytes, Failure> {
        self.shrink_evaluation(0);
        match bytes.len().checked_sub(self.body) {
            Some(more) => self.grow(more)?,
            None => {
                self.give_back(self.body - bytes.len());
                self.body = bytes.len();
            }
        }
        Ok(Bytes::from_owner(Kept { bytes, _lease: self }))
    }

    fn take(&self, bytes: usize) -> Result<(), Failure> {
        match self.pool.shares().take(&self.holder, bytes) {
            true => Ok(()),
            false => Err(Failure::Unavailable(
                "the requests in flight of all, of this sender or of this service take the memory they may".into(),
            )),
        }
    }

    fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.pool.shares().give_back(&self.holder, bytes);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back(self.body + self.evaluation);
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
pub(super) mod tests {
    use super::*;

    /// Somebody whose sender nobody knows.
    pub(in crate::inbound) fn somebody() -> Holder {
        Holder { network: None, service: "shop".into() }
    }

    fn is_left(pool: &MemoryPool, bytes: usize) -> bool {
        pool.lease(somebody()).grow(bytes).is_ok() && pool.lease(somebody()).grow(bytes + 1).is_err()
    }

    #[test]
    fn kept_bytes_hold_as_much_as_they_are_until_the_last_part_of_them_goes() {
        let pool = MemoryPool::new(10);
        for before in [0, 4, 9] {
            let mut lease = pool.lease(somebody());
            lease.grow(before).unwrap();
            lease.grow_evaluation(10 - before).unwrap_or_default();
            let kept = lease.keep(Bytes::from_static(b"1234")).unwrap();
            assert_eq!(kept, "1234");
            let part = kept.slice(3..);
            drop(kept);
            assert_eq!(pool.shares().of_service(&"shop".into()), 4);
            drop(part);
            assert!(is_left(&pool, 10));
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_not_kept() {
        let pool = MemoryPool::new(10);
        let mut other = pool.lease(somebody());
        other.grow(7).unwrap();
        assert!(matches!(pool.lease(somebody()).keep(Bytes::from_static(b"1234")), Err(Failure::Unavailable(_))));
    }

    #[test]
    fn what_was_made_of_a_body_is_given_back_before_the_body_is() {
        let pool = MemoryPool::new(10);
        let mut lease = pool.lease(somebody());
        lease.grow(2).unwrap();
        lease.grow_evaluation(4).unwrap();
        lease.shrink_evaluation(1);
        assert_eq!((pool.shares().of_service(&"shop".into()), lease.evaluation()), (3, 1));
    }
}
