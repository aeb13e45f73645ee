//! Writes the log from a thread of its own: no request waits for a terminal or a pipe, and lines that come close
//! together are one write. Waking a thread for each line would cost a busy host more than the line.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long the first line waits for company.
const LINGER: Duration = Duration::from_millis(20);
/// How long the end waits for a reader of the log that is stuck.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes that may wait. More are dropped and counted: a stuck reader of the log must not stop webhooks.
const LIMIT: usize = 8 << 20;

/// Takes whole lines; each clone writes into the same log.
#[derive(Clone, Default)]
pub(super) struct LogWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to write, or nothing more to come.
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    closing: bool,
}

/// Writes what still waits when it is dropped, unless nobody reads it.
pub(super) struct Flush {
    log: LogWriter,
    /// Nothing ever comes here; the other end goes with the thread.
    ended: mpsc::Receiver<()>,
}

impl LogWriter {
    /// A log that ends in `out`.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, Flush)> {
        let log = Self::default();
        let (alive, ended) = mpsc::channel();
        thread::Builder::new().name("log".into()).spawn({
            let log = log.clone();
            move || {
                log.write_to(out);
                drop(alive);
            }
        })?;
        Ok((log.clone(), Flush { log, ended }))
    }

    fn write_to(&self, mut out: impl Write) {
        while let Some(lines) = self.next_lines() {
            // There is nobody left to tell that the log cannot be written.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
        }
    }

    /// What has come since the last time, once there is something; nothing when the log is closed and empty.
    fn next_lines(&self) -> Option<Vec<u8>> {
        let mut waiting = self
            .0
            .changed
            .wait_while(self.waiting(), |waiting| waiting.is_empty() && !waiting.closing)
            .unwrap_or_else(PoisonError::into_inner);
        if !waiting.closing {
            let closed = self.0.changed.wait_timeout_while(waiting, LINGER, |waiting| !waiting.closing);
            waiting = closed.unwrap_or_else(PoisonError::into_inner).0;
        }
        (!waiting.is_empty()).then(|| waiting.take())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0
    }

    fn take(&mut self) -> Vec<u8> {
        let mut lines = mem::take(&mut self.lines);
        if self.dropped > 0 {
            let dropped = mem::take(&mut self.dropped);
            lines.extend_from_slice(format!("{dropped} lines of the log were dropped: it is read too slowly\n").as_bytes());
        }
        lines
    }
}

impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        let first = waiting.is_empty();
        if waiting.lines.len() + line.len() > LIMIT {
            waiting.dropped += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        drop(waiting);
        if first {
            self.0.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for LogWriter {
    type Writer = &'w Self;

    fn make_writer(&'w self) -> Self::Writer {
        self
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.log.waiting().closing = true;
        self.log.0.changed.notify_one();
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Collects what is written, after `gate` lets it.
    struct Slow {
        gate: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.gate.lock().unwrap();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_by_the_end() {
        let (gate, written) = (Arc::default(), Arc::default());
        let (log, flush) = LogWriter::start(Slow { gate, written: Arc::clone(&written) }).unwrap();
        for n in 0..1000 {
            (&log).write_all(format!("{n}\n").as_bytes()).unwrap();
        }
        drop(flush);
        let expected: String = (0..1000).map(|n| format!("{n}\n")).collect();
        assert_eq!(String::from_utf8(mem::take(&mut *written.lock().unwrap())).unwrap(), expected);
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_that_is_stuck_for_good() {
        let gate = Arc::<Mutex<()>>::default();
        let _stuck = gate.lock().unwrap();
        let (log, flush) = LogWriter::start(Slow { gate: Arc::clone(&gate), written: Arc::default() }).unwrap();
        (&log).write_all(b"a line\n").unwrap();
        let (dropped, waited) = mpsc::channel();
        thread::spawn(move || {
            drop(flush);
            dropped.send(()).unwrap();
        });
        waited.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    #[test]
    fn a_stuck_reader_costs_lines_and_is_told_how_many() {
        let (gate, written) = (Arc::<Mutex<()>>::default(), Arc::default());
        let stuck = gate.lock().unwrap();
        let (log, flush) = LogWriter::start(Slow { gate: Arc::clone(&gate), written: Arc::clone(&written) }).unwrap();
        let line = vec![b'x'; LIMIT / 4];
        for _ in 0..20 {
            (&log).write_all(&line).unwrap();
        }
        drop(stuck);
        drop(flush);
        let written = written.lock().unwrap();
        assert!(written.ends_with(b"it is read too slowly\n"));
    }
}
