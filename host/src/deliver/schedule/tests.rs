//! Order, limits and retries of the schedule, without time.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use super::*;

const PATIENCE: Patience = Patience { misses: 2, first_probe: Duration::from_millis(10), longest: Duration::from_millis(15) };
const LIMITS: Limits = Limits { per_hook: 2, per_origin: 6, in_flight: 100, patience: PATIENCE };

/// What stands before the slash is the server.
fn route(hook: &str, destination: &str, ordered: bool) -> Route {
    let origin = destination.split('/').next().unwrap();
    Route { hook: hook.into(), destination: destination.into(), origin: origin.into(), ordered }
}

fn job(seq: u64) -> Job {
    Job { key: Key { seq, bundle: 0 }, attempt: 0, fresh: None }
}

fn with(limits: Limits, jobs: &[(&Route, u64)]) -> Schedule {
    let mut schedule = Schedule::new(limits);
    for (route, seq) in jobs {
        add(&mut schedule, route, *seq, 0);
    }
    schedule
}

fn add(schedule: &mut Schedule, route: &Route, seq: u64, now_ms: u64) {
    schedule.set_route(route.clone());
    schedule.add(&route.hook, job(seq), 0, now_ms);
}

/// Starts all that may start at `now_ms`: the hooks and events, in order.
fn start(schedule: &mut Schedule, now_ms: u64) -> Vec<(String, u64)> {
    std::iter::from_fn(|| schedule.next(now_ms)).map(|(hook, job)| (hook.to_string(), job.key.seq)).collect()
}

fn end(schedule: &mut Schedule, hook: &str, seq: u64, ended: Ended, now_ms: u64) {
    schedule.ended(&hook.into(), Key { seq, bundle: 0 }, 0, ended, now_ms);
}

fn started(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(hook, seq)| (hook.to_string(), *seq)).collect()
}

fn retry(due_ms: u64) -> Ended {
    Ended::Retry { due_ms, hold: false }
}

#[test]
fn a_hook_has_at_most_its_share_in_flight() {
    let a = route("a", "x", false);
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1), ("a", 2)]));
    end(&mut schedule, "a", 2, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 3)]));
}

#[test]
fn hooks_of_one_destination_take_turns_within_its_limit() {
    let (a, b) = (route("a", "x", false), route("b", "x", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&b, 3), (&b, 4)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1), ("b", 3), ("a", 2)]));
    end(&mut schedule, "b", 3, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("b", 4)]));
}

#[test]
fn a_destination_with_all_slots_taken_delays_no_other() {
    let (a, b, c) = (route("a", "x", false), route("b", "x", false), route("c", "y", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&b, 3), (&b, 4)]);
    start(&mut schedule, 0);
    add(&mut schedule, &c, 5, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("c", 5)]));
}

#[test]
fn when_half_of_all_slots_are_taken_each_destination_gets_one() {
    let limits = Limits { in_flight: 4, ..LIMITS };
    let (slow, b, c) = (route("slow", "x", false), route("b", "y", false), route("c", "z", false));
    let mut schedule = with(limits, &[(&slow, 1), (&slow, 2), (&slow, 3), (&b, 4), (&b, 5), (&c, 6)]);
    assert_eq!(start(&mut schedule, 0), started(&[("slow", 1), ("b", 4), ("c", 6)]));
    end(&mut schedule, "b", 4, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("b", 5)]), "b has none in flight, slow has one");
    end(&mut schedule, "b", 5, Ended::Delivered, 0);
    end(&mut schedule, "c", 6, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("slow", 2)]));
}

#[test]
fn a_retry_waits_until_it_is_due_and_others_pass_it() {
    let a = route("a", "x", false);
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2)]);
    start(&mut schedule, 0);
    end(&mut schedule, "a", 1, retry(5_000), 0);
    end(&mut schedule, "a", 2, Ended::Delivered, 0);
    add(&mut schedule, &a, 3, 0);
    assert_eq!(start(&mut schedule, 10), started(&[("a", 3)]));
    assert_eq!((schedule.wakes_at(), start(&mut schedule, 4_999)), (Some(5_000), vec![]));
    let (_, again) = schedule.next(5_000).unwrap();
    assert_eq!((again.key.seq, again.attempt), (1, 1));
}

#[test]
fn a_failing_hook_is_tried_one_at_a_time_until_it_succeeds() {
    let a = route("a", "x", false);
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3), (&a, 4)]);
    start(&mut schedule, 0);
    end(&mut schedule, "a", 1, retry(9_000), 0);
    assert_eq!(start(&mut schedule, 0), []);
    end(&mut schedule, "a", 2, retry(9_000), 0);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 3)]));
    end(&mut schedule, "a", 3, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 9_000), started(&[("a", 4), ("a", 1)]));
}

#[test]
fn a_destination_that_asks_for_a_pause_gets_it_for_the_whole_hook() {
    let (a, b) = (route("a", "x", false), route("b", "x", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3)]);
    start(&mut schedule, 0);
    end(&mut schedule, "a", 1, Ended::Retry { due_ms: 60_000, hold: true }, 0);
    end(&mut schedule, "a", 2, Ended::Delivered, 0);
    add(&mut schedule, &b, 4, 0);
    assert_eq!(start(&mut schedule, 59_999), started(&[("b", 4)]));
    assert_eq!(start(&mut schedule, 60_000), started(&[("a", 3), ("a", 1)]));
}

#[test]
fn an_ordered_hook_goes_one_by_one_and_a_retry_holds_back_the_rest() {
    let (a, b) = (route("a", "x", true), route("b", "x", false));
    let mut schedule = with(LIMITS, &[(&a, 2), (&a, 1), (&a, 3), (&b, 4)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1), ("b", 4)]));
    end(&mut schedule, "a", 1, retry(5_000), 0);
    assert_eq!(start(&mut schedule, 4_999), []);
    assert_eq!(start(&mut schedule, 5_000), started(&[("a", 1)]));
    end(&mut schedule, "a", 1, Ended::Dead, 5_000);
    assert_eq!(start(&mut schedule, 5_000), started(&[("a", 2)]));
}

#[test]
fn an_ordered_hook_whose_pause_is_over_goes_on_at_once() {
    let a = route("a", "x", true);
    let mut schedule = with(LIMITS, &[(&a, 1)]);
    start(&mut schedule, 0);
    end(&mut schedule, "a", 1, retry(5_000), 0);
    assert_eq!(start(&mut schedule, 5_000), started(&[("a", 1)]));
    add(&mut schedule, &a, 2, 6_000);
    end(&mut schedule, "a", 1, Ended::Delivered, 6_000);
    assert_eq!(start(&mut schedule, 6_000), started(&[("a", 2)]));
}

/// Ends an attempt that found nobody.
fn unreachable(schedule: &mut Schedule, hook: &str, seq: u64, due_ms: u64, now_ms: u64) -> Option<Switch> {
    failed(schedule, Contact::Unreachable, hook, seq, due_ms, now_ms).pop().map(|(_, switch)| switch)
}

fn failed(schedule: &mut Schedule, contact: Contact, hook: &str, seq: u64, due_ms: u64, now_ms: u64) -> Vec<(Place, Switch)> {
    let switches = schedule.heard(Key { seq, bundle: 0 }, contact, now_ms);
    end(schedule, hook, seq, retry(due_ms), now_ms);
    switches
}

fn origin(name: &str, switch: Switch) -> Vec<(Place, Switch)> {
    vec![(Place::Origin(name.into()), switch)]
}

fn destination(name: &str, switch: Switch) -> Vec<(Place, Switch)> {
    vec![(Place::Destination(name.into()), switch)]
}

#[test]
fn what_waits_for_a_destination_that_cannot_be_reached_is_probed_with_in_turns_and_goes_on_once_it_can() {
    let (a, b, c) = (route("a", "x", false), route("b", "x", false), route("c", "y", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3), (&b, 4), (&b, 5)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1), ("b", 4), ("a", 2)]));
    assert_eq!(unreachable(&mut schedule, "a", 1, 3, 0), None);
    assert_eq!(unreachable(&mut schedule, "b", 4, 3, 0), Some(Switch::Opened));
    add(&mut schedule, &c, 6, 0);
    assert_eq!(start(&mut schedule, 10), started(&[("c", 6)]), "the probe waits until it is alone");
    assert_eq!(unreachable(&mut schedule, "a", 2, 3, 10), None);
    assert_eq!(start(&mut schedule, 10), started(&[("b", 5)]));
    assert_eq!(unreachable(&mut schedule, "b", 5, 90, 10), None);
    assert_eq!((start(&mut schedule, 24), schedule.wakes_at()), (vec![], Some(25)), "all of them are due since long");
    assert_eq!(start(&mut schedule, 25), started(&[("a", 3)]));
    assert_eq!(schedule.heard(Key { seq: 3, bundle: 0 }, Contact::Answered, 26), origin("x", Switch::Closed));
    end(&mut schedule, "a", 3, Ended::Delivered, 26);
    assert_eq!(start(&mut schedule, 26), started(&[("b", 4), ("a", 1), ("a", 2)]));
}

#[test]
fn what_has_no_hook_any_more_is_no_probe_and_delays_none() {
    let (a, b) = (route("a", "x", false), route("b", "x", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3), (&b, 4)]);
    start(&mut schedule, 0);
    unreachable(&mut schedule, "b", 4, 1, 0);
    unreachable(&mut schedule, "a", 1, 99, 0);
    unreachable(&mut schedule, "a", 2, 99, 0);
    assert_eq!(start(&mut schedule, 10), started(&[("a", 3)]));
    assert_eq!(schedule.heard(Key { seq: 3, bundle: 0 }, Contact::None, 10), []);
    end(&mut schedule, "a", 3, Ended::Dead, 10);
    assert_eq!(start(&mut schedule, 10), started(&[("b", 4)]));
}

#[test]
fn a_destination_that_is_left_alone_is_remembered_while_nothing_waits_for_it() {
    let a = route("a", "x", false);
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2)]);
    start(&mut schedule, 0);
    for seq in [1, 2] {
        schedule.heard(Key { seq, bundle: 0 }, Contact::Unreachable, 0);
        end(&mut schedule, "a", seq, Ended::Dead, 0);
    }
    add(&mut schedule, &a, 3, 5);
    assert_eq!((start(&mut schedule, 5), start(&mut schedule, 10)), (vec![], started(&[("a", 3)])));
    assert_eq!(schedule.heard(Key { seq: 3, bundle: 0 }, Contact::Answered, 10), origin("x", Switch::Closed));
    end(&mut schedule, "a", 3, Ended::Delivered, 10);
    assert!(schedule.destinations.is_empty());
}

#[test]
fn what_is_left_alone_is_forgotten_once_it_might_be_probed_and_nothing_waits_for_it() {
    for contact in [Contact::Unreachable, Contact::Unanswered] {
        let a = route("a", "x/1", false);
        let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2)]);
        start(&mut schedule, 0);
        for seq in [1, 2] {
            schedule.heard(Key { seq, bundle: 0 }, contact, 0);
            end(&mut schedule, "a", seq, Ended::Dead, 0);
        }
        let LeftAlone { origins, destinations } = schedule.left_alone();
        assert_eq!((start(&mut schedule, 9), origins + destinations, schedule.origins.len()), (vec![], 1, 1));
        assert!(start(&mut schedule, 10).is_empty() && schedule.origins.is_empty() && schedule.destinations.is_empty());
        assert_eq!(schedule.left_alone(), LeftAlone::default());
    }
}

#[test]
fn a_destination_has_at_most_half_of_the_slots_of_its_server_and_leaves_some_to_each_other() {
    let limits = Limits { per_hook: 9, per_origin: 12, ..LIMITS };
    let (a, b, c) = (route("a", "x/1", false), route("b", "x/2", false), route("c", "x/3", false));
    let mut schedule = Schedule::new(limits);
    for seq in 1..10 {
        add(&mut schedule, &a, seq, 0);
    }
    assert_eq!(start(&mut schedule, 0).len(), 6);
    for seq in 10..20 {
        add(&mut schedule, &b, seq, 0);
    }
    assert_eq!(start(&mut schedule, 0).len(), 3);
    add(&mut schedule, &c, 20, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("c", 20)]));
}

#[test]
fn a_destination_that_does_not_answer_is_left_alone_and_those_beside_it_are_not() {
    let (a, b) = (route("a", "x/1", false), route("b", "x/2", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3), (&b, 4)]);
    start(&mut schedule, 0);
    assert_eq!(failed(&mut schedule, Contact::Unanswered, "a", 1, 3, 0), []);
    assert_eq!(failed(&mut schedule, Contact::Unanswered, "a", 2, 3, 0), destination("x/1", Switch::Opened));
    add(&mut schedule, &b, 5, 1);
    assert_eq!((start(&mut schedule, 9), schedule.wakes_at()), (started(&[("b", 5)]), Some(10)));
    assert_eq!(start(&mut schedule, 10), started(&[("a", 3)]), "the probe");
    add(&mut schedule, &b, 6, 11);
    end(&mut schedule, "b", 4, Ended::Delivered, 11);
    assert_eq!(start(&mut schedule, 11), started(&[("b", 6)]), "a probe that hangs keeps nobody waiting");
    assert_eq!(schedule.heard(Key { seq: 3, bundle: 0 }, Contact::Answered, 12), destination("x/1", Switch::Closed));
}

#[test]
fn a_server_that_is_connected_to_again_is_back_though_the_destination_does_not_answer() {
    let (a, b) = (route("a", "x/1", false), route("b", "x/2", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3)]);
    start(&mut schedule, 0);
    assert_eq!(unreachable(&mut schedule, "a", 1, 3, 0), None);
    assert_eq!(failed(&mut schedule, Contact::Unreachable, "a", 2, 3, 0), origin("x", Switch::Opened));
    add(&mut schedule, &b, 4, 1);
    assert_eq!(start(&mut schedule, 9), []);
    assert_eq!(start(&mut schedule, 10), started(&[("a", 3)]));
    assert_eq!(failed(&mut schedule, Contact::Unanswered, "a", 3, 99, 11), origin("x", Switch::Closed));
    assert_eq!(start(&mut schedule, 11), started(&[("a", 1), ("b", 4)]));
}

/// A server of six slots with three destinations that did not answer, each of which has something to start.
fn three_that_do_not_answer() -> Schedule {
    let mut schedule = Schedule::new(Limits { per_hook: 3, ..LIMITS });
    for n in 1..=3 {
        add(&mut schedule, &route(&format!("bad{n}"), &format!("x/{n}"), false), n, 0);
    }
    start(&mut schedule, 0);
    for n in 1..=3 {
        failed(&mut schedule, Contact::Unanswered, &format!("bad{n}"), n, 0, 0);
    }
    schedule
}

#[test]
fn destinations_that_did_not_answer_have_half_of_the_slots_of_their_server_together_and_take_turns() {
    let mut schedule = three_that_do_not_answer();
    let (fourth, good) = (route("bad4", "x/4", false), route("good", "x/5", false));
    add(&mut schedule, &fourth, 4, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("bad1", 1), ("bad2", 2), ("bad3", 3), ("bad4", 4)]), "of the fourth nothing is known");
    failed(&mut schedule, Contact::Unanswered, "bad4", 4, 0, 0);
    add(&mut schedule, &good, 5, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("good", 5)]));
    failed(&mut schedule, Contact::Unanswered, "bad1", 1, 99, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("bad4", 4)]));
}

#[test]
fn a_destination_that_answers_while_it_waits_among_those_that_did_not_waits_no_longer() {
    let mut schedule = three_that_do_not_answer();
    let (a, beside) = (route("a", "x/4", false), route("beside", "x/4", false));
    add(&mut schedule, &a, 4, 0);
    add(&mut schedule, &a, 5, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("bad1", 1), ("bad2", 2), ("bad3", 3), ("a", 4), ("a", 5)]));
    failed(&mut schedule, Contact::Unanswered, "a", 4, 99, 0);
    add(&mut schedule, &beside, 6, 0);
    assert_eq!(start(&mut schedule, 0), []);
    schedule.heard(Key { seq: 5, bundle: 0 }, Contact::Answered, 0);
    assert_eq!(start(&mut schedule, 0), []);
    end(&mut schedule, "a", 5, Ended::Delivered, 0);
    assert_eq!(start(&mut schedule, 0), started(&[("beside", 6)]));
}

#[test]
fn nothing_is_kept_of_what_is_done() {
    let (a, b) = (route("a", "x", false), route("b", "y", true));
    let mut schedule = with(LIMITS, &[(&a, 1), (&b, 2)]);
    start(&mut schedule, 0);
    end(&mut schedule, "a", 1, Ended::Retry { due_ms: 7, hold: true }, 0);
    end(&mut schedule, "b", 2, retry(8), 0);
    assert_eq!((schedule.waiting("a"), schedule.in_flight, schedule.known.len()), (1, 0, 2));
    start(&mut schedule, 8);
    end(&mut schedule, "a", 1, Ended::Dead, 8);
    end(&mut schedule, "b", 2, Ended::Delivered, 8);
    assert!(schedule.lanes.is_empty() && schedule.origins.is_empty() && schedule.later.is_empty());
    assert_eq!((schedule.waiting("a"), schedule.in_flight, schedule.known.len()), (0, 0, 0));
}

#[test]
fn a_bundle_that_is_known_is_not_taken_in_again() {
    let a = route("a", "x", false);
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 1)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1)]));
    add(&mut schedule, &a, 1, 0);
    assert!(schedule.knows(Key { seq: 1, bundle: 0 }) && start(&mut schedule, 0).is_empty());
}

#[test]
fn what_waits_goes_another_way_at_once_and_what_is_in_flight_ends_where_it_went() {
    let (a, b) = (route("a", "x", false), route("b", "x", false));
    let mut schedule = with(LIMITS, &[(&a, 1), (&a, 2), (&a, 3), (&b, 4)]);
    assert_eq!(start(&mut schedule, 0), started(&[("a", 1), ("b", 4), ("a", 2)]));
    end(&mut schedule, "a", 1, Ended::Retry { due_ms: 90_000, hold: true }, 0);
    schedule.reroute(route("a", "y", true), 5);
    assert_eq!(start(&mut schedule, 5), [], "one at a time, and one is still on its way to x");
    assert_eq!(unreachable(&mut schedule, "a", 2, 90_000, 5), None);
    assert_eq!(schedule.waiting("a"), 3);
    assert_eq!(start(&mut schedule, 6), started(&[("a", 1)]), "the first, though it was to wait until 90 s");
    assert_eq!(schedule.lanes["a"].held_until_ms, 0, "nor does the second hold back the others until then");
    assert_eq!(schedule.destinations["y"].in_flight, 1);
    assert_eq!((schedule.destinations["x"].in_flight, schedule.destinations["x"].lanes), (1, 1), "that of b");
    end(&mut schedule, "b", 4, Ended::Delivered, 6);
    assert!(!schedule.destinations.contains_key("x"));
    for seq in 1..=3 {
        end(&mut schedule, "a", seq, Ended::Delivered, 7);
        start(&mut schedule, 7);
    }
    assert!(schedule.lanes.is_empty() && schedule.destinations.is_empty() && schedule.later.is_empty() && schedule.going.is_empty());
}

/// A tiny generator (xorshift), so that a failure can be repeated.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// What an attempt that is about to start has to find.
fn check_start(schedule: &Schedule, going: &Route, limits: Limits, seed: u64) {
    let is_open = [
        schedule.origins.values().filter(|origin| origin.breaker.is_open()).count(),
        schedule.destinations.values().filter(|destination| destination.breaker.is_open()).count(),
    ];
    assert_eq!(is_open, [schedule.left_alone().origins, schedule.left_alone().destinations], "seed {seed}");
    let (origin, destination) = (&schedule.origins[&going.origin], &schedule.destinations[&going.destination]);
    let to = |going: &&Going| schedule.destinations[&going.destination].origin == destination.origin;
    let there = schedule.going.values().filter(to).count();
    assert_eq!((origin.in_flight, there <= limits.per_origin), (there, true), "seed {seed}");
    assert!(destination.in_flight <= limits.per_origin.div_ceil(2), "seed {seed}: too much of its server");
    assert!(origin.doubted_in_flight <= limits.per_origin / 2, "seed {seed}: too much for those that did not answer");
    assert!(!origin.breaker.is_open() || origin.in_flight == 1, "seed {seed}: a probe of a server is not alone");
    assert!(!destination.breaker.is_open() || destination.in_flight == 1, "seed {seed}: a probe of a destination is not alone");
}

#[test]
fn whatever_happens_every_bundle_ends_once_and_within_the_limits() {
    for seed in 1..200 {
        let mut state = u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15);
        let limits = Limits { per_hook: 3, per_origin: 4, in_flight: 9, patience: PATIENCE };
        let mut schedule = Schedule::new(limits);
        let mut routes: Vec<_> = (0..8).map(|n| route(&format!("h{n}"), &format!("s{}/{}", n / 4, n / 2), n % 3 == 0)).collect();
        let (mut now, mut added, mut done, mut flying) = (0, 0, HashSet::new(), Vec::new());
        while done.len() < 60 {
            now += random(&mut state) % 20;
            if added < 60 && random(&mut state).is_multiple_of(2) {
                added += 1;
                add(&mut schedule, &routes[random(&mut state) as usize % 8], added, now);
            }
            if random(&mut state).is_multiple_of(16) {
                let choice = random(&mut state) as usize;
                let to = routes[random(&mut state) as usize % 8].clone();
                let route = Route { hook: routes[choice % 8].hook.clone(), ordered: routes[choice % 8].ordered, ..to };
                routes[choice % 8] = route.clone();
                schedule.reroute(route, now);
            }
            while let Some((hook, job)) = schedule.next(now) {
                let going = schedule.lanes[&hook].route.clone();
                check_start(&schedule, &going, limits, seed);
                flying.push((hook, job));
                assert!(flying.len() <= limits.in_flight);
            }
            if flying.is_empty() {
                now = schedule.wakes_at().unwrap_or(now).max(now);
                assert!(added < 60 || schedule.wakes_at().is_some(), "seed {seed}: something waits for nothing");
                continue;
            }
            let (hook, job) = flying.swap_remove(random(&mut state) as usize % flying.len());
            let ended = match random(&mut state) % 4 {
                0 => Ended::Delivered,
                1 => Ended::Dead,
                kind => Ended::Retry { due_ms: now + random(&mut state) % 50, hold: kind == 2 },
            };
            if !matches!(ended, Ended::Retry { .. }) {
                assert!(done.insert(job.key), "seed {seed}: ended twice");
            }
            let contacts = [Contact::Answered, Contact::Unanswered, Contact::Unanswered, Contact::Unreachable, Contact::None];
            schedule.heard(job.key, contacts[random(&mut state) as usize % 5], now);
            schedule.ended(&hook, job.key, job.attempt, ended, now);
        }
        now = u64::MAX;
        assert!(schedule.next(now).is_none() && schedule.known.is_empty());
        assert!(schedule.lanes.is_empty() && schedule.destinations.is_empty() && schedule.origins.is_empty(), "seed {seed}: left");
        assert_eq!(schedule.left_alone(), LeftAlone::default(), "seed {seed}");
    }
}
