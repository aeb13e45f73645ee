//! What Prometheus sees of a host at work.

use std::net::TcpListener;

use hookwright_tests::client::Request;
use hookwright_tests::host::Installation;
use hookwright_tests::receiver::Receiver;
use hookwright_tests::wait;
use serde_json::json;

use super::installation;

/// The value of one line of the figures.
fn figure(installation: &Installation, line: &str) -> Option<f64> {
    let reply = Request::new("GET", "/metrics").send_to_socket(&installation.data().join("control.sock")).unwrap();
    assert_eq!(reply.status, 200);
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}

#[test]
fn every_step_of_a_webhook_is_counted() {
    let installation = installation();
    installation.spec("shop", r#"{ "condition": "{{body.id}}", "output": { "id": "{{body.id}}" } }"#);
    installation.spec("teams", r#"{ "uid": "{{body.team}}" }"#);
    let receiver = Receiver::start().unwrap();
    let path = installation.hook("shop", &[], &receiver.url("/"));
    let host = installation.serve();
    let shown = |line: &str| figure(&installation, line).unwrap_or_default();
    for body in [json!({ "id": 1 }), json!({ "id": 2 }), json!({})] {
        assert_eq!(host.post(&path, &body).status, 200);
    }
    assert_eq!(host.post("/teams", &json!({ "team": "x" })).status, 200);
    assert_eq!(host.post("/nothing", &json!({})).status, 404);
    assert_eq!(shown(r#"hookwright_requests_total{service="shop",outcome="accepted",status="200"}"#), 2.0);
    assert_eq!(shown(r#"hookwright_requests_total{service="shop",outcome="rejected",status="200"}"#), 1.0);
    assert_eq!(shown(r#"hookwright_requests_total{service="teams",outcome="unmatched",status="200"}"#), 1.0);
    assert_eq!(shown(r#"hookwright_requests_total{service="",outcome="refused",status="404"}"#), 1.0);
    assert_eq!(shown(r#"hookwright_accept_seconds_count{service="shop"}"#), 3.0);
    assert!(shown("hookwright_journal_commit_seconds_count") >= 1.0);
    wait::until_true("both are delivered", || shown(r#"hookwright_delivery_seconds_count{service="shop"}"#) == 2.0);
    assert_eq!(shown(r#"hookwright_attempts_total{service="shop",outcome="delivered"}"#), 2.0);
    assert_eq!(shown("hookwright_hooks"), 1.0);
    receiver.answer(500);
    assert_eq!(host.post(&path, &json!({ "id": 3 })).status, 200);
    wait::until_true("a retry is due", || shown("hookwright_retries_total") == 1.0);
    assert_eq!(shown("hookwright_bundles_pending"), 1.0);
    assert!(shown("hookwright_oldest_pending_age_seconds") > 0.0);
    host.stop();
}

#[test]
fn what_waits_to_be_fetched_is_counted_apart_from_what_is_to_be_delivered() {
    let installation = installation();
    installation.spec("shop", "{}");
    let path = installation.hook("shop", &[], "pull:");
    let host = installation.serve();
    assert_eq!(host.post(&path, &json!({})).status, 200);
    let shown = |name: &str| figure(&installation, &format!("hookwright_{name}")).unwrap();
    assert_eq!(
        ["bundles_unfetched", "bundles_pending", "oldest_pending_age_seconds", "bundles_dropped_total"].map(shown),
        [1.0, 0.0, 0.0, 0.0]
    );
    wait::until_true("it has an age", || shown("oldest_unfetched_age_seconds") > 0.0);
    host.stop();
}

#[test]
fn a_server_that_cannot_be_reached_shows_in_the_figures_until_it_can() {
    let installation = installation();
    installation.spec("shop", "{}");
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let path = installation.hook("shop", &[], &format!("http://{address}/"));
    let host = installation.serve();
    for _ in 0..8 {
        assert_eq!(host.post(&path, &json!({})).status, 200);
    }
    let left_alone = || ["servers", "destinations"].map(|what| figure(&installation, &format!("hookwright_{what}_left_alone")).unwrap());
    wait::until_true("the server is left alone", || left_alone() == [1.0, 0.0]);
    let _receiver = Receiver::start_at(address).unwrap();
    wait::until_true("it is not any more", || left_alone() == [0.0, 0.0]);
    host.stop();
}

#[test]
fn a_store_of_connections_that_had_to_be_rebuilt_shows_in_the_figures() {
    let installation = installation();
    installation.spec("shop", "{}");
    installation.hook("shop", &[], "stdout:");
    let rebuilt = || {
        let host = installation.serve();
        let figure = |name: &str| figure(&installation, name).unwrap();
        let figures = ["rebuilt", "failed"].map(|what| figure(&format!("hookwright_connection_store_{what}")));
        assert_eq!(figure("hookwright_hooks"), 1.0);
        host.stop();
        figures
    };
    assert_eq!(rebuilt(), [0.0, 0.0]);
    std::fs::write(installation.data().join("connections/FORMAT"), "engine=another\n").unwrap();
    assert_eq!(rebuilt(), [1.0, 0.0]);
}
