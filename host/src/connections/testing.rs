//! Connections whose changes wait for as long as a test says.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::record::Write;
use super::store::{Fault, Store};
use super::{Change, Connection, Connections};

/// A disk that does not answer. When this is dropped, it does.
pub(crate) struct Stall {
    reached: Receiver<()>,
    _release: Sender<()>,
}

impl Stall {
    /// Returns once a change is on its way to the disk.
    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(Duration::from_secs(60)).expect("a change is on its way");
    }
}

/// Connections in memory, and what holds their changes up.
pub(crate) fn stalled() -> (Arc<Connections>, Stall) {
    let ((reach, reached), (release, released)) = (channel(), channel());
    (Connections::kept_by(Stalled { reach, released }), Stall { reached, _release: release })
}

/// A connection to add.
pub(crate) fn new_connection(id: &str) -> Change {
    Change::PutConnection(Connection { id: id.into(), service: "slack".into(), uid: "T1".into(), name: None, data: Default::default() })
}

struct Stalled {
    reach: Sender<()>,
    released: Receiver<()>,
}

impl Store for Stalled {
    fn each(&self, _: &mut dyn FnMut(&str, u64, &[u8])) -> Result<u64, Fault> {
        Ok(0)
    }

    fn apply(&mut self, _: u64, _: &[Write]) -> Result<(), Fault> {
        // Both ends are gone when the test is over.
        let _ = self.reach.send(());
        let _ = self.released.recv();
        Ok(())
    }
}
