//! A future that is finished even when nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs in its caller's task while that lives; dropped half-way, it goes on in a task of its own.
///
/// hyper drops a request's future when the sender hangs up. What has begun to be stored must still be handed to
/// delivery then: an event on the disk that nobody has been told of would wait for the next start.
pub(super) struct ToTheEnd<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> ToTheEnd<T> {
    pub(super) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let done = future.as_mut().poll(context);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        // Outside of a runtime (it is being torn down) nothing can go on.
        if let (Some(future), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_dropped_half_way_is_finished_all_the_same() {
        let (go, gate) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let mut future = ToTheEnd::new(async move {
            gate.await.ok();
            done.send(()).ok();
        });
        assert!(poll_immediate(&mut future).await.is_none());
        drop(future);
        go.send(()).ok();
        assert!(finished.await.is_ok());
    }

    #[tokio::test]
    async fn its_output_arrives_when_it_is_waited_for() {
        assert_eq!(ToTheEnd::new(async { 7 }).await, 7);
    }
}
