//! A disk that is full: webhooks are refused, nothing is lost, and it goes on by itself when there is room again.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use hookwright_tests::client::Request;
use hookwright_tests::host::{Host, Installation};
use hookwright_tests::left_out::or_left_out;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::json;

use super::installation;

#[test]
fn a_full_disk_refuses_webhooks_until_there_is_room_again() {
    let installation = installation();
    installation.spec("orders", r#"{ "output": { "n": "{{body.n}}" } }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = serve_on_a_small_disk(&installation, "16m").ok_or("this system lets nobody mount one of their own (unshare, tmpfs)");
    let Some(host) = or_left_out("a small disk", host) else { return };
    let send = |n: i64| host.send(&Request::json(&path, json!({ "n": n, "filling": "x".repeat(200_000) }).to_string()));

    let filler = fill(&journal_of(&host, &installation).join("filler"));
    let refused = wait::until("a webhook is refused", || Some(send(0)).filter(|reply| reply.status != 200));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(!refused.text().contains("disk"), "the sender is told nothing of our insides");
    host.wait_for_log("the journal's disk is full");
    let before = receiver.bodies("/").len();

    fs::remove_file(filler).unwrap();
    wait::until_true("a webhook is taken again", || send(1).status == 200);
    wait::until_true("it is delivered", || receiver.bodies("/").iter().skip(before).any(|bundle| bundle["n"] == 1));
    host.stop();
}

#[test]
fn a_full_journal_gives_back_the_space_of_what_is_delivered_while_it_runs() {
    let installation = installation();
    installation.spec("orders", r#"{ "output": { "n": "{{body.n}}" } }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve_with(&["--journal-max", "1MiB"]);
    let first = installation.data().join("journal/events/00000000000000000001.segment");
    let mut sent = 0;
    wait::until_true("the oldest events have gone", || {
        sent += 1;
        let body = json!({ "n": sent, "filling": "x".repeat(400_000) }).to_string();
        assert_eq!(host.send(&Request::json(&path, body)).status, 200);
        receiver.wait_for("/", sent);
        !first.exists()
    });
    assert!(sent >= 3, "what fits stays: {sent}");
    host.wait_for_log("the journal gave back space");
    host.stop();
}

#[test]
fn a_store_of_connections_on_a_full_disk_is_left_as_it_is() {
    const TWICE: &str = r#"cp -a "$1.kept/." "$1"; cat /dev/zero > "$1/filler"; for time in 1 2; do "$2" hooks list; done; ls "$1""#;
    let installation = installation();
    installation.spec("orders", "{}");
    installation.hook("orders", &[], "file:orders");
    let connections = installation.data().join("connections");
    fs::rename(&connections, connections.with_extension("kept")).unwrap();
    fs::create_dir(&connections).unwrap();
    let list = installation.command(&["sh", "-c", TWICE, "sh", connections.to_str().unwrap()]);
    let program = list.get_program().to_owned();
    let command = on_a_small_disk(&connections, "40m", list.get_args().chain([program.as_os_str()]), list.get_envs());
    let output =
        command.ok_or("this system lets nobody mount one of their own (unshare, tmpfs)").map(|mut command| command.output().unwrap());
    let Some(output) = or_left_out("a small disk", output) else { return };
    let (found, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(found.contains("connections.sled\n") && !found.contains("broken"), "{found}{errors}");
    assert_eq!(errors.matches("make room on its disk, and start again").count(), 2, "{errors}");
}

/// The host with its journal on a disk of its own that has only so much room; nothing where the system does not allow it.
fn serve_on_a_small_disk(installation: &Installation, size: &str) -> Option<Host> {
    let serve = installation.serve_command(&[]);
    let command = std::iter::once(serve.get_program()).chain(serve.get_args());
    on_a_small_disk(&installation.data().join("journal"), size, command, serve.get_envs()).map(Host::start)
}

/// A command that sees a disk of so much room in place of a directory; nothing where the system does not allow it.
fn on_a_small_disk<'c>(
    directory: &Path,
    size: &str,
    command: impl Iterator<Item = &'c OsStr>,
    environment: impl Iterator<Item = (&'c OsStr, Option<&'c OsStr>)>,
) -> Option<Command> {
    const MOUNT: &str = r#"mount -t tmpfs -o "size=$1,mode=700" none "$2" && shift 2 && exec "$@""#;
    let alone = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "--propagation", "slave", "sh", "-c", MOUNT, "sh", size]).arg(directory);
        unshare
    };
    if !alone().arg("true").output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut alone = alone();
    alone.args(command);
    for (name, value) in environment {
        match value {
            Some(value) => alone.env(name, value),
            None => alone.env_remove(name),
        };
    }
    Some(alone)
}

/// The journal's directory as the host sees it.
fn journal_of(host: &Host, installation: &Installation) -> PathBuf {
    let seen = installation.data().join("journal");
    Path::new(&format!("/proc/{}/root", host.id())).join(seen.strip_prefix("/").unwrap())
}

/// Writes a file until there is no room for more of it.
fn fill(path: &Path) -> PathBuf {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    path.to_owned()
}
