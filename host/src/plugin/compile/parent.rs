//! The host's side of compiling: starts the child, hands it the plugin's file, and says what became of it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{CompileLimits, answer, child};
use crate::plugin::contract::LoadError;
use crate::plugin::line::one_line;
use crate::plugin::native_code::{MemoryLayout, NativeCode};

/// By the clock on the wall compiling may take so many times its processor time: the machine may have other things to do.
const PATIENCE: u32 = 4;
/// Code may have so many bytes for each byte of the file, and this many more. Measured: 2 to 8.
const EXPANSION: u64 = 16;
const SMALLEST_BOUND: u64 = 16 << 20;
/// Bytes that are read of what a child complains, and of its last line that are passed on.
const COMPLAINT: u64 = 64 << 10;
const LAST_LINE: usize = 1024;

/// The program that runs, to be started again. By this name it is the file that was started, also once another one has
/// taken its place on the disk.
pub(super) fn this_program() -> PathBuf {
    let itself = Path::new("/proc/self/exe");
    if itself.exists() { itself.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| PathBuf::from("hookwright")) }
}

/// A compilation without code, and whether it would go the same way again.
pub(super) struct Failed {
    pub(super) error: LoadError,
    pub(super) for_good: bool,
}

impl Failed {
    pub(super) fn for_good(error: LoadError) -> Self {
        Self { error, for_good: true }
    }

    fn for_now(error: LoadError) -> Self {
        Self { error, for_good: false }
    }
}

/// The children at work.
#[derive(Default)]
pub(super) struct Children(Mutex<AtWork>);

#[derive(Default)]
struct AtWork {
    /// Whom to tell that a child is to end, by its process id.
    waiting: HashMap<u32, Sender<Message>>,
    stopped: bool,
}

/// What whoever waits for a child hears.
enum Message {
    /// All that the child had to say; `None` if it broke off.
    Answer(Option<Result<NativeCode, LoadError>>),
    Stop,
}

/// How waiting for a child ended.
enum Ended {
    Answered(Result<NativeCode, LoadError>),
    /// With what it complained about at last.
    Died(ExitStatus, String),
    Overdue,
    Stopped,
}

impl Children {
    /// Compiles a plugin's file in a child process, which is gone when this returns.
    pub(super) fn compile(&self, program: &Path, limits: CompileLimits, layout: MemoryLayout, bytes: &[u8]) -> Result<NativeCode, Failed> {
        let child = start(program, limits, layout).map_err(|error| cannot_start(program, &error))?;
        let (id, (sender, messages)) = (child.id(), mpsc::channel());
        self.add(id, sender.clone());
        let ended = converse(child, bytes, sender, &messages, limits.time * PATIENCE);
        self.at_work().waiting.remove(&id);
        outcome(ended, limits)
    }

    /// Ends all of them, and each that is started from now on.
    pub(super) fn stop(&self) {
        let mut at_work = self.at_work();
        at_work.stopped = true;
        for waiting in at_work.waiting.values() {
            let _ = waiting.send(Message::Stop);
        }
    }

    fn add(&self, id: u32, waiting: Sender<Message>) {
        let mut at_work = self.at_work();
        if at_work.stopped {
            let _ = waiting.send(Message::Stop);
        }
        at_work.waiting.insert(id, waiting);
    }

    fn at_work(&self) -> MutexGuard<'_, AtWork> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a shell, an environment or a file of the host's: all that it gets are its three streams.
fn start(program: &Path, limits: CompileLimits, layout: MemoryLayout) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.arg0("hookwright").args(child::arguments(limits, layout)).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Hands the child the file, and waits for its answer, its end, the deadline or the order to stop. Ends and reaps it.
fn converse(mut child: Child, bytes: &[u8], sender: Sender<Message>, messages: &Receiver<Message>, deadline: Duration) -> Ended {
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) = streams else { unreachable!("all three are piped") };
    let most = SMALLEST_BOUND.saturating_add(EXPANSION.saturating_mul(bytes.len() as u64));
    thread::scope(|scope| {
        // A child that has died reads no more; that it has is heard from the other stream.
        scope.spawn(move || drop(stdin.write_all(bytes)));
        scope.spawn(move || sender.send(Message::Answer(answer::read(&mut stdout, most))));
        let complaint = scope.spawn(move || complaint(stderr));
        let message = messages.recv_timeout(deadline);
        // It has nothing more to say. One that has died is not changed by this: how is settled before its streams close.
        let _ = child.kill();
        let status = child.wait();
        let complaint = complaint.join().unwrap_or_default();
        match (message, status) {
            (Ok(Message::Answer(Some(answer))), _) => Ended::Answered(answer),
            (Ok(Message::Answer(None)), Ok(status)) => Ended::Died(status, complaint),
            (Ok(Message::Answer(None)), Err(error)) => Ended::Answered(Err(LoadError::Compiler(error.to_string()))),
            (Ok(Message::Stop), _) => Ended::Stopped,
            (Err(_), _) => Ended::Overdue,
        }
    })
}

/// The beginning of what it writes to standard error.
fn complaint(stderr: ChildStderr) -> String {
    let mut text = Vec::new();
    let _ = stderr.take(COMPLAINT).read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn outcome(ended: Ended, limits: CompileLimits) -> Result<NativeCode, Failed> {
    match ended {
        Ended::Answered(Ok(code)) => Ok(code),
        Ended::Answered(Err(error @ LoadError::Compiler(_))) => Err(Failed::for_now(error)),
        Ended::Answered(Err(error)) => Err(Failed::for_good(error)),
        Ended::Died(status, complaint) => Err(death(status, &complaint, limits)),
        // The processor time was not used up: it is the machine that was busy.
        Ended::Overdue => Err(Failed::for_now(LoadError::CompileTime(limits.time * PATIENCE))),
        Ended::Stopped => Err(Failed::for_now(LoadError::Stopping)),
    }
}

/// What the end of a child means that gave no answer.
fn death(status: ExitStatus, complaint: &str, limits: CompileLimits) -> Failed {
    let signal = status.signal().and_then(Signal::from_named_raw);
    match signal {
        Some(Signal::XCPU) => Failed::for_good(LoadError::CompileTime(limits.time)),
        Some(Signal::ABORT) if complaint.contains(NO_MEMORY) => Failed::for_good(LoadError::CompileMemory(limits.memory)),
        Some(Signal::KILL) => Failed::for_now(LoadError::Compiler("it was killed, as the system does where memory runs out".to_owned())),
        Some(_) => Failed::for_good(LoadError::Compiler(format!("it crashed ({status}): {}", last_line(complaint)))),
        None => Failed::for_now(LoadError::Compiler(format!("it ended with {status}: {}", last_line(complaint)))),
    }
}

/// What Rust's standard library prints before it aborts.
const NO_MEMORY: &str = "memory allocation of ";

fn last_line(complaint: &str) -> String {
    let said = complaint.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("note:"));
    one_line(said.unwrap_or("it said nothing"), LAST_LINE)
}

fn cannot_start(program: &Path, error: &io::Error) -> Failed {
    let reason = format!("{} cannot be started: {error}; the system has to let the host start its own program", program.display());
    Failed::for_now(LoadError::Compiler(reason))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LIMITS: CompileLimits = CompileLimits { memory: 1 << 30, time: Duration::from_secs(30) };

    fn after(raw: i32, complaint: &str) -> (String, bool) {
        let Failed { error, for_good } = death(ExitStatus::from_raw(raw), complaint, LIMITS);
        (error.to_string(), for_good)
    }

    #[test]
    fn the_end_of_a_child_says_which_limit_it_met() {
        let memory = "the plugin takes more than 1GiB of memory to compile (--plugin-compile-memory)";
        assert_eq!(after(6, "memory allocation of 26306674704 bytes failed\n"), (memory.to_owned(), true));
        assert_eq!(after(24, ""), ("the plugin takes more than 30 s to compile (--plugin-compile-time)".to_owned(), true));
    }

    #[test]
    fn any_other_end_is_told_with_the_last_line_of_the_complaint_escaped_and_cut() {
        let (crash, for_good) = after(11, "first\nlast \u{1b}[31m\nnote: run with `RUST_BACKTRACE=1`\n\n");
        assert!(for_good && crash.contains("signal: 11") && crash.ends_with("last  [31m"), "{crash}");
        assert!(after(6, &"x".repeat(1 << 20)).0.len() < LAST_LINE + 200);
        assert_eq!(
            after(9, ""),
            ("the plugin could not be compiled: it was killed, as the system does where memory runs out".to_owned(), false)
        );
        assert_eq!(
            after(1 << 8, ""),
            ("the plugin could not be compiled: it ended with exit status: 1: it said nothing".to_owned(), false)
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_said_to_be_missing() {
        let failed = Children::default().compile(Path::new("/nowhere"), LIMITS, MemoryLayout::UNCHECKED, b"").err().unwrap();
        assert!(failed.error.to_string().contains("/nowhere cannot be started"), "{}", failed.error);
    }
}
