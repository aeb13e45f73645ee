//! Everything a plugin should not do. Each fails its own request with a diagnostic; the next one is served, the places come
//! back, and so does the memory.

use std::sync::Arc;
use std::time::Duration;

use hookwright::plugin::{Caller, Plugin, Settings};
use hookwright_iml::Value;
use hookwright_webhook::{Confidential, Plugin as _};

use super::{PROBE, call, environment, load, settings};

/// Function, argument, what the diagnostic says.
const CRASHES: [(&str, Option<i64>, &str); 7] = [
    ("greedy", None, "the plugin wanted more than the 64 MiB of memory it may have"),
    ("deep", None, "the plugin crashed: "),
    ("deepThroughHost", None, "the plugin crashed: "),
    ("aborts", None, "the plugin crashed: wasm trap: wasm `unreachable` instruction executed"),
    ("panics", Some(7), "the plugin panicked at "),
    ("bytes", Some(8 << 20), "the plugin handed over more than 4096 KiB in one call"),
    ("builtIn", Some(7), "there is no built-in function 7"),
];

/// The functions that never end.
const LOOPS: [&str; 2] = ["endless", "chatty"];

fn ask(plugin: &Arc<Plugin>, function: &str, argument: Option<i64>) -> Result<(), String> {
    let session = plugin.try_admit().expect("every place is back").begin(&environment());
    let arguments = Vec::from_iter(argument.map(Value::integer));
    session.call(function, &arguments, &Confidential::default()).map(|_| ()).map_err(|error| error.message)
}

#[test]
fn what_crashes_or_wants_too_much_fails_its_own_request_only() {
    // One place: what does not give it back keeps the next request out.
    let plugin = load(&Settings { deadline: Duration::from_secs(20), instances: 1, ..settings() });
    for (function, argument, expected) in CRASHES {
        let problem = ask(&plugin, function, argument).unwrap_err();
        assert!(problem.starts_with(expected), "{function}: {problem}");
        assert_eq!(ask(&plugin, "count", None), Ok(()), "after {function}");
    }
    assert_eq!(ask(&plugin, "bytes", Some(2 << 20)), Ok(()), "much is not too much");
}

#[test]
fn a_panic_is_reported_with_its_message_and_place() {
    let problem = call("panics", &[Value::text("the parcel is lost")]).unwrap_err();
    assert!(problem.contains("src/lib.rs") && problem.ends_with("the parcel is lost"), "{problem}");
}

#[test]
fn what_does_not_end_is_ended_and_has_no_time_left() {
    let plugin = load(&Settings { deadline: Duration::from_millis(50), instances: 1, ..settings() });
    for function in LOOPS {
        let session = plugin.try_admit().unwrap().begin(&environment());
        let problem = session.call(function, &[], &Confidential::default()).unwrap_err().message;
        assert_eq!(problem, "the plugin was stopped: it may take 50 ms");
        assert_eq!(session.call("count", &[], &Confidential::default()).unwrap_err().message, problem, "its time is used up");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_endless_loops_at_once_all_end_while_others_are_served() {
    let settings = Settings { deadline: Duration::from_millis(5), patience: Duration::from_secs(600), stops: 0, ..settings() };
    let places = settings.instances;
    let plugin = load(&settings);
    let loops = (0..1000).map(|_| {
        let plugin = plugin.clone();
        tokio::spawn(async move {
            let permit = plugin.admit(Caller::default()).await.unwrap();
            tokio::task::block_in_place(|| permit.begin(&environment()).call("endless", &[], &Confidential::default()).unwrap_err().message)
        })
    });
    let loops: Vec<_> = loops.collect();
    for _ in 0..100 {
        let permit = PROBE.admit(Caller::default()).await.unwrap();
        tokio::task::block_in_place(|| permit.begin(&environment()).call("count", &[], &Confidential::default())).unwrap();
    }
    for ended in loops {
        assert_eq!(ended.await.unwrap(), "the plugin was stopped: it may take 5 ms");
    }
    let permits: Vec<_> = (0..places).map(|_| plugin.try_admit()).collect();
    assert!(permits.iter().all(Result::is_ok), "every place is back");
}

#[test]
fn the_memory_comes_back() {
    let plugin = load(&Settings { deadline: Duration::from_secs(20), ..settings() });
    let greedy = |rounds: u32| (0..rounds).for_each(|_| assert!(ask(&plugin, "greedy", None).is_err()));
    greedy(2);
    let before = resident_mebibytes();
    greedy(20);
    let after = resident_mebibytes();
    // Each round takes 64 MiB; other tests run in this process at the same time.
    assert!(after < before + 400, "{before} MiB before, {after} MiB after");
}

#[test]
fn a_thousand_versions_of_a_plugin_leave_nothing_behind() {
    let cache = tempfile::tempdir().unwrap();
    let settings = Settings { cache: Some(cache.path().join("plugins")), deadline: Duration::from_secs(20), ..settings() };
    let engine = hookwright::plugin::Engine::new(&settings).unwrap();
    let swap = |times: u32| {
        (0..times).for_each(|_| assert_eq!(ask(&engine.load("probe", &super::WASM).unwrap(), "count", None), Ok(())));
    };
    swap(10);
    let before = resident_mebibytes();
    swap(1000);
    let after = resident_mebibytes();
    assert!(after < before + 400, "{before} MiB before, {after} MiB after");
}

fn resident_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}
