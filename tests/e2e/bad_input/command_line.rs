//! What an operator gets wrong: ports and directories that others have.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use hookwright_tests::client::connect;
use hookwright_tests::host::Host;
use hookwright_tests::wait;

use super::super::installation;
use super::{add_healthy, assert_healthy};

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = installation().fails(&["serve", "--listen", &address]);
    assert!(message.contains(&address) && message.contains("in use"), "{message}");
}

#[test]
fn a_data_directory_in_use_by_another_process_is_named() {
    let installation = installation();
    add_healthy(&installation);
    let host = installation.serve();
    let message = installation.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(message.contains(installation.data().to_str().unwrap()) && message.contains("in use by another process"), "{message}");
    assert_healthy(&host);
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let installation = installation();
    let parent = installation.path("locked");
    fs::create_dir(&parent).unwrap();
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere; a file where a directory should be stops everybody.
    fs::write(installation.path("file"), "").unwrap();
    for directory in [parent.join("data"), installation.path("file").join("data")] {
        if fs::create_dir(&directory).is_ok() {
            fs::remove_dir(&directory).unwrap();
            continue;
        }
        for flag in ["--data-dir", "--data"] {
            let message = installation.fails(&["serve", "--listen", "127.0.0.1:0", flag, directory.to_str().unwrap()]);
            assert!(message.contains(directory.to_str().unwrap()), "{message}");
        }
    }
}

#[test]
fn secrets_that_cannot_be_read_keep_the_host_from_starting() {
    let installation = installation();
    add_healthy(&installation);
    fs::write(installation.path("list.json"), "[]").unwrap();
    fs::write(installation.path("flat.json"), r#"{ "healthy": "key" }"#).unwrap();
    for (file, reason) in [("nope.json", "not there"), ("list.json", "object of services"), ("flat.json", "object of names")] {
        let message = installation.fails(&["serve", "--listen", "127.0.0.1:0", "--secrets", file]);
        assert!(message.contains(file) && message.contains("SERVICE") && message.contains(reason), "{message}");
    }
}

#[test]
fn more_connections_than_the_system_has_files_for_are_not_promised() {
    let installation = installation();
    add_healthy(&installation);
    let host = Host::start(limited(&installation.serve_command(&[]), 300));
    host.wait_for_log("at most 44 connections are served at once, not 10000");
    let idle: Vec<_> = (0..300).map(|_| connect(host.address()).unwrap()).collect();
    let stored = installation.path("stored");
    installation.connect("healthy", "1", &format!("file:{}", stored.display()));
    drop(idle);
    assert_healthy(&host);
    wait::until_true("it is delivered", || fs::read_to_string(&stored).is_ok_and(|lines| !lines.is_empty()));
    assert!(!host.log().contains("cannot accept"), "{}", host.log());
}

/// The same command with so many files that it may open.
fn limited(command: &Command, files: u32) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

#[test]
fn a_services_directory_that_is_not_there_is_named() {
    let message = installation().fails(&["serve", "--listen", "127.0.0.1:0", "--services", "no/such/services"]);
    assert!(message.contains("no/such/services"), "{message}");
}
