//! Compiling in a child process: what it may take, what becomes of it, and what the host believes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookwright::plugin::{Compilation, CompileLimits, Engine, LoadError, Settings};

use super::{WASM, settings};

/// A component that makes the compiler want far more memory and time than its size lets expect: one function whose many locals
/// are all carried through many branches.
fn bomb(locals: usize, branches: usize) -> Vec<u8> {
    let declared = " i32".repeat(locals);
    let set: String =
        (0..branches).map(|number| format!("(if (local.get 0) (then (local.set {} (i32.const {number}))))", 1 + number % locals)).collect();
    let used: String = (1..=locals).map(|local| format!("(local.set 0 (i32.add (local.get 0) (local.get {local})))")).collect();
    let text = format!(
        "(component (core module (func (export \"f\") (param i32) (result i32) (local{declared}) (loop {set} (br_if 0 (local.get 0))) {used} (local.get 0))))"
    );
    wat::parse_str(text).unwrap()
}

fn limited(memory: u64, seconds: u64) -> Engine {
    let compile_limits = CompileLimits { memory, time: Duration::from_secs(seconds) };
    Engine::new(&Settings { compile_limits, ..settings() }).unwrap()
}

fn refused(engine: &Engine, file: &[u8]) -> LoadError {
    engine.load("bomb", file).unwrap_err()
}

#[test]
fn a_plugin_that_takes_too_much_memory_to_compile_is_refused_and_the_next_one_is_loaded() {
    let engine = limited(256 << 20, 600);
    let error = refused(&engine, &bomb(4000, 4000));
    assert_eq!(error.to_string(), "the plugin takes more than 256MiB of memory to compile (--plugin-compile-memory)");
    assert!(engine.load("probe", &WASM).is_ok());
}

#[test]
fn a_plugin_that_takes_too_much_time_to_compile_is_refused() {
    let error = refused(&limited(4 << 30, 1), &bomb(4000, 4000));
    assert_eq!(error.to_string(), "the plugin takes more than 1 s to compile (--plugin-compile-time)");
}

/// A program in the child's place.
fn program(directory: &Path, script: &str) -> (Engine, PathBuf) {
    let program = directory.join("program");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let compilation = Compilation::InChild { program: program.clone() };
    (Engine::new(&Settings { compilation, ..settings() }).unwrap(), program)
}

#[test]
fn what_could_not_be_compiled_is_not_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let started = directory.path().join("started");
    let script = format!("echo >> {}\nexec {} \"$@\"", started.display(), env!("CARGO_BIN_EXE_hookwright"));
    let (engine, _) = program(directory.path(), &script);
    let errors = [(); 3].map(|()| refused(&engine, b"\0asm\x0d\0\x01\0no component"));
    assert!(errors.iter().all(|error| matches!(error, LoadError::Invalid(_)) && *error == errors[0]), "{errors:?}");
    assert_eq!(fs::read_to_string(&started).unwrap(), "\n", "started once");
    let other = refused(&engine, b"\0asm\x0d\0\x01\0other bytes");
    assert!(matches!(other, LoadError::Invalid(_)), "{other}");
    assert_eq!(fs::read_to_string(&started).unwrap(), "\n\n");
}

#[test]
fn a_child_that_dies_floods_or_says_nothing_is_an_error_with_its_last_words() {
    let directory = tempfile::tempdir().unwrap();
    for (script, expected) in [
        ("exit 0", "it ended with exit status: 0: it said nothing"),
        ("echo first >&2; echo last >&2; exit 3", "it ended with exit status: 3: last"),
        ("kill -SEGV $$", "it crashed (signal: 11"),
        ("exec /bin/cat /dev/zero", "the plugin cannot be compiled: "),
        ("exec /bin/cat /dev/zero >&2", "the plugin could not be compiled: "),
    ] {
        let (engine, _) = program(directory.path(), script);
        let error = refused(&engine, b"\0asm\x0d\0\x01\0").to_string();
        assert!(error.contains(expected), "{script}: {error}");
    }
}

#[test]
fn a_host_that_stops_ends_what_is_being_compiled_and_begins_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let started = directory.path().join("started");
    let (engine, _) = program(directory.path(), &format!("echo >> {}\nexec /bin/sleep 100000", started.display()));
    std::thread::scope(|scope| {
        let loading = scope.spawn(|| refused(&engine, b"\0asm\x0d\0\x01\0"));
        while !started.exists() {
            std::thread::yield_now();
        }
        engine.stop();
        assert_eq!(loading.join().unwrap(), LoadError::Stopping);
    });
    assert_eq!(refused(&engine, b"\0asm\x0d\0\x01\0"), LoadError::Stopping);
}
