//! The real binary with a services folder and a data directory of its own, and one running process of it.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Reply, Request};
use crate::wait;

/// What an operator has on disk: services, data, and the binary to run on them. Gone when dropped.
pub struct Installation {
    binary: PathBuf,
    root: TempDir,
}

impl Installation {
    /// An empty one for this binary.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self::new_in(binary, std::env::temp_dir())
    }

    /// As [`new`](Self::new), on a certain disk.
    pub fn new_in(binary: impl Into<PathBuf>, directory: impl AsRef<Path>) -> Self {
        let root = TempDir::new_in(directory).expect("a temporary directory can be made");
        fs::create_dir(root.path().join("services")).expect("the services folder can be made");
        Self { binary: binary.into(), root }
    }

    /// The watched folder.
    pub fn services(&self) -> PathBuf {
        self.root.path().join("services")
    }

    /// The data directory; `serve` makes it.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path for whatever else a test writes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes one file of a service, as an editor does: under another name, then renamed.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, service: &str, file: &str, content: impl AsRef<[u8]>) {
        let target = self.services().join(service).join(file);
        let directory = target.parent().expect("a file stands in a directory");
        fs::create_dir_all(directory).expect("the service's directory can be made");
        let half = self.path("half-written");
        fs::write(&half, content).expect("the file can be written");
        fs::rename(&half, &target).expect("the file can be renamed");
    }

    /// Writes a service that has nothing but a spec.
    pub fn spec(&self, service: &str, spec: &str) {
        self.write(service, "webhook.json", spec);
    }

    /// Copies a service directory in under its own name.
    ///
    /// # Panics
    /// When it is not there.
    pub fn copy(&self, service: &Path) {
        let name = service.file_name().expect("a service directory has a name");
        copy_directory(service, &self.services().join(name)).expect("the service can be copied");
    }

    /// A command of the binary that knows where services and data are.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env("HOOKWRIGHT_SERVICES", self.services())
            .env("HOOKWRIGHT_DATA", self.data())
            .env_remove("RUST_LOG")
            .env("NO_PROXY", "*")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When the binary cannot be run.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Runs a command that has to work, and gives its standard output.
    ///
    /// # Panics
    /// When it fails; with what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "hookwright {} failed: {errors}", arguments.join(" "));
        String::from_utf8(output.stdout).expect("the output is text")
    }

    /// Runs a command that must not work, and gives its standard error.
    ///
    /// # Panics
    /// When it works after all.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "hookwright {} was to fail", arguments.join(" "));
        String::from_utf8(output.stderr).expect("the output is text")
    }

    /// `connections add`.
    pub fn connect(&self, service: &str, uid: &str, to: &str) {
        self.run(&["connections", "add", service, "--uid", uid, "--to", to]);
    }

    /// `hooks add` for a dedicated webhook; gives the path of the URL that it prints.
    ///
    /// # Panics
    /// When no such URL is printed.
    pub fn hook(&self, webhook: &str, parameters: &[&str], to: &str) -> String {
        let mut arguments = vec!["hooks", "add", webhook, "--to", to];
        arguments.extend(parameters.iter().flat_map(|parameter| ["--parameter", parameter]));
        let printed = self.run(&arguments);
        let start = printed.find("/h/").unwrap_or_else(|| panic!("no dedicated URL in {printed:?}"));
        printed[start..].split_whitespace().next().expect("what was found is there").to_owned()
    }

    /// Starts `serve` on a free port and waits until it accepts.
    pub fn serve(&self) -> Host {
        self.serve_with(&[])
    }

    /// As [`serve`](Self::serve), with more flags.
    pub fn serve_with(&self, flags: &[&str]) -> Host {
        Host::start(self.serve_command(flags))
    }

    /// What [`serve`](Self::serve) starts.
    pub fn serve_command(&self, flags: &[&str]) -> Command {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--allow-destinations", "127.0.0.1"];
        arguments.extend(flags);
        self.command(&arguments)
    }
}

/// A running `hookwright serve`; killed when dropped.
pub struct Host {
    child: Child,
    lines: Lines,
    address: SocketAddr,
}

impl Host {
    /// Starts a command that serves, and waits until it says where.
    ///
    /// # Panics
    /// When it ends instead; with what it printed.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let lines = Lines::default();
        lines.follow(child.stdout.take());
        lines.follow(child.stderr.take());
        let address = wait::until("the host listens", || {
            let ended = child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none() || lines.address().is_some(), "the host ended with {ended:?}:\n{lines}");
            lines.address()
        });
        Self { child, lines, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        self.lines.to_string()
    }

    /// Waits until it has printed this.
    pub fn wait_for_log(&self, text: &str) {
        wait::until_true(&format!("the host has printed {text:?}; so far:\n{}", self.lines), || self.log().contains(text));
    }

    /// Sends a request that has to be answered.
    ///
    /// # Panics
    /// When it is not.
    pub fn send(&self, request: &Request) -> Reply {
        request.send(self.address).unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.target))
    }

    /// Posts JSON.
    pub fn post(&self, target: &str, body: &Value) -> Reply {
        self.send(&Request::json(target, body.to_string()))
    }

    /// `kill -9`: it gets no chance to do anything more.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn kill(self) {
        self.kill_now();
        self.ended();
    }

    /// Asks it to stop, as a service manager does, and does not wait.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// `kill -9`, and does not wait.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn kill_now(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has an id");
        kill_process(id, signal).expect("the host is there");
    }

    /// Waits until it has ended.
    pub fn ended(mut self) -> ExitStatus {
        wait::until("the host has ended", || self.child.try_wait().expect("a child can be waited for"))
    }

    /// Stops it gracefully and checks that it ends well.
    ///
    /// # Panics
    /// When it does not.
    pub fn stop(self) {
        self.terminate();
        let log = self.lines.clone();
        let status = self.ended();
        assert!(status.success(), "the host ended with {status}:\n{log}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already, which is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("what the host printed:\n{}", self.lines);
        }
    }
}

/// What a process prints, both streams together.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn follow(&self, stream: Option<impl Read + Send + 'static>) {
        let lines = Arc::clone(&self.0);
        let reader = BufReader::new(stream.expect("the stream is piped"));
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }

    /// The address in the line that says where the host listens.
    fn address(&self) -> Option<SocketAddr> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |line: &str| {
            let place = line.split_once("listens on ")?.1.split_whitespace().next()?;
            place.split_once("://").map_or(place, |(_, address)| address).parse().ok()
        };
        lines.iter().find_map(|line| place(line))
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Copies a directory with everything in it.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
