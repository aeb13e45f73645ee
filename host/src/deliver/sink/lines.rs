//! Writes lines from a thread of its own, many at a time, and tells each waiting delivery how it went.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Refusal;

/// Lines that may wait for the writer; more are refused, so that a writer that hangs holds little memory.
const WAITING: usize = 64;

/// A thread that writes lines; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Lines(mpsc::SyncSender<Line>);

#[derive(Debug)]
struct Line {
    json: Bytes,
    written: oneshot::Sender<Result<(), String>>,
}

/// What the thread writes to.
pub(super) trait Writer: Send + 'static {
    /// Takes whole lines, several at a time; when it succeeds all of them are delivered.
    fn write(&mut self, lines: &[u8]) -> io::Result<()>;

    /// When it wants to be flushed at the latest.
    fn flush_at(&self) -> Option<Instant> {
        None
    }

    /// Does what is to be done later than with each write.
    fn flush(&mut self) {}
}

impl<F: FnMut(&[u8]) -> io::Result<()> + Send + 'static> Writer for F {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self(lines)
    }
}

impl Lines {
    /// Starts the thread.
    pub(super) fn start(writer: impl Writer) -> Self {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        thread::Builder::new()
            .name("hookwright-lines".into())
            .spawn(move || write_all(&receiver, writer))
            .expect("the operating system has a thread for a destination");
        Self(sender)
    }

    /// Writes one bundle and waits for it.
    pub(super) async fn write(&self, json: Bytes) -> Result<(), Refusal> {
        let (written, answer) = oneshot::channel();
        self.0.try_send(Line { json, written }).map_err(|_| Refusal::retry("the writer is not keeping up"))?;
        let answer = answer.await.unwrap_or_else(|_| Err("the writer has stopped".into()));
        answer.map_err(Refusal::unreachable)
    }
}

fn write_all(receiver: &mpsc::Receiver<Line>, mut writer: impl Writer) {
    while let Some(first) = next(receiver, &mut writer) {
        // An attempt that was given up while it waited is not written: it will be made again.
        let mut lines: Vec<_> = std::iter::once(first).chain(receiver.try_iter().take(WAITING)).collect();
        lines.retain(|line| !line.written.is_closed());
        if lines.is_empty() {
            continue;
        }
        let result = writer.write(&joined(&lines)).map_err(|error| error.to_string());
        for line in lines {
            // Nobody listens any more: the attempt was given up, the line is a repeat in waiting.
            let _ = line.written.send(result.clone());
        }
    }
}

/// Waits for a line, and flushes when it is time and at the end.
fn next(receiver: &mpsc::Receiver<Line>, writer: &mut impl Writer) -> Option<Line> {
    loop {
        let line = match writer.flush_at() {
            None => receiver.recv().map_err(RecvTimeoutError::from),
            Some(at) if at <= Instant::now() => Err(RecvTimeoutError::Timeout),
            Some(at) => receiver.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match line {
            Ok(line) => return Some(line),
            Err(RecvTimeoutError::Timeout) => writer.flush(),
            Err(RecvTimeoutError::Disconnected) => {
                writer.flush();
                return None;
            }
        }
    }
}

fn joined(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.iter().map(|line| line.json.len() + 1).sum());
    for line in lines {
        // In JSON a line break can only stand between tokens, where a space does as well.
        out.extend(line.json.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn every_bundle_is_one_line() {
        let out = Arc::new(Mutex::new(Vec::new()));
        let written = out.clone();
        let lines = Lines::start(move |bytes: &[u8]| {
            written.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        lines.write(Bytes::from_static(b"{\"a\":\n1}")).await.unwrap();
        lines.write(Bytes::from_static(b"[]")).await.unwrap();
        assert_eq!(out.lock().unwrap().as_slice(), b"{\"a\": 1}\n[]\n");
    }

    #[tokio::test]
    async fn a_writer_that_fails_is_a_reason_to_try_again() {
        let lines = Lines::start(|_: &[u8]| Err(io::Error::other("no space left")));
        assert_eq!(lines.write(Bytes::from_static(b"1")).await, Err(Refusal::unreachable("no space left")));
    }

    /// Wants to be flushed a moment after each write.
    struct Lazy(mpsc::Sender<&'static str>, Option<Instant>);

    impl Writer for Lazy {
        fn write(&mut self, _: &[u8]) -> io::Result<()> {
            self.1 = Some(Instant::now() + std::time::Duration::from_millis(5));
            self.0.send("written").map_err(io::Error::other)
        }

        fn flush_at(&self) -> Option<Instant> {
            self.1
        }

        fn flush(&mut self) {
            self.1 = None;
            self.0.send("flushed").unwrap();
        }
    }

    #[tokio::test]
    async fn a_writer_is_flushed_when_it_is_time_though_no_line_comes_and_at_the_end() {
        let (seen, calls) = mpsc::channel();
        let lines = Lines::start(Lazy(seen, None));
        lines.write(Bytes::from_static(b"1")).await.unwrap();
        assert_eq!([calls.recv(), calls.recv()], [Ok("written"), Ok("flushed")]);
        drop(lines);
        assert_eq!(calls.iter().last(), Some("flushed"));
    }

    #[tokio::test]
    async fn a_writer_that_hangs_refuses_what_it_cannot_hold_and_skips_what_was_given_up() {
        let (release, gate) = mpsc::channel::<()>();
        let (seen, batches) = mpsc::channel();
        let lines = Lines::start(move |bytes: &[u8]| {
            seen.send(bytes.to_vec()).unwrap();
            gate.recv().map_err(io::Error::other)
        });
        let mut waiting: Vec<_> = (0..=WAITING).map(|_| Box::pin(lines.write(Bytes::from_static(b"x")))).collect();
        assert!((&mut waiting[0]).now_or_never().is_none());
        assert_eq!(batches.recv().unwrap(), b"x\n", "the writer hangs in its first line");
        for write in &mut waiting[1..] {
            assert!(write.now_or_never().is_none());
        }
        assert_eq!(lines.write(Bytes::from_static(b"y")).await, Err(Refusal::retry("the writer is not keeping up")));
        drop(waiting);
        release.send(()).unwrap();
        release.send(()).unwrap();
        while lines.write(Bytes::from_static(b"z")).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(batches.recv().unwrap(), b"z\n");
    }
}
