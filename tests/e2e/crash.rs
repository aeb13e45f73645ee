//! What was acknowledged survives a host that is killed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hookwright_tests::client::Request;
use hookwright_tests::crash::{Campaign, Kill, PowerCut};
use hookwright_tests::host::Host;
use hookwright_tests::left_out::or_left_out;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::json;

use super::{installation, installation_in};

#[test]
fn a_request_acknowledged_before_kill_9_is_delivered_after_the_restart() {
    let installation = installation();
    installation.spec("orders", "{}");
    let receiver = Receiver::start().unwrap();
    receiver.answer(503);
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();
    assert_eq!(host.post(&path, &json!({ "order": 1.50 })).status, 200);
    host.kill();

    let refused = receiver.bodies("/").len();
    receiver.answer(200);
    let host = installation.serve();
    let bodies = receiver.wait_for("/", refused + 1);
    assert_eq!(bodies.last(), Some(&json!({ "order": 1.50 })));
    host.stop();
}

#[test]
fn of_many_requests_in_flight_at_kill_9_every_acknowledged_one_is_delivered() {
    const SENDERS: usize = 4;
    let installation = installation();
    installation.spec("orders", r#"{ "output": { "n": "{{body.n}}" } }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();

    let count = AtomicUsize::new(0);
    let acknowledged: BTreeSet<i64> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                scope.spawn({
                    let (host, path, count) = (&host, &path, &count);
                    move || send_until_refused(host, path, sender, count)
                })
            })
            .collect();
        wait::until_true("some are acknowledged", || count.load(Ordering::Relaxed) >= 100);
        host.kill_now();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    });
    host.ended();

    let host = installation.serve();
    wait::until_true("all that was acknowledged is delivered", || {
        let delivered: BTreeSet<i64> = receiver.bodies("/").iter().filter_map(|bundle| bundle["n"].as_i64()).collect();
        acknowledged.is_subset(&delivered)
    });
    host.stop();
}

/// The numbers that were answered with 200 until nobody answered any more.
fn send_until_refused(host: &Host, path: &str, sender: usize, count: &AtomicUsize) -> Vec<i64> {
    let numbers = (0_i64..).map(|turn| turn * 100 + sender as i64);
    let request = |n: &i64| Request::json(path, json!({ "n": n }).to_string());
    numbers
        .take_while(|n| {
            let acknowledged = request(n).send(host.address()).is_ok_and(|reply| reply.status == 200);
            count.fetch_add(usize::from(acknowledged), Ordering::Relaxed);
            acknowledged
        })
        .collect()
}

/// `cargo bench -p hookwright-tests --bench crash` does the same as often as is asked for, with the optimised binary.
#[test]
fn nothing_that_was_acknowledged_is_lost_over_two_hundred_kills_and_six_kinds_of_receivers() {
    const KILLS: u32 = 200;
    let tally = Campaign::new(installation(), Kill, seed()).unwrap().run(KILLS, |kills, tally| println!("{kills} kills: {tally}")).unwrap();
    assert!(tally.holds(), "{tally}");
    assert!(tally.carried_over > u64::from(KILLS), "recovery had nothing to do, so this has shown nothing: {tally}");
}

#[test]
fn nothing_that_was_acknowledged_is_lost_over_sixty_simulated_power_cuts() {
    const CUTS: u32 = 60;
    let Some(disk) = or_left_out("power cuts, which need root, loop devices, ext4 and perl", PowerCut::new()) else { return };
    let installation = installation_in(&disk.directory());
    let tally = Campaign::new(installation, disk, seed()).unwrap().run(CUTS, |cuts, tally| println!("{cuts} power cuts: {tally}")).unwrap();
    assert!(tally.holds(), "{tally}");
    assert!(tally.carried_over > u64::from(CUTS), "recovery had nothing to do, so this has shown nothing: {tally}");
}

pub(super) fn seed() -> u64 {
    let seed = std::env::var("CRASH_SEED").map_or_else(|_| u64::from(std::process::id()), |seed| seed.parse().unwrap());
    println!("CRASH_SEED={seed} repeats these dice");
    seed
}
