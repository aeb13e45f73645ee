//! Destinations that are down.

use std::net::TcpListener;

use hookwright_tests::receiver::Receiver;
use serde_json::json;

use super::super::installation;
use super::{add_healthy, assert_healthy};

#[test]
fn a_sink_that_is_down_delays_its_deliveries_and_nobody_elses() {
    let installation = installation();
    add_healthy(&installation);
    installation.spec("orders", "{}");
    let down = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let receiver = Receiver::start().unwrap();
    let to_down = installation.hook("orders", &[], &format!("http://{down}/"));
    let to_up = installation.hook("orders", &[], &receiver.url("/"));
    let host = installation.serve();

    for n in 0..3 {
        assert_eq!(host.post(&to_down, &json!({ "n": n })).status, 200);
    }
    assert_eq!(host.post(&to_up, &json!({ "up": true })).status, 200);
    assert_eq!(receiver.wait_for("/", 1), [json!({ "up": true })]);
    host.wait_for_log("orders");
    assert_healthy(&host);

    let recovered = Receiver::start_at(down).unwrap();
    let mut delivered: Vec<_> = recovered.wait_for("/", 3).iter().map(|bundle| bundle["n"].as_i64()).collect();
    delivered.sort_unstable();
    assert_eq!(delivered, [Some(0), Some(1), Some(2)]);
    host.stop();
}

#[test]
fn a_destination_that_is_none_is_refused_when_it_is_given() {
    let installation = installation();
    installation.spec("orders", "{}");
    let message = installation.fails(&["hooks", "add", "orders", "--to", "carrier-pigeon:coop"]);
    assert!(message.contains("carrier-pigeon"), "{message}");
}
