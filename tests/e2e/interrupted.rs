//! Operators' commands that are killed half-way, with the server that does what they ask for or without one: what was
//! acknowledged is there, what they leave is told from what is whole, and running them again works.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hookwright_tests::client::Request;
use hookwright_tests::crash::Halfway;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::{Value, json};

use super::crash::seed;
use super::export::import_file;
use super::installation;

/// Connections of a file that is imported, each with a hook: several parts.
const IMPORTED: usize = 600;
/// How often each kind of command is killed half-way.
const ROUNDS: usize = 3;

/// A host with many connections, and what it has acknowledged.
struct Stage {
    installation: Installation,
    receiver: Receiver,
    /// The uids of all connections that were acknowledged.
    teams: BTreeSet<String>,
    /// Webhooks that were acknowledged, by their numbers.
    webhooks: BTreeSet<usize>,
    next: AtomicUsize,
}

impl Stage {
    /// With so many connections, each with a hook.
    fn new(connections: usize) -> Self {
        let (installation, receiver) = (installation(), Receiver::start().unwrap());
        installation.spec(
            "teams",
            r#"{ "iterate": "{{body}}", "uid": "{{item.team}}", "output": { "n": "{{item.n}}", "team": "{{item.team}}" } }"#,
        );
        let stage = Self { installation, receiver, teams: BTreeSet::new(), webhooks: BTreeSet::new(), next: AtomicUsize::new(0) };
        stage.installation.run(&["import", &stage.file("many", connections, 10)]);
        Self { teams: teams("many", connections).collect(), ..stage }
    }

    /// A file of connections with their hooks, and with so many bytes of data each.
    fn file(&self, name: &str, connections: usize, bytes: usize) -> String {
        import_file(&self.installation, name, connections, bytes, &self.receiver.url("/"))
    }

    /// Runs a command while webhooks and new connections come to a server, and kills that half-way through the command.
    fn kill_server(&mut self, halfway: &mut Halfway, arguments: &[&str], has_begun: impl Fn() -> bool) -> Option<Output> {
        let host = self.installation.serve();
        let (installation, next, receiver, teams) = (&self.installation, &self.next, &self.receiver, &self.teams);
        let (webhooks, new, struck) = thread::scope(|scope| {
            let webhooks = scope.spawn(|| send_until_refused(&host, teams, next));
            let new = scope.spawn(|| connect_until_refused(installation, &receiver.url("/"), next));
            let struck = halfway.strike(installation.command(arguments), has_begun, |_| host.kill_now());
            (webhooks.join().unwrap(), new.join().unwrap(), struck)
        });
        host.ended();
        self.webhooks.extend(webhooks);
        self.teams.extend(new);
        struck
    }

    /// Runs a command where no server runs, and kills it half-way.
    fn kill_command(&self, halfway: &mut Halfway, arguments: &[&str], has_begun: impl Fn() -> bool) -> Option<Output> {
        halfway.strike(self.installation.command(arguments), has_begun, kill)
    }

    fn halfway(&self, arguments: &[&str], has_begun: impl FnMut() -> bool, is_through: impl FnMut() -> bool) -> Halfway {
        Halfway::like(self.installation.command(arguments), has_begun, is_through, seed())
    }

    /// Everything that was acknowledged is there, and webhooks are received and delivered.
    fn nothing_is_lost(&self, flags: &[&str]) {
        let host = self.installation.serve_with(flags);
        self.nothing_is_lost_on(&host);
        host.stop();
    }

    fn nothing_is_lost_on(&self, host: &Host) {
        let export = self.export();
        let hooked: BTreeSet<_> = export.iter().filter_map(|line| line["hook"]["connection"].as_str()).collect();
        let is_hooked = |connection: &&Value| connection["id"].as_str().is_some_and(|id| hooked.contains(id));
        let connections = export.iter().map(|line| &line["connection"]).filter(is_hooked);
        let there: BTreeSet<_> = connections.filter_map(|connection| connection["uid"].as_str()).collect();
        assert!(self.teams.iter().all(|team| there.contains(team.as_str())), "a connection was acknowledged and is lost, or its hook");

        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let asked: BTreeSet<_> = self.teams.iter().step_by(97).chain(self.teams.iter().filter(|team| team.starts_with("new"))).collect();
        let items: Vec<_> = asked.iter().map(|team| json!({ "team": team, "n": number })).collect();
        assert_eq!(host.post("/teams", &json!(items)).status, 200);
        wait::until_true("all that was acknowledged is delivered", || {
            let bodies = self.receiver.bodies("/");
            let numbers: BTreeSet<_> = bodies.iter().filter_map(|body| usize::try_from(body["n"].as_u64()?).ok()).collect();
            let teams: BTreeSet<_> = bodies.iter().filter(|body| body["n"] == number).map(|body| body["team"].to_string()).collect();
            self.webhooks.is_subset(&numbers) && teams.len() == asked.len()
        });
    }

    /// Stores events of some MiB, which nobody waits for.
    fn store_much(&self) {
        let (host, long) = (self.installation.serve(), "x".repeat(1 << 20));
        for number in 0..4 {
            assert_eq!(host.post("/teams", &json!([{ "team": format!("nobody-{number}"), "n": long }])).status, 200);
        }
        host.stop();
    }

    fn export(&self) -> Vec<Value> {
        self.installation.run(&["export", "--secrets"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many definitions of a file are there: the first ones, in the order in which they are put.
    fn imported(&self, name: &str) -> usize {
        let (export, prefix) = (self.export(), format!("{name}-"));
        let numbers = |kind: &str| -> BTreeSet<usize> {
            export.iter().filter_map(|line| line[kind]["id"].as_str()?.strip_prefix(&prefix)?.parse().ok()).collect()
        };
        let (connections, hooks) = (numbers("connection"), numbers("hook"));
        let first = |numbers: &BTreeSet<usize>| numbers.iter().copied().eq(0..numbers.len());
        assert!(first(&connections) && first(&hooks) && (hooks.is_empty() || connections.len() == IMPORTED), "not the first ones");
        connections.len() + hooks.len()
    }

    /// Puts a backup in the place of the data.
    fn restore(&self, backup: &str) {
        fs::remove_dir_all(self.installation.data()).unwrap();
        self.installation.run(&["restore", backup]);
    }

    /// Nothing takes a directory that was not finished for a host's data, or changes it.
    fn is_no_data_directory(&self, directory: &Path) {
        let directory = directory.to_str().unwrap();
        for arguments in [&["serve", "--listen", "127.0.0.1:0", "--data", directory][..], &["export", "--data-dir", directory]] {
            let error = self.installation.fails(arguments);
            assert!(error.contains("has not finished; if that was interrupted, remove the directory"), "{error}");
        }
    }
}

/// Whether a command has not finished writing a directory.
fn is_unfinished(directory: &Path) -> bool {
    directory.join("UNFINISHED").exists()
}

/// The uids in a file.
fn teams(name: &str, connections: usize) -> impl Iterator<Item = String> {
    (0..connections).map(move |number| format!("{name}-{number}"))
}

/// The bytes of the connection journal.
fn journal_length(data: &Path) -> u64 {
    let files = fs::read_dir(data.join("connections/journal")).into_iter().flatten();
    files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}

fn kill(command: &mut Child) {
    // It may have ended just now.
    let _ = command.kill();
}

/// Strikes until so many commands were struck half-way.
fn rounds(mut strike: impl FnMut(usize) -> bool) {
    let halfway = (0..20 * ROUNDS).filter(|round| strike(*round)).take(ROUNDS).count();
    assert_eq!(halfway, ROUNDS, "hardly any was killed half-way, so this has shown nothing");
}

/// The numbers of the webhooks that were accepted before nobody answered any more.
fn send_until_refused(host: &Host, teams: &BTreeSet<String>, next: &AtomicUsize) -> Vec<usize> {
    let sent = teams.iter().cycle().map_while(|team| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let request = Request::json("/teams", json!([{ "team": team, "n": number }]).to_string());
        request.send(host.address()).ok().map(|reply| (reply.status, number))
    });
    sent.map(|(status, number)| {
        assert_eq!(status, 200, "a webhook was refused");
        number
    })
    .collect()
}

/// The uids of the connections that were added, a few at most.
fn connect_until_refused(installation: &Installation, url: &str, next: &AtomicUsize) -> Vec<String> {
    let added = (0..20).map_while(|_| {
        let team = format!("new-{}", next.fetch_add(1, Ordering::Relaxed));
        let request = Request::json("/connections", json!({ "service": "teams", "uid": team, "to": url }).to_string());
        let reply = request.send_to_socket(&installation.data().join("control.sock")).ok()?;
        (reply.status == 201).then_some(team)
    });
    added.collect()
}

#[test]
fn a_compaction_that_is_killed_loses_nothing() {
    let mut stage = Stage::new(1000);
    let beside = stage.installation.data().join("connections.new");
    let mut halfway = stage.halfway(&["compact"], || beside.exists(), || !beside.exists());
    rounds(|round| {
        let struck = match round % 2 {
            0 => stage.kill_server(&mut halfway, &["compact"], || beside.exists()),
            _ => stage.kill_command(&mut halfway, &["compact"], || beside.exists()),
        };
        stage.nothing_is_lost(&[]);
        assert!(!beside.exists(), "what was left behind is gone");
        struck.is_some()
    });
}

#[test]
fn an_import_that_is_killed_has_what_was_acknowledged_and_goes_on_from_there() {
    let mut stage = Stage::new(100);
    let (data, file) = (stage.installation.data(), stage.file("first", IMPORTED, 1500));
    let before = journal_length(&data);
    let mut halfway = stage.halfway(&["import", &file], || journal_length(&data) > before, || false);
    rounds(|round| {
        let name = format!("round{round}");
        let (file, before) = (stage.file(&name, IMPORTED, 1500), journal_length(&data));
        let has_begun = || journal_length(&data) > before;
        let struck = match round % 2 {
            0 => stage.kill_server(&mut halfway, &["import", &file], has_begun),
            _ => stage.kill_command(&mut halfway, &["import", &file], has_begun),
        };
        stage.nothing_is_lost(&[]);
        let there = stage.imported(&name);
        let acknowledged = struck.as_ref().map_or(2 * IMPORTED, |output| acknowledged(&output.stderr));
        assert!(there >= acknowledged, "{there} of {acknowledged} are there");
        let again: Value = serde_json::from_str(&stage.installation.run(&["import", &file, "--json"])).unwrap();
        assert_eq!(again, json!({ "added": 2 * IMPORTED - there, "replaced": 0, "unchanged": there }));
        stage.teams.extend(teams(&name, IMPORTED));
        struck.is_some()
    });
    stage.nothing_is_lost(&[]);
}

/// How many definitions an import that failed says it has put.
fn acknowledged(errors: &[u8]) -> usize {
    let errors = String::from_utf8_lossy(errors);
    errors.split_once(" definitions were imported").map_or(0, |(done, _)| {
        let done = done.trim_start_matches("error: ").split(' ').next().unwrap();
        done.parse().unwrap_or_else(|_| panic!("{errors}"))
    })
}

#[test]
fn a_backup_that_is_killed_is_told_from_a_whole_one_and_the_host_goes_on() {
    let mut stage = Stage::new(300);
    let first = stage.installation.path("first-backup");
    let mut halfway = stage.halfway(&["backup", first.to_str().unwrap()], || is_unfinished(&first), || !is_unfinished(&first));
    rounds(|round| {
        let backup = stage.installation.path(&format!("backup{round}"));
        let arguments = ["backup", backup.to_str().unwrap()];
        let struck = match round % 3 {
            0 => stage.kill_server(&mut halfway, &arguments, || is_unfinished(&backup)),
            1 => stage.kill_command(&mut halfway, &arguments, || is_unfinished(&backup)),
            _ => {
                let host = stage.installation.serve();
                let struck = stage.kill_command(&mut halfway, &arguments, || is_unfinished(&backup));
                stage.nothing_is_lost_on(&host);
                host.stop();
                struck
            }
        };
        stage.nothing_is_lost(&[]);
        if backup.join("SHA256SUMS").exists() {
            let restored = stage.installation.path(&format!("restored{round}"));
            stage.installation.run(&["restore", backup.to_str().unwrap(), "--data-dir", restored.to_str().unwrap()]);
            return false;
        }
        stage.is_no_data_directory(&backup);
        let fails = |arguments: &[&str]| stage.installation.fails(arguments);
        let elsewhere = stage.installation.path("elsewhere");
        let refused = fails(&["restore", backup.to_str().unwrap(), "--data-dir", elsewhere.to_str().unwrap()]);
        assert!(refused.contains("is no whole backup") && !elsewhere.exists(), "{refused}");
        assert!(fails(&arguments).contains("remove the directory and run it again"));
        fs::remove_dir_all(&backup).unwrap();
        struck.is_some()
    });
    let last = stage.installation.path("last-backup");
    stage.installation.run(&["backup", last.to_str().unwrap()]);
    stage.restore(last.to_str().unwrap());
    stage.nothing_is_lost(&[]);
}

#[test]
fn a_restore_that_is_killed_leaves_no_data_directory() {
    let stage = Stage::new(300);
    stage.store_much();
    let backup = stage.installation.path("backup");
    let backup = backup.to_str().unwrap();
    stage.installation.run(&["backup", backup]);
    let first = stage.installation.path("restored-first");
    let mut halfway =
        stage.halfway(&["restore", backup, "--data-dir", first.to_str().unwrap()], || is_unfinished(&first), || !is_unfinished(&first));
    rounds(|round| {
        let to = stage.installation.path(&format!("restored{round}"));
        let arguments = ["restore", backup, "--data-dir", to.to_str().unwrap()];
        let struck = stage.kill_command(&mut halfway, &arguments, || is_unfinished(&to));
        if !is_unfinished(&to) {
            // All was in place, and was only being looked at.
            stage.installation.run(&["export", "--data-dir", to.to_str().unwrap()]);
            return false;
        }
        stage.is_no_data_directory(&to);
        assert!(stage.installation.fails(&arguments).contains("remove the directory and run it again"));
        fs::remove_dir_all(&to).unwrap();
        struck.is_some()
    });
    stage.restore(backup);
    stage.nothing_is_lost(&[]);
}

#[test]
fn a_rotation_that_is_killed_is_read_with_one_of_the_two_keys_and_is_finished_by_running_it_again() {
    let stage = Stage::new(200);
    let beside = stage.installation.data().join("connections.new");
    let key = |name: &str| stage.installation.path(name).to_str().unwrap().to_owned();
    let mut old = key("key");
    stage.installation.run(&["keys", "new", &old]);
    let mut halfway = stage.halfway(&["keys", "rotate", "--new-key-file", &old], || beside.exists(), || !beside.exists());
    rounds(|round| {
        let new = key(&format!("key{round}"));
        stage.installation.run(&["keys", "new", &new]);
        let arguments = ["keys", "rotate", "--key-file", &old, "--new-key-file", &new];
        let struck = stage.kill_command(&mut halfway, &arguments, || beside.exists());
        let opens = |key: &str| stage.installation.output(&["connections", "list", "--key-file", key]).status.success();
        assert!(opens(&old) != opens(&new), "one of the keys is the right one");
        stage.installation.run(&arguments);
        assert!(!beside.exists(), "what was encrypted with the old key is gone");
        old.clone_from(&new);
        struck.is_some()
    });
    stage.nothing_is_lost(&["--key-file", &old]);
}
